//! What the token registry does, step by step: read, decide, commit.
//!
//! Steps decide on what the store has; two that meet are told apart by the versions of its rows.

use std::time::Duration;

use domain::event::Event;
use domain::session::{EndReason, Lifetimes, Proof, Rotation, Session, SessionError, SessionId};
use domain::user::UserId;

use super::{EndSessions, OpenSession, Revocations, SessionSelector};
use crate::ask::Failure;
use crate::clock::{Clock, new_id};
use crate::store::StoreError;
use crate::tables::{Row, Tables, VerifiedUser, WriteBatch, version};

/// The most sessions a user has; one more ends the oldest.
const MAX_SESSIONS: usize = 100;

/// What the token registry needs to work.
#[derive(Clone)]
pub struct SessionDeps {
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

impl SessionDeps {
    /// Signs a user in; one session too many ends the oldest.
    pub(super) async fn open(self, open: OpenSession) -> Result<Session, Failure<SessionError>> {
        let (tables, now, VerifiedUser { user, version: proven_at }) =
            (&self.tables, self.clock.now(), open.verified);
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
        let change =
            self.put(change, &session, None)?.publish(&Event::SessionOpened(session.clone()))?;
        let change = self.ended(change, ended, EndReason::SignedOut)?;
        tables.commit(change).await?;
        self.revoke(ended);
        Ok(session)
    }

    /// Whose cookie it is; that it was used is written down now and then.
    pub(super) async fn find(
        self,
        hash: String,
        known: Option<Session>,
    ) -> Result<Session, Failure<SessionError>> {
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

    /// Takes a refresh token for the next; one that was used before ends its session.
    pub(super) async fn rotate(
        self,
        id: SessionId,
        generation: u32,
    ) -> Result<Session, Failure<SessionError>> {
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
                let (user, sessions) = (row.value.user, SessionSelector::One(id));
                self.end(EndSessions {
                    user,
                    sessions,
                    reason: EndReason::TokenReused,
                    with: None,
                })
                .await?;
                Err(SessionError::Refused.into())
            }
        }
    }

    /// Ends sessions of a user.
    pub(super) async fn end(self, end: EndSessions) -> Result<(), Failure<SessionError>> {
        let now = self.clock.now();
        let (list, rows) = self.rows(end.user).await?;
        let (ended, kept): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| end.sessions.include(row.value.id));
        if ended.is_empty() && matches!(end.sessions, SessionSelector::One(_)) {
            return Err(SessionError::Unknown.into());
        }
        let ids: Vec<_> = kept.iter().map(|row| row.value.id).collect();
        let change = end.with.unwrap_or_else(|| self.tables.change(now));
        let change = match &list {
            Some(list) if ids.is_empty() => {
                change.remove(&self.tables.user_sessions, end.user, list.version)
            }
            Some(list) => {
                change.put(&self.tables.user_sessions, end.user, Some(list.version), &ids)?
            }
            None => change.only_if(&self.tables.user_sessions, end.user, None),
        };
        self.tables.commit(self.ended(change, &ended, end.reason)?).await?;
        self.revoke(&ended);
        Ok(())
    }

    /// The row that lists a user's sessions, and those of them that the store still has, oldest first.
    pub(super) async fn rows(
        &self,
        user: UserId,
    ) -> Result<(Option<Row<Vec<SessionId>>>, Vec<Row<Session>>), StoreError> {
        let list = self.tables.user_sessions.get(user).await?;
        let ids = list.iter().flat_map(|list| list.value.clone());
        let rows =
            futures_util::future::try_join_all(ids.map(|id| self.tables.sessions.get(id))).await?;
        Ok((list, rows.into_iter().flatten().collect()))
    }

    fn put(
        &self,
        change: WriteBatch,
        session: &Session,
        read_at: Option<u64>,
    ) -> Result<WriteBatch, StoreError> {
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

    fn ended(
        &self,
        change: WriteBatch,
        rows: &[Row<Session>],
        reason: EndReason,
    ) -> Result<WriteBatch, StoreError> {
        let (tables, until) = (&self.tables, self.clock.now() + self.access_ttl);
        rows.iter().try_fold(change, |change, Row { version, value: Session { id, user, .. } }| {
            let told = Event::SessionEnded { session: *id, user: *user, reason };
            let change = change.remove(&tables.sessions, id, *version);
            change.put_until(&tables.revoked, id, None, &until, until)?.publish(&told)
        })
    }

    fn revoke(&self, ended: &[Row<Session>]) {
        let until = self.clock.now() + self.access_ttl;
        ended.iter().for_each(|row| self.revocations.add(row.value.id, until));
    }
}

impl SessionSelector {
    fn include(self, session: SessionId) -> bool {
        match self {
            Self::All => true,
            Self::AllBut(kept) => session != kept,
            Self::One(one) => session == one,
        }
    }
}
