//! Links by which a user sets a new password without the current one.
//!
//! An administrator makes one for the user. It works once, for an hour (OWASP Forgot Password Cheat
//! Sheet).

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Author;
use crate::moment::is_ahead;
use crate::time::later;

/// How long a link works.
const LIFETIME: Duration = Duration::from_secs(3_600);

/// A link, as stored for its user. A user has one at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetLink {
    /// The hexadecimal SHA-256 of the token. The token is not stored, so that a copy of the store
    /// gives no access.
    pub token_hash: String,
    /// When the link was made.
    pub made_at: Timestamp,
    /// The administrator who made it.
    pub by: Author,
}

impl ResetLink {
    /// Returns until when the link works.
    pub fn expires_at(&self) -> Timestamp {
        later(self.made_at, LIFETIME)
    }

    /// Returns whether a token with this hash works `now`. One that was made while the clock was
    /// ahead does not: it would work for longer than it may.
    pub fn admits(&self, token_hash: &str, now: Timestamp) -> bool {
        self.token_hash == token_hash && now < self.expires_at() && !is_ahead(self.made_at, now)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::user::UserId;

    #[test]
    fn a_link_works_for_an_hour_with_its_own_token() {
        let at = |seconds: i64| Timestamp::from_second(100_000 + seconds).unwrap();
        let by = Author { id: UserId(Uuid::nil()), username: "admin".into() };
        let link = ResetLink { token_hash: "a".into(), made_at: at(0), by };
        for (hash, seconds, works) in [
            ("a", 0, true),
            ("a", 3_599, true),
            ("a", 3_600, false),
            ("a", -7_200, false),
            ("b", 0, false),
            ("", 0, false),
        ] {
            assert_eq!(link.admits(hash, at(seconds)), works, "{hash} {seconds}");
        }
    }
}
