//! Sessions: one for each sign-in, of a browser or an API client.
//!
//! A browser presents a cookie. An API client presents a refresh token, which it can exchange once:
//! the exchange starts a new generation, with a new token.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::moment::{LEEWAY, is_ahead};
use crate::time::later;
use crate::user::{Role, UserId, Username};

/// The longest lifetime of an access token that a setting allows.
pub const LONGEST_ACCESS_TTL: Duration = Duration::from_secs(86_400);

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

/// How a client proves that it holds a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Proof {
    /// By a cookie. Only its hash is stored, so that a copy of the store gives no access.
    Browser {
        /// The hexadecimal SHA-256 of the cookie's secret.
        cookie_hash: String,
    },
    /// By a refresh token of the latest generation.
    Api {
        /// The latest generation; the first is 1.
        generation: u32,
        /// When the latest generation replaced the previous one.
        rotated_at: Timestamp,
    },
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The id of the session.
    pub id: SessionId,
    /// The user who signed in.
    pub user: UserId,
    /// The user's name.
    pub username: Username,
    /// The user's role. A change of it ends the session, so that no session acts with an old role.
    pub role: Role,
    /// How the client proves that it holds the session.
    pub proof: Proof,
    /// The client's description of itself, such as its `User-Agent` header.
    pub device: String,
    /// The IP address that the client signed in from.
    pub address: String,
    /// When the session began.
    pub created_at: Timestamp,
    /// When the session was last used, stored at most once a minute.
    pub last_seen_at: Timestamp,
    /// When the session ends if it is not used again.
    pub expires_at: Timestamp,
    /// When the last access token expires at the latest, whichever node issued it. `None` in a
    /// browser session, which has no tokens, and in a session that an earlier version stored.
    #[serde(default)]
    pub tokens_until: Option<Timestamp>,
}

/// The lifetimes of sessions.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// How long a browser session lasts without being used.
    pub browser_idle: Duration,
    /// How long a browser session lasts at most.
    pub browser_max: Duration,
    /// How long an API session lasts without a refresh.
    pub api_idle: Duration,
    /// How long an API session lasts at most.
    pub api_max: Duration,
    /// How long after a rotation the previous refresh token still returns the latest one.
    pub refresh_grace: Duration,
}

/// The reason why a session is not opened, used or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The presented token or cookie does not prove a live session.
    #[error("the token is not valid")]
    Refused,
    /// The presented refresh token was used before, so its session has ended.
    #[error("the token is not valid")]
    Reused {
        /// The user whose session it was.
        user: UserId,
    },
    /// The user has no session with this id.
    #[error("there is no such session")]
    Unknown,
}

/// The reason why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The user signed out, or an administrator signed the user out.
    SignedOut,
    /// The user's password was changed.
    PasswordChanged,
    /// The user was deleted, or the user's role changed.
    UserChanged,
    /// A refresh token was used twice, so a second client has a copy of it.
    TokenReused,
}

/// The result of presenting a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// The token was exchanged. This session has to be stored before the next token is returned.
    Next(Box<Session>),
    /// The token was exchanged a moment ago, and its response may have been lost. The client
    /// receives the latest token again.
    Again,
    /// The token was used before, so the session has to end (RFC 9700, section 4.14.2).
    Reused,
    /// The session has ended, or has no refresh tokens.
    Refused,
}

/// The shortest time between two stored uses, so that not every request writes to the store.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

impl Session {
    /// Returns whether the session has not yet expired.
    ///
    /// A session whose last use lies ahead would live for longer than it may, so it has expired.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at && !is_ahead(self.last_seen_at, now)
    }

    /// Returns the result of presenting a refresh token of the given generation.
    ///
    /// Only the token of the latest generation can be exchanged. A stolen token is therefore
    /// detected as soon as both the thief and the owner have used it.
    pub fn rotate(&self, generation: u32, now: Timestamp, lifetimes: &Lifetimes) -> Rotation {
        let Proof::Api { generation: latest, rotated_at } = self.proof else {
            return Rotation::Refused;
        };
        if !self.is_live(now) {
            return Rotation::Refused;
        }
        if generation == latest {
            let proof = Proof::Api { generation: latest + 1, rotated_at: now };
            return Rotation::Next(Box::new(Self { proof, ..self.used(now, lifetimes) }));
        }
        // On either side of the rotation: another node made it, or the clock was set back.
        let distance = now.duration_since(rotated_at).unsigned_abs();
        let just_rotated = generation + 1 == latest && distance < lifetimes.refresh_grace;
        if just_rotated { Rotation::Again } else { Rotation::Reused }
    }

    /// Returns the session to store after a use, or `None` if the stored last use is recent enough.
    pub fn touched(&self, now: Timestamp, lifetimes: &Lifetimes) -> Option<Self> {
        let (idle, _) = self.limits(lifetimes);
        // A session that expires sooner must not end while it is in use.
        let pause = TOUCH_EVERY.min(idle / 2);
        let unstored = now.duration_since(self.last_seen_at).unsigned_abs();
        (unstored >= pause).then(|| self.used(now, lifetimes))
    }

    /// Returns the session after a use, with its expiry moved forward.
    ///
    /// A session never outlives its maximum lifetime, however often it is used.
    pub fn used(&self, now: Timestamp, lifetimes: &Lifetimes) -> Self {
        let (idle, max) = self.limits(lifetimes);
        Self {
            last_seen_at: now,
            expires_at: later(now, idle).min(later(self.created_at, max)),
            ..self.clone()
        }
    }

    /// Returns the session to store before an access token that is valid for `ttl` is issued.
    ///
    /// The time is never moved back: a token that was issued under a longer `ttl` stays valid. It
    /// covers the tokens that are issued again within the grace of a rotation, without a write.
    pub fn issuing(&self, now: Timestamp, ttl: Duration, lifetimes: &Lifetimes) -> Self {
        let wait = lifetimes.refresh_grace.saturating_add(LEEWAY);
        let until = later(now, ttl.saturating_add(wait));
        let earlier = self.tokens_until.unwrap_or_else(|| latest_expiry(now));
        Self { tokens_until: Some(until.max(earlier)), ..self.clone() }
    }

    /// Returns until when the session must be refused after its end: until its last access token
    /// has expired.
    pub fn revoked_until(&self, now: Timestamp) -> Timestamp {
        match self.proof {
            Proof::Browser { .. } => now,
            Proof::Api { .. } => {
                self.tokens_until.map_or_else(|| latest_expiry(now), |until| until.max(now))
            }
        }
    }

    /// Returns how long the session lasts without being used, and at most.
    fn limits(&self, lifetimes: &Lifetimes) -> (Duration, Duration) {
        match self.proof {
            Proof::Browser { .. } => (lifetimes.browser_idle, lifetimes.browser_max),
            Proof::Api { .. } => (lifetimes.api_idle, lifetimes.api_max),
        }
    }
}

/// Returns when every access token that was issued before `now` has expired, under any settings.
pub fn latest_expiry(now: Timestamp) -> Timestamp {
    later(now, LONGEST_ACCESS_TTL + LEEWAY)
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::Value;

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
            tokens_until: Some(at(0)),
        };
        fresh.used(at(0), &LIFETIMES)
    }

    pub(crate) fn api(generation: u32) -> Session {
        session(Proof::Api { generation, rotated_at: at(0) })
    }

    #[test]
    fn a_refresh_token_of_the_latest_generation_is_exchanged_for_the_next() {
        let Rotation::Next(next) = api(4).rotate(4, at(100), &LIFETIMES) else {
            panic!("the token was not exchanged")
        };
        assert_eq!(next.proof, Proof::Api { generation: 5, rotated_at: at(100) });
        assert_eq!(next.expires_at, at(100 + 30 * 86_400));
    }

    #[test]
    fn the_previous_generation_returns_the_latest_token_only_within_the_grace_time() {
        assert_eq!(api(4).rotate(3, at(9), &LIFETIMES), Rotation::Again);
        assert_eq!(api(4).rotate(3, at(10), &LIFETIMES), Rotation::Reused);
        let strict = Lifetimes { refresh_grace: Duration::ZERO, ..LIFETIMES };
        assert_eq!(api(4).rotate(3, at(0), &strict), Rotation::Reused);
    }

    #[test]
    fn a_rotation_that_lies_ahead_gives_no_longer_grace() {
        let rotated = |seconds| Session {
            proof: Proof::Api { generation: 4, rotated_at: at(seconds) },
            last_seen_at: at(seconds),
            ..api(4)
        };
        assert_eq!(rotated(9).rotate(3, at(0), &LIFETIMES), Rotation::Again);
        assert_eq!(rotated(10).rotate(3, at(0), &LIFETIMES), Rotation::Reused);
        assert_eq!(rotated(7_200).rotate(3, at(0), &LIFETIMES), Rotation::Refused);
    }

    #[test]
    fn a_session_that_was_used_while_the_clock_was_ahead_has_expired_once_it_is_set_back() {
        let used = api(1).used(at(7_200), &LIFETIMES);
        assert!(used.is_live(at(7_140)) && !used.is_live(at(7_139)));
        assert_eq!(used.rotate(1, at(0), &LIFETIMES), Rotation::Refused);
    }

    #[test]
    fn any_other_generation_is_treated_as_reused() {
        assert_eq!(api(4).rotate(2, at(1), &LIFETIMES), Rotation::Reused);
        assert_eq!(api(4).rotate(5, at(1), &LIFETIMES), Rotation::Reused);
    }

    #[test]
    fn an_expired_session_refuses_its_refresh_token() {
        assert_eq!(api(4).rotate(4, at(30 * 86_400), &LIFETIMES), Rotation::Refused);
    }

    #[test]
    fn a_session_is_revoked_until_the_last_of_its_tokens_expires_whatever_the_lifetime_is_now() {
        let hour = Duration::from_secs(3_600);
        let issued = api(1).issuing(at(0), hour, &LIFETIMES);
        assert_eq!(issued.revoked_until(at(1)), at(3_600 + 10 + 60));
        let shorter = issued.issuing(at(100), Duration::from_secs(10), &LIFETIMES);
        assert_eq!(shorter.tokens_until, issued.tokens_until);
        let longer = shorter.issuing(at(100), 2 * hour, &LIFETIMES);
        assert_eq!(longer.tokens_until, Some(at(100 + 7_200 + 10 + 60)));
        assert_eq!(longer.revoked_until(at(9_000)), at(9_000));
    }

    #[test]
    fn a_session_of_an_earlier_version_is_revoked_for_the_longest_lifetime_of_a_token() {
        let earlier = Session { tokens_until: None, ..api(1) };
        assert_eq!(earlier.revoked_until(at(7)), latest_expiry(at(7)));
        let rotated = earlier.issuing(at(7), Duration::from_secs(1), &LIFETIMES);
        assert_eq!(rotated.revoked_until(at(8)), latest_expiry(at(7)));
    }

    #[test]
    fn a_row_of_an_earlier_version_has_no_time_of_its_last_token() {
        let session = Session { tokens_until: None, ..api(1) };
        let stored = serde_json::to_value(&session).unwrap();
        let fields = ["id", "user", "username", "role", "proof", "device", "address"];
        let times = ["created_at", "last_seen_at", "expires_at"];
        let row = fields.iter().chain(&times).map(|name| stored[name].clone()).collect();
        assert_eq!(serde_json::from_value::<Session>(Value::Array(row)).unwrap(), session);
    }

    #[test]
    fn a_browser_session_has_no_tokens_to_revoke() {
        let cookie = session(Proof::Browser { cookie_hash: String::new() });
        assert_eq!(cookie.revoked_until(at(5)), at(5));
    }

    #[test]
    fn a_browser_session_in_use_ends_after_its_maximum_lifetime() {
        let cookie = session(Proof::Browser { cookie_hash: String::new() });
        assert_eq!(cookie.expires_at, at(3_600));
        assert_eq!(cookie.touched(at(59), &LIFETIMES), None);
        assert_eq!(cookie.touched(at(60), &LIFETIMES).unwrap().expires_at, at(3_660));
        assert_eq!(cookie.used(at(86_000), &LIFETIMES).expires_at, at(86_400));
    }

    #[test]
    fn a_browser_session_with_a_short_idle_time_does_not_end_while_it_is_used() {
        let short = Lifetimes { browser_idle: Duration::from_secs(20), ..LIFETIMES };
        let mut cookie = session(Proof::Browser { cookie_hash: String::new() });
        cookie = cookie.used(at(0), &short);
        for seconds in (9..=600).step_by(9) {
            assert!(cookie.is_live(at(seconds)), "{seconds}");
            cookie = cookie.touched(at(seconds), &short).unwrap_or(cookie);
        }
        assert!(!cookie.is_live(at(620)));
    }

    #[test]
    fn a_session_is_displayed_by_its_id() {
        let id = Uuid::from_u128(7);
        assert_eq!(SessionId(id).to_string(), id.to_string());
    }

    #[test]
    fn a_use_of_a_session_is_stored_and_an_api_session_ends_after_its_maximum_lifetime() {
        let used = api(1).used(at(70 * 86_400), &LIFETIMES);
        assert_eq!((used.last_seen_at, used.expires_at), (at(70 * 86_400), at(90 * 86_400)));
        assert!(used.is_live(at(90 * 86_400 - 1)) && !used.is_live(at(90 * 86_400)));
    }

    #[test]
    fn a_browser_session_has_no_refresh_token() {
        let cookie = session(Proof::Browser { cookie_hash: String::new() });
        assert_eq!(cookie.rotate(1, at(1), &LIFETIMES), Rotation::Refused);
    }

    #[test]
    fn every_earlier_token_has_expired_after_the_longest_lifetime_and_the_leeway() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(latest_expiry(now).as_second(), 86_400 + 60);
    }
}
