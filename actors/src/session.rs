//! The token registry: who is signed in.
//!
//! Owns: the browser sessions in use, by cookie; the list of what was revoked. Sessions are in the store.
//! Serves: sign-in, sign-out, refresh, and every page of a signed-in user.
//! Tells: `session.opened`, `session.ended`.
//! Restart: browser sessions are read again when they are used; the list of what was revoked outlives the actor.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use actix::{Actor, AsyncContext, Context, Handler, Message, ResponseActFuture, ResponseFuture};
use actix::{ActorFutureExt, WrapFuture};
use domain::session::{EndReason, Session, SessionError, SessionId};
use domain::user::UserId;
use jiff::Timestamp;
use serde_json::json;

use crate::ask::{Failure, Observe, Observed};
use crate::failpoint;
use crate::store::StoreError;
use crate::tables::{Tables, VerifiedUser, WriteBatch};

pub use commands::SessionDeps;

mod commands;

/// How often sessions that are over are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// Signs a user in.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Session, Failure<SessionError>>")]
pub struct OpenSession {
    /// Who signs in; if the account has changed since the proof, it proves nothing any more.
    pub verified: VerifiedUser,
    /// The SHA-256 of the browser's new cookie, in hexadecimal; none for an API session.
    pub cookie_hash: Option<String>,
    /// What the client calls itself.
    pub device: String,
    /// Where the client is.
    pub address: String,
}

/// Asks whose cookie it is.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Session, Failure<SessionError>>")]
pub struct FindByCookie(pub String);

/// Takes a refresh token of some generation for the newest: the reply's generation is the one to give out.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Session, Failure<SessionError>>")]
pub struct RotateToken {
    /// The session that the token names.
    pub session: SessionId,
    /// The generation that the token names.
    pub generation: u32,
}

/// Asks for the live sessions of a user.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Vec<Session>, Failure<SessionError>>")]
pub struct ListSessions(pub UserId);

/// Which of a user's sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionSelector {
    /// All of them.
    All,
    /// All but this one.
    AllBut(SessionId),
    /// This one, which must be the user's.
    One(SessionId),
}

/// Ends sessions of a user, in one commit with whatever else shall happen.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<(), Failure<SessionError>>")]
pub struct EndSessions {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub sessions: SessionSelector,
    /// Why.
    pub reason: EndReason,
    /// What else shall happen.
    pub with: Option<WriteBatch>,
}

/// Sessions that ended while access tokens of theirs may still be good: readable without a message.
#[derive(Clone, Default)]
pub struct Revocations {
    until: Arc<RwLock<HashMap<SessionId, Timestamp>>>,
}

impl Revocations {
    /// Whether a session was ended.
    pub fn contains(&self, session: SessionId) -> bool {
        self.until.read().unwrap_or_else(PoisonError::into_inner).contains_key(&session)
    }

    /// Remembers that a session was ended, until no access token of it can be good any more.
    pub fn add(&self, session: SessionId, until: Timestamp) {
        self.until.write().unwrap_or_else(PoisonError::into_inner).insert(session, until);
    }

    /// Reads from the store what was revoked before the start.
    pub async fn fill(&self, tables: &Tables) -> Result<(), StoreError> {
        for (key, row) in tables.revoked.all().await? {
            if let Ok(session) = key.parse() {
                self.add(SessionId(session), row.value);
            }
        }
        Ok(())
    }

    fn forget(&self, now: Timestamp) {
        self.until.write().unwrap_or_else(PoisonError::into_inner).retain(|_, until| *until > now);
    }
}

/// The actor that knows who is signed in.
pub struct TokenRegistry {
    parts: SessionDeps,
    /// Browser sessions in use, by the hash of their cookie, as the store has them.
    browsers: HashMap<String, Session>,
}

impl TokenRegistry {
    /// A registry of the sessions in the store.
    pub fn new(parts: SessionDeps) -> Self {
        Self { parts, browsers: HashMap::new() }
    }

    fn forget(&mut self) {
        let now = self.parts.clock.now();
        self.browsers.retain(|_, session| {
            session.is_live(now) && !self.parts.revocations.contains(session.id)
        });
        self.parts.revocations.forget(now);
    }
}

impl Actor for TokenRegistry {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(FORGET_EVERY, |registry, _| registry.forget());
    }
}

impl Handler<OpenSession> for TokenRegistry {
    type Result = ResponseFuture<Result<Session, Failure<SessionError>>>;

    fn handle(&mut self, open: OpenSession, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.parts.clone().open(open))
    }
}

impl Handler<FindByCookie> for TokenRegistry {
    type Result = ResponseActFuture<Self, Result<Session, Failure<SessionError>>>;

    fn handle(&mut self, FindByCookie(hash): FindByCookie, _: &mut Self::Context) -> Self::Result {
        failpoint::reach("sessions");
        let known = self.browsers.get(&hash).cloned();
        let find = self.parts.clone().find(hash.clone(), known);
        Box::pin(find.into_actor(self).map(|found: Result<Session, _>, registry, _| {
            match &found {
                Ok(session) => registry.browsers.insert(hash, session.clone()),
                Err(_) => registry.browsers.remove(&hash),
            };
            found
        }))
    }
}

impl Handler<RotateToken> for TokenRegistry {
    type Result = ResponseFuture<Result<Session, Failure<SessionError>>>;

    fn handle(
        &mut self,
        RotateToken { session, generation }: RotateToken,
        _: &mut Self::Context,
    ) -> Self::Result {
        Box::pin(self.parts.clone().rotate(session, generation))
    }
}

impl Handler<ListSessions> for TokenRegistry {
    type Result = ResponseFuture<Result<Vec<Session>, Failure<SessionError>>>;

    fn handle(&mut self, ListSessions(user): ListSessions, _: &mut Self::Context) -> Self::Result {
        let parts = self.parts.clone();
        Box::pin(async move {
            let (_, rows) = parts.rows(user).await?;
            Ok(rows.into_iter().map(|row| row.value).collect())
        })
    }
}

impl Handler<EndSessions> for TokenRegistry {
    type Result = ResponseFuture<Result<(), Failure<SessionError>>>;

    fn handle(&mut self, end: EndSessions, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.parts.clone().end(end))
    }
}

impl Handler<Observe> for TokenRegistry {
    type Result = Observed;

    fn handle(&mut self, _: Observe, _: &mut Self::Context) -> Observed {
        let revoked =
            self.parts.revocations.until.read().unwrap_or_else(PoisonError::into_inner).len();
        Observed(json!({ "browsers": self.browsers.len(), "revoked": revoked }))
    }
}

impl From<SessionError> for Failure<SessionError> {
    fn from(error: SessionError) -> Self {
        Self::Refused(error)
    }
}
