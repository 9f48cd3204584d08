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
use domain::event::Event;
use domain::session::{EndReason, Lifetimes, Proof, Rotation, Session, SessionError, SessionId};
use domain::user::UserId;
use jiff::Timestamp;
use serde_json::json;

use crate::ask::{Failure, Observe, Observed};
use crate::clock::{Clock, new_id};
use crate::failpoint;
use crate::store::StoreError;
use crate::tables::{Change, Proven, Row, Tables, version};

/// The most sessions a user has; one more ends the oldest.
const MAX_SESSIONS: usize = 100;

/// How often sessions that are over are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// Signs a user in.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Session, Failure<SessionError>>")]
pub struct OpenSession {
    /// Who signs in; if the account has changed since the proof, it proves nothing any more.
    pub proven: Proven,
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
pub enum Whose {
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
    pub sessions: Whose,
    /// Why.
    pub reason: EndReason,
    /// What else shall happen.
    pub with: Option<Change>,
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

/// What the token registry needs to work.
#[derive(Clone)]
pub struct TokenParts {
    /// Where sessions are kept.
    pub tables: Tables,
    /// What was revoked.
    pub revocations: Revocations,
    /// Tells the time.
    pub clock: Clock,
    /// How long sessions live.
    pub lifetimes: Lifetimes,
    /// How long an access token is good.
    pub access_ttl: Duration,
}

/// The actor that knows who is signed in.
pub struct TokenRegistry {
    parts: TokenParts,
    /// Browser sessions in use, by the hash of their cookie, as the store has them.
    browsers: HashMap<String, Session>,
}

impl TokenRegistry {
    /// A registry of the sessions in the store.
    pub fn new(parts: TokenParts) -> Self {
        Self { parts, browsers: HashMap::new() }
    }

    fn forget(&mut self) {
        let now = self.parts.clock.now();
        self.browsers.retain(|_, session| session.is_live(now) && !self.parts.revocations.contains(session.id));
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

    fn handle(&mut self, RotateToken { session, generation }: RotateToken, _: &mut Self::Context) -> Self::Result {
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
        let revoked = self.parts.revocations.until.read().unwrap_or_else(PoisonError::into_inner).len();
        Observed(json!({ "browsers": self.browsers.len(), "revoked": revoked }))
    }
}

/// Commands decide on what the store has; two that meet are told apart by the versions of its rows.
impl TokenParts {
    async fn open(self, open: OpenSession) -> Result<Session, Failure<SessionError>> {
        let (tables, now, Proven { user, version: proven_at }) = (&self.tables, self.clock.now(), open.proven);
        let account = tables.accounts.get(user.id).await?;
        account.filter(|account| account.version == proven_at).ok_or(SessionError::Refused)?;
        let (list, rows) = self.rows(user.id).await?;
        let proof = match open.cookie_hash {
            Some(cookie_hash) => Proof::Browser { cookie_hash },
            None => Proof::Api { generation: 1, rotated_at: now },
        };
        let session = Session {
            id: SessionId(new_id(now)),
            user: user.id,
            username: user.username,
            role: user.role,
            proof,
            device: open.device,
            address: open.address,
            created_at: now,
            last_seen_at: now,
            expires_at: now,
        };
        let session = session.used(now, &self.lifetimes);
        let surplus = (rows.len() + 1).saturating_sub(MAX_SESSIONS);
        let (ended, kept) = rows.split_at_checked(surplus).unwrap_or_default();
        let mut ids: Vec<_> = kept.iter().map(|row| row.value.id).collect();
        ids.push(session.id);
        let change = tables.change(now).only_if(&tables.accounts, user.id, Some(proven_at));
        let change = change.put(&tables.user_sessions, user.id, version(&list), &ids)?;
        let change = self.put(change, &session, None)?.tell(&Event::SessionOpened(session.clone()))?;
        let change = self.ended(change, ended, EndReason::SignedOut)?;
        tables.commit(change).await?;
        self.revoke(ended);
        Ok(session)
    }

    async fn find(self, hash: String, known: Option<Session>) -> Result<Session, Failure<SessionError>> {
        let (tables, now) = (&self.tables, self.clock.now());
        let session = match known {
            Some(session) => session,
            None => {
                let id = tables.cookies.get(&hash).await?.ok_or(SessionError::Refused)?.value;
                tables.sessions.get(id).await?.ok_or(SessionError::Refused)?.value
            }
        };
        if self.revocations.contains(session.id) || !session.is_live(now) {
            return Err(SessionError::Refused.into());
        }
        let Some(touched) = session.touched(now, &self.lifetimes) else { return Ok(session) };
        let row = tables.sessions.get(session.id).await?.ok_or(SessionError::Refused)?;
        tables.commit(self.put(tables.change(now), &touched, Some(row.version))?).await?;
        Ok(touched)
    }

    async fn rotate(self, id: SessionId, generation: u32) -> Result<Session, Failure<SessionError>> {
        let (tables, now) = (&self.tables, self.clock.now());
        let row = tables.sessions.get(id).await?.ok_or(SessionError::Refused)?;
        match row.value.rotate(generation, now, &self.lifetimes) {
            Rotation::Next(session) => {
                tables.commit(self.put(tables.change(now), &session, Some(row.version))?).await?;
                Ok(session)
            }
            Rotation::Again => Ok(row.value),
            Rotation::Refused => Err(SessionError::Refused.into()),
            Rotation::Reused => {
                let (user, sessions) = (row.value.user, Whose::One(id));
                self.end(EndSessions { user, sessions, reason: EndReason::TokenReused, with: None }).await?;
                Err(SessionError::Refused.into())
            }
        }
    }

    async fn end(self, end: EndSessions) -> Result<(), Failure<SessionError>> {
        let now = self.clock.now();
        let (list, rows) = self.rows(end.user).await?;
        let (ended, kept): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| end.sessions.include(row.value.id));
        if ended.is_empty() && matches!(end.sessions, Whose::One(_)) {
            return Err(SessionError::Unknown.into());
        }
        let ids: Vec<_> = kept.iter().map(|row| row.value.id).collect();
        let change = end.with.unwrap_or_else(|| self.tables.change(now));
        let change = match &list {
            Some(list) if ids.is_empty() => change.remove(&self.tables.user_sessions, end.user, list.version),
            Some(list) => change.put(&self.tables.user_sessions, end.user, Some(list.version), &ids)?,
            None => change.only_if(&self.tables.user_sessions, end.user, None),
        };
        self.tables.commit(self.ended(change, &ended, end.reason)?).await?;
        self.revoke(&ended);
        Ok(())
    }

    /// The row that lists a user's sessions, and those of them that the store still has, oldest first.
    async fn rows(&self, user: UserId) -> Result<(Option<Row<Vec<SessionId>>>, Vec<Row<Session>>), StoreError> {
        let list = self.tables.user_sessions.get(user).await?;
        let ids = list.iter().flat_map(|list| list.value.clone());
        let rows = futures_util::future::try_join_all(ids.map(|id| self.tables.sessions.get(id))).await?;
        Ok((list, rows.into_iter().flatten().collect()))
    }

    fn put(&self, change: Change, session: &Session, read_at: Option<u64>) -> Result<Change, StoreError> {
        let (tables, until) = (&self.tables, session.expires_at);
        let change = change.put_until(&tables.sessions, session.id, read_at, session, until)?;
        match &session.proof {
            Proof::Browser { cookie_hash } if read_at.is_none() => {
                let forever = session.created_at + self.lifetimes.browser_max;
                change.put_until(&tables.cookies, cookie_hash, None, &session.id, forever)
            }
            _ => Ok(change),
        }
    }

    fn ended(&self, change: Change, rows: &[Row<Session>], reason: EndReason) -> Result<Change, StoreError> {
        let (tables, until) = (&self.tables, self.clock.now() + self.access_ttl);
        rows.iter().try_fold(change, |change, Row { version, value: Session { id, user, .. } }| {
            let told = Event::SessionEnded { session: *id, user: *user, reason };
            let change = change.remove(&tables.sessions, id, *version);
            change.put_until(&tables.revoked, id, None, &until, until)?.tell(&told)
        })
    }

    fn revoke(&self, ended: &[Row<Session>]) {
        let until = self.clock.now() + self.access_ttl;
        ended.iter().for_each(|row| self.revocations.add(row.value.id, until));
    }
}

impl Whose {
    fn include(self, session: SessionId) -> bool {
        match self {
            Self::All => true,
            Self::AllBut(kept) => session != kept,
            Self::One(one) => session == one,
        }
    }
}

impl From<SessionError> for Failure<SessionError> {
    fn from(error: SessionError) -> Self {
        Self::Refused(error)
    }
}
