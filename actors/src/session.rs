//! The token registry: sessions, and the generations of their refresh tokens.
//!
//! Owns: a cache of the browser sessions in use, by cookie; sessions are in the store.
//! Serves: sign-in, sign-out, refresh, and every page of a signed-in user.
//! Publishes: `session.opened`, `session.ended`.
//! Restart: browser sessions are read again when they are used; the
//! [`Revocations`](revocations::Revocations) outlive the actor.

use std::collections::HashMap;
use std::time::Duration;

use actix::{Actor, AsyncContext, Context, Handler, Message, MessageResult};
use domain::session::{EndReason, Session, SessionError, SessionId};
use domain::user::{User, UserId};

use crate::failpoint;
use crate::failure::Failure;
use crate::handling::{Concurrent, Detached, concurrent};
use crate::observe::Observe;
use crate::store::Version;
use crate::tables::batch::WriteBatch;
use commands::SessionDeps;

pub mod commands;
pub mod revocations;
mod rotations;

/// How often expired sessions leave the cache.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// A user who has proved their identity, and the version of the account that the proof was checked
/// against.
#[derive(Debug, Clone)]
pub struct VerifiedUser {
    /// The user.
    pub user: User,
    /// The version of the user's account.
    pub version: Version,
}

/// The client of a new session.
#[derive(Debug, Clone)]
pub struct SessionClient {
    /// The SHA-256 of the browser's new cookie, in hexadecimal; `None` for an API session.
    pub cookie_hash: Option<String>,
    /// The name that the client reports, such as its user agent.
    pub device: String,
    /// The client's address.
    pub address: String,
}

/// Signs a user in.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Session, Failure<SessionError>>")]
pub struct OpenSession {
    /// The user; refused if the account has changed since the proof.
    pub verified: VerifiedUser,
    /// The client that signs in.
    pub client: SessionClient,
}

/// Requests the session of a cookie, by the cookie's hash.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Session, Failure<SessionError>>")]
pub struct FindByCookie(pub String);

/// Rotates a refresh token; the reply holds the generation of the new one.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Session, Failure<SessionError>>")]
pub struct RotateToken {
    /// The session that the token names.
    pub session: SessionId,
    /// The generation that the token names.
    pub generation: u32,
}

/// Requests the open sessions of a user, oldest first.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Vec<Session>, Failure<SessionError>>")]
pub struct ListSessions(pub UserId);

/// Selects sessions of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionSelector {
    /// Every session.
    All,
    /// Every session except this one.
    AllBut(SessionId),
    /// This session, which must belong to the user.
    One(SessionId),
}

/// Ends sessions of a user, in one commit with other writes.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<(), Failure<SessionError>>")]
pub struct EndSessions {
    /// The user.
    pub user: UserId,
    /// The sessions to end.
    pub sessions: SessionSelector,
    /// Why they end.
    pub reason: EndReason,
    /// The other writes.
    pub with: Option<WriteBatch>,
}

/// Ends every session of a user and opens a new one, in one commit with other writes.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Session, Failure<SessionError>>")]
pub struct ReplaceSessions {
    /// The user.
    pub user: User,
    /// The client of the new session.
    pub client: SessionClient,
    /// Why the sessions end.
    pub reason: EndReason,
    /// The other writes.
    pub with: WriteBatch,
}

/// Removes from memory what has expired; the registry sends it to itself every minute.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct SweepSessions;

/// Asks to read every cached session again, because the store may have changed without an event.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct ForgetSessions;

/// The observable state of the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionsState {
    /// The number of cached browser sessions.
    pub cached: usize,
    /// The number of revoked sessions.
    pub revoked: usize,
}

/// The actor that keeps track of sessions.
pub struct TokenRegistry {
    deps: SessionDeps,
    /// Browser sessions in use, by the hash of their cookie, as the store has them.
    browsers: HashMap<String, Session>,
    /// How often the cache was emptied. What was read before is not cached after.
    forgotten: u64,
}

impl TokenRegistry {
    /// Creates a registry with an empty cache.
    pub fn new(deps: SessionDeps) -> Self {
        Self { deps, browsers: HashMap::new(), forgotten: 0 }
    }

    fn sweep(&mut self) {
        let now = self.deps.shared.clock.now();
        self.deps.rotations.remove_old();
        let revocations = &self.deps.revocations;
        self.browsers
            .retain(|_, session| session.is_live(now) && !revocations.contains(session.id));
        revocations.remove_expired(self.deps.shared.sweep_clock.now());
    }
}

impl Actor for TokenRegistry {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(SWEEP_EVERY, |_, ctx| ctx.notify(SweepSessions));
    }
}

impl Handler<OpenSession> for TokenRegistry {
    type Result = Detached<Session, SessionError>;

    fn handle(&mut self, open: OpenSession, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().open(open))
    }
}

impl Handler<FindByCookie> for TokenRegistry {
    type Result = Concurrent<Self, Session, SessionError>;

    fn handle(&mut self, FindByCookie(hash): FindByCookie, _: &mut Self::Context) -> Self::Result {
        failpoint::reach("sessions");
        let cached = self.browsers.get(&hash).cloned();
        let find = self.deps.clone().find(hash.clone(), cached);
        let forgotten = self.forgotten;
        concurrent(self, find, move |found, registry, _| {
            match &found {
                Ok(_) if registry.forgotten != forgotten => None,
                Ok(session) => registry.browsers.insert(hash, session.clone()),
                Err(_) => registry.browsers.remove(&hash),
            };
            found
        })
    }
}

impl Handler<RotateToken> for TokenRegistry {
    type Result = Detached<Session, SessionError>;

    fn handle(&mut self, rotate: RotateToken, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().rotate(rotate))
    }
}

impl Handler<ListSessions> for TokenRegistry {
    type Result = Detached<Vec<Session>, SessionError>;

    fn handle(&mut self, ListSessions(user): ListSessions, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().list(user))
    }
}

impl Handler<EndSessions> for TokenRegistry {
    type Result = Detached<(), SessionError>;

    fn handle(&mut self, end: EndSessions, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().end(end))
    }
}

impl Handler<ReplaceSessions> for TokenRegistry {
    type Result = Detached<Session, SessionError>;

    fn handle(&mut self, replace: ReplaceSessions, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().replace(replace))
    }
}

impl Handler<SweepSessions> for TokenRegistry {
    type Result = ();

    fn handle(&mut self, _: SweepSessions, _: &mut Self::Context) {
        self.sweep();
    }
}

impl Handler<ForgetSessions> for TokenRegistry {
    type Result = ();

    fn handle(&mut self, _: ForgetSessions, _: &mut Self::Context) {
        self.forgotten += 1;
        self.browsers.clear();
    }
}

impl Handler<Observe<SessionsState>> for TokenRegistry {
    type Result = MessageResult<Observe<SessionsState>>;

    fn handle(&mut self, _: Observe<SessionsState>, _: &mut Self::Context) -> Self::Result {
        let cached = self.browsers.len();
        MessageResult(SessionsState { cached, revoked: self.deps.revocations.len() })
    }
}

impl From<SessionError> for Failure<SessionError> {
    fn from(error: SessionError) -> Self {
        Self::Refused(error)
    }
}
