//! Credentials: cookies, access tokens, refresh tokens, and the keys that sign them.
//!
//! This module creates and verifies credentials. `auth` turns verified ones into authority.

use domain::moment::is_ahead;
use domain::session::{Session, SessionId};
use domain::user::{Author, Role, UserId};
use jiff::Timestamp;

pub mod access;
pub mod cookie;
pub mod keys;
pub mod refresh;
pub mod reset;

/// A user who is signed in, according to an access token or the cookie of a session.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The user's id.
    pub user: UserId,
    /// The user's name.
    pub username: String,
    /// What the user may do.
    pub role: Role,
    /// The session that the token or the cookie belongs to.
    pub session: SessionId,
    /// When the token was issued, or the session was last used.
    pub since: Timestamp,
    /// When the token or the session expires.
    pub until: Timestamp,
}

impl SignedIn {
    /// Returns the user as the author of a change.
    pub fn author(&self) -> Author {
        Author { id: self.user, username: self.username.clone() }
    }

    /// Returns whether the token or the session has not expired.
    ///
    /// One from the future has: it was issued while the clock was ahead, and would be valid for too
    /// long (RFC 7519, section 4.1.6).
    pub fn is_valid(&self, now: Timestamp) -> bool {
        now < self.until && !is_ahead(self.since, now)
    }
}

impl From<&Session> for SignedIn {
    fn from(session: &Session) -> Self {
        let Session { id, user, username, role, last_seen_at, expires_at, .. } = session;
        Self {
            user: *user,
            username: username.to_string(),
            role: *role,
            session: *id,
            since: *last_seen_at,
            until: *expires_at,
        }
    }
}
