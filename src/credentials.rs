//! Credentials: cookies, access tokens, refresh tokens, and the keys that sign them.
//!
//! Nothing here sees a request handler: `auth` turns these into authority.

use domain::session::{Session, SessionId};
use domain::user::{Role, UserId};
use jiff::Timestamp;

pub mod access;
pub mod cookie;
pub mod keys;
pub mod refresh;

/// A user who has proved to be signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub user: UserId,
    /// The user's name.
    pub username: String,
    /// What the user may do.
    pub role: Role,
    /// By which session.
    pub session: SessionId,
    /// Until when that is proved.
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
