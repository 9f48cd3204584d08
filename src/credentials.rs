//! Credentials: cookies, access tokens, refresh tokens, and the keys that sign them.
//!
//! This module creates and verifies credentials. `auth` turns verified ones into authority.

use domain::session::{Session, SessionId};
use domain::user::{Role, UserId};
use jiff::Timestamp;

pub mod access;
pub mod cookie;
pub mod keys;
pub mod refresh;

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
    /// When the token or the session expires.
    pub until: Timestamp,
}

impl From<&Session> for SignedIn {
    fn from(session: &Session) -> Self {
        let Session { id, user, username, role, expires_at, .. } = session;
        Self {
            user: *user,
            username: username.to_string(),
            role: *role,
            session: *id,
            until: *expires_at,
        }
    }
}
