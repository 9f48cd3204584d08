//! Sessions: one per sign-in, browser or API, and the generations of an API session's refresh token.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::user::{Role, UserId, Username};

/// The id of a session.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct SessionId(pub Uuid);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a session proves itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Proof {
    /// A cookie, of which only the SHA-256 is known, in hexadecimal.
    Browser {
        /// That hash.
        cookie_hash: String,
    },
    /// Refresh tokens, of which only the newest generation is good.
    Api {
        /// The newest generation; the first is 1.
        generation: u32,
        /// When the newest generation replaced the one before.
        rotated_at: Timestamp,
    },
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Which one.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// The user's name.
    pub username: Username,
    /// What the user may do; a change of it ends the session.
    pub role: Role,
    /// How it proves itself.
    pub proof: Proof,
    /// What the client calls itself.
    pub device: String,
    /// Where the client signed in from.
    pub address: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, give or take a minute.
    pub last_seen_at: Timestamp,
    /// When it ends if it isn't used again.
    pub expires_at: Timestamp,
}

/// How long sessions live.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// How long a browser session lives unused.
    pub browser_idle: Duration,
    /// How long a browser session lives at most.
    pub browser_max: Duration,
    /// How long an API session lives without a refresh.
    pub api_idle: Duration,
    /// How long an API session lives at most.
    pub api_max: Duration,
    /// For how long the generation before the newest still gives the newest.
    pub refresh_grace: Duration,
}

/// Why a session is not opened, used or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// Whatever was presented proves no live session.
    #[error("the token is not valid")]
    Refused,
    /// The user has no such session.
    #[error("there is no such session")]
    Unknown,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The user signed out.
    SignedOut,
    /// The user's password was changed.
    PasswordChanged,
    /// The user was deleted or lost a role.
    UserChanged,
    /// A used refresh token came back: somebody else has it.
    TokenReused,
}

/// What a refresh token gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// The next generation: the session as it must be stored first.
    Next(Session),
    /// The generation that the token already gave, because its answer may have been lost.
    Again,
    /// Nothing: the token was used before, so the session must end (RFC 9700, section 4.14.2).
    Reused,
    /// Nothing: the session is over, or has no refresh tokens.
    Refused,
}

/// How often a session's last use is written down at most.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

impl Session {
    /// Whether the session is still on.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// What a refresh token of that generation gives now.
    pub fn rotate(&self, generation: u32, now: Timestamp, lifetimes: &Lifetimes) -> Rotation {
        let Proof::Api { generation: newest, rotated_at } = self.proof else {
            return Rotation::Refused;
        };
        if !self.is_live(now) {
            return Rotation::Refused;
        }
        if generation == newest {
            let proof = Proof::Api { generation: newest + 1, rotated_at: now };
            return Rotation::Next(Self { proof, ..self.used(now, lifetimes) });
        }
        let just_rotated = generation + 1 == newest && now < rotated_at + lifetimes.refresh_grace;
        if just_rotated { Rotation::Again } else { Rotation::Reused }
    }

    /// The session with its use now written down, if that was not done a moment ago.
    pub fn touched(&self, now: Timestamp, lifetimes: &Lifetimes) -> Option<Self> {
        (now >= self.last_seen_at + TOUCH_EVERY).then(|| self.used(now, lifetimes))
    }

    /// The session as it is right after a use.
    pub fn used(&self, now: Timestamp, lifetimes: &Lifetimes) -> Self {
        let (idle, max) = match self.proof {
            Proof::Browser { .. } => (lifetimes.browser_idle, lifetimes.browser_max),
            Proof::Api { .. } => (lifetimes.api_idle, lifetimes.api_max),
        };
        Self {
            last_seen_at: now,
            expires_at: (now + idle).min(self.created_at + max),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFETIMES: Lifetimes = Lifetimes {
        browser_idle: Duration::from_secs(3_600),
        browser_max: Duration::from_secs(86_400),
        api_idle: Duration::from_secs(30 * 86_400),
        api_max: Duration::from_secs(90 * 86_400),
        refresh_grace: Duration::from_secs(10),
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn session(proof: Proof) -> Session {
        let fresh = Session {
            id: SessionId(Uuid::nil()),
            user: UserId(Uuid::nil()),
            username: Username::new("ana").unwrap(),
            role: Role::Customer,
            proof,
            device: String::new(),
            address: String::new(),
            created_at: at(0),
            last_seen_at: at(0),
            expires_at: at(0),
        };
        fresh.used(at(0), &LIFETIMES)
    }

    fn api(generation: u32) -> Session {
        session(Proof::Api { generation, rotated_at: at(0) })
    }

    #[test]
    fn the_newest_generation_gives_the_next() {
        let Rotation::Next(next) = api(4).rotate(4, at(100), &LIFETIMES) else {
            panic!("not rotated")
        };
        assert_eq!(next.proof, Proof::Api { generation: 5, rotated_at: at(100) });
        assert_eq!(next.expires_at, at(100 + 30 * 86_400));
    }

    #[test]
    fn the_generation_before_gives_the_same_again_within_the_grace_only() {
        assert_eq!(api(4).rotate(3, at(9), &LIFETIMES), Rotation::Again);
        assert_eq!(api(4).rotate(3, at(10), &LIFETIMES), Rotation::Reused);
        let strict = Lifetimes { refresh_grace: Duration::ZERO, ..LIFETIMES };
        assert_eq!(api(4).rotate(3, at(0), &strict), Rotation::Reused);
    }

    #[test]
    fn any_other_generation_is_theft() {
        assert_eq!(api(4).rotate(2, at(1), &LIFETIMES), Rotation::Reused);
        assert_eq!(api(4).rotate(5, at(1), &LIFETIMES), Rotation::Reused);
    }

    #[test]
    fn a_session_that_is_over_gives_nothing() {
        assert_eq!(api(4).rotate(4, at(30 * 86_400), &LIFETIMES), Rotation::Refused);
    }

    #[test]
    fn a_browser_session_in_use_still_ends_after_its_maximum() {
        let cookie = session(Proof::Browser { cookie_hash: String::new() });
        assert_eq!(cookie.expires_at, at(3_600));
        assert_eq!(cookie.touched(at(59), &LIFETIMES), None);
        assert_eq!(cookie.touched(at(60), &LIFETIMES).unwrap().expires_at, at(3_660));
        assert_eq!(cookie.used(at(86_000), &LIFETIMES).expires_at, at(86_400));
    }
}
