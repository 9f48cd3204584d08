//! The commands of the token registry: read, decide, commit.
//!
//! Commands run concurrently; of two that touch the same rows, one ends in a conflict and is
//! decided again.

use domain::event::Event;
use domain::moment::KEPT_AFTER_EXPIRY;
use domain::session::{EndReason, Proof, Rotation, Session, SessionError, SessionId};
use domain::time::later;
use domain::user::{User, UserId};

use super::revocations::Revocations;
use super::rotations::Rotations;
use super::{
    EndSessions, OpenSession, ReplaceSessions, RotateToken, SessionClient, SessionSelector,
    VerifiedUser,
};
use crate::clock::new_id;
use crate::failpoint::Durable;
use crate::failure::Failure;
use crate::rules::Rules;
use crate::shared::Shared;
use crate::store::{StoreError, Version};
use crate::tables::batch::WriteBatch;
use crate::tables::table::{Row, version};

/// The most sessions of a user; one more ends the oldest.
const MAX_SESSIONS: usize = 100;

type Result<T> = std::result::Result<T, Failure<SessionError>>;
type StoreResult<T> = std::result::Result<T, StoreError>;

/// The dependencies of the token registry.
#[derive(Clone)]
pub struct SessionDeps {
    /// Store, snapshot, clock and rules.
    pub shared: Shared,
    /// The list of ended sessions.
    pub revocations: Revocations,
    /// When this process has rotated refresh tokens.
    pub(super) rotations: Rotations,
}

/// The sessions of a user, as stored.
struct SessionRows {
    /// The row that lists their ids; `None` if the user has never had one.
    list: Option<Row<Vec<SessionId>>>,
    /// The sessions that are stored, oldest first, also expired ones. Those would be live again
    /// if the clock, which is ahead, was set back, so they are ended like the others.
    sessions: Vec<Row<Session>>,
}

impl SessionDeps {
    /// Collects the dependencies.
    pub fn new(shared: &Shared, revocations: &Revocations) -> Self {
        let rotations = Rotations::new(&shared.clock);
        Self { shared: shared.clone(), revocations: revocations.clone(), rotations }
    }

    /// Opens a session. If the user then has too many, the oldest ones end.
    pub(super) async fn open(self, open: OpenSession) -> Result<Session> {
        let tables = &self.shared.tables;
        let OpenSession { verified: VerifiedUser { user, version: verified_at }, client } = open;
        let account = tables.accounts.get(user.id).await?;
        account.filter(|account| account.version == verified_at).ok_or(SessionError::Refused)?;
        let SessionRows { list, mut sessions } = self.rows(user.id).await?;
        let surplus = (sessions.len() + 1).saturating_sub(MAX_SESSIONS);
        let now = self.shared.clock.now();
        // Expired ones first. The sort keeps the order by age otherwise.
        sessions.sort_by_key(|row| row.value.is_live(now));
        let (ended, kept) = sessions.split_at_checked(surplus).unwrap_or_default();
        let session = self.new_session(user, client);
        let mut ids: Vec<_> = kept.iter().map(|row| row.value.id).collect();
        ids.push(session.id);

        let mut batch = self.shared.batch();
        batch.require(&tables.accounts, session.user, Some(verified_at));
        batch.put(&tables.user_sessions, session.user, version(&list), &ids)?;
        self.put_session(&mut batch, &session, None)?;
        batch.publish(&Event::SessionOpened(session.clone()))?;
        self.end_sessions(&mut batch, ended, EndReason::SignedOut)?;
        tables.commit(batch).await?;
        self.revoke(ended);
        Ok(session)
    }

    /// Returns the session of a cookie. Its last use is stored from time to time, not every time.
    pub(super) async fn find(self, hash: String, cached: Option<Session>) -> Result<Session> {
        let tables = &self.shared.tables;
        let now = self.shared.clock.now();
        let moment = self.shared.clock.moment();
        // Without news of the store, only the store knows whether the session has ended, and
        // another node may have seen a later use than this one.
        let is_known =
            |cached: &Session| self.revocations.is_current(moment) && cached.is_live(now);
        let session = match cached.filter(is_known) {
            Some(session) => session,
            None => {
                let id = tables.cookies.get(&hash).await?.ok_or(SessionError::Refused)?.value;
                self.row(id).await?.value
            }
        };
        if self.revocations.contains(session.id) || !session.is_live(now) {
            return Err(SessionError::Refused.into());
        }
        let Some(touched) = session.touched(now, &self.shared.rules.lifetimes) else {
            return Ok(session);
        };
        let row = self.row(session.id).await?;
        let mut batch = self.shared.batch();
        self.put_session(&mut batch, &touched, Some(row.version))?;
        tables.commit(batch).await?;
        Ok(touched)
    }

    /// Rotates a refresh token; one that was used before ends its session.
    pub(super) async fn rotate(self, rotate: RotateToken) -> Result<Session> {
        let RotateToken { session: id, generation } = rotate;
        let row = self.row(id).await?;
        let now = self.shared.clock.now();
        let lifetimes = &self.shared.rules.lifetimes;
        match row.value.rotate(generation, now, lifetimes) {
            Rotation::Next(session) => {
                let session = session.issuing(now, self.shared.rules.access_ttl, lifetimes);
                let mut batch = self.shared.batch();
                self.put_session(&mut batch, &session, Some(row.version))?;
                self.shared.tables.commit(batch).await?;
                self.rotations.add(&session);
                Ok(session)
            }
            Rotation::Again if !self.rotations.is_old(&row.value, lifetimes.refresh_grace) => {
                Ok(row.value)
            }
            Rotation::Refused => Err(SessionError::Refused.into()),
            Rotation::Again | Rotation::Reused => {
                let user = row.value.user;
                let sessions = SessionSelector::One(id);
                let reason = EndReason::TokenReused;
                let ended = self.end(EndSessions { user, sessions, reason, with: None }).await;
                // Another request with a used token may have ended the session first.
                ended.map_err(|failure| failure.map_refused(|_| SessionError::Refused))?;
                Err(SessionError::Reused { user }.into())
            }
        }
    }

    /// Returns the open sessions of a user, oldest first.
    pub(super) async fn list(self, user: UserId) -> Result<Vec<Session>> {
        let SessionRows { sessions, .. } = self.rows(user).await?;
        let now = self.shared.clock.now();
        let sessions = sessions.into_iter().map(|row| row.value);
        Ok(sessions.filter(|session| session.is_live(now)).collect())
    }

    /// Ends sessions of a user.
    pub(super) async fn end(self, end: EndSessions) -> Result<()> {
        let EndSessions { user, sessions: selector, reason, with } = end;
        let tables = &self.shared.tables;
        let SessionRows { list, sessions } = self.rows(user).await?;
        let (ended, kept): (Vec<_>, Vec<_>) =
            sessions.into_iter().partition(|row| selector.includes(row.value.id));
        if ended.is_empty() && matches!(selector, SessionSelector::One(_)) {
            return Err(SessionError::Unknown.into());
        }
        let ids: Vec<_> = kept.iter().map(|row| row.value.id).collect();
        let mut batch = with.unwrap_or_else(|| self.shared.batch());
        match &list {
            // An empty list is not removed: its version would begin at 1 again, and a session that
            // is opened at the same time could replace a list that it has not read.
            Some(list) => batch.put(&tables.user_sessions, user, Some(list.version), &ids)?,
            None => batch.require(&tables.user_sessions, user, None),
        }
        self.end_sessions(&mut batch, &ended, reason)?;
        tables.commit(batch).await?;
        self.revoke(&ended);
        Ok(())
    }

    /// Ends every session of a user and opens a new one.
    pub(super) async fn replace(self, replace: ReplaceSessions) -> Result<Session> {
        let ReplaceSessions { user, client, reason, with: mut batch } = replace;
        let tables = &self.shared.tables;
        let SessionRows { list, sessions } = self.rows(user.id).await?;
        let session = self.new_session(user, client);
        batch.put(&tables.user_sessions, session.user, version(&list), &vec![session.id])?;
        self.put_session(&mut batch, &session, None)?;
        self.end_sessions(&mut batch, &sessions, reason)?;
        batch.publish(&Event::SessionOpened(session.clone()))?;
        tables.commit_step(Durable::Password, batch).await?;
        self.revoke(&sessions);
        Ok(session)
    }

    fn new_session(&self, user: User, client: SessionClient) -> Session {
        let now = self.shared.clock.now();
        let SessionClient { cookie_hash, device, address } = client;
        let (proof, tokens_until) = match cookie_hash {
            Some(cookie_hash) => (Proof::Browser { cookie_hash }, None),
            None => (Proof::Api { generation: 1, rotated_at: now }, Some(now)),
        };
        let session = Session {
            id: SessionId(new_id(now)),
            user: user.id,
            username: user.username,
            role: user.role,
            proof,
            device,
            address,
            created_at: now,
            last_seen_at: now,
            expires_at: now,
            tokens_until,
        };
        let Rules { lifetimes, access_ttl, .. } = &*self.shared.rules;
        let session = session.used(now, lifetimes);
        if tokens_until.is_some() { session.issuing(now, *access_ttl, lifetimes) } else { session }
    }

    async fn row(&self, id: SessionId) -> Result<Row<Session>> {
        let row = self.shared.tables.sessions.get(id).await?;
        row.ok_or_else(|| SessionError::Refused.into())
    }

    async fn rows(&self, user: UserId) -> StoreResult<SessionRows> {
        let tables = &self.shared.tables;
        let list = tables.user_sessions.get(user).await?;
        let ids = list.iter().flat_map(|list| list.value.clone());
        let rows =
            futures_util::future::try_join_all(ids.map(|id| tables.sessions.get(id))).await?;
        Ok(SessionRows { list, sessions: rows.into_iter().flatten().collect() })
    }

    /// Puts a session and when its user was last seen, and for a new browser session also its
    /// cookie.
    fn put_session(
        &self,
        batch: &mut WriteBatch,
        session: &Session,
        read_at: Option<Version>,
    ) -> StoreResult<()> {
        let tables = &self.shared.tables;
        batch.put_last(&tables.last_seen, session.user, &session.last_seen_at)?;
        let last_use = session.tokens_until.map_or(session.expires_at, |until| {
            // A session whose lifetime was shortened may expire before its tokens.
            until.max(session.expires_at)
        });
        let kept_until = later(last_use, KEPT_AFTER_EXPIRY);
        batch.put_until(&tables.sessions, session.id, read_at, session, kept_until)?;
        match &session.proof {
            Proof::Browser { cookie_hash } if read_at.is_none() => {
                let latest = later(session.created_at, self.shared.rules.lifetimes.browser_max);
                let kept_until = later(latest, KEPT_AFTER_EXPIRY);
                batch.put_until(&tables.cookies, cookie_hash, None, &session.id, kept_until)
            }
            _ => Ok(()),
        }
    }

    /// Removes sessions and revokes their access tokens, which stay valid until they expire.
    fn end_sessions(
        &self,
        batch: &mut WriteBatch,
        ended: &[Row<Session>],
        reason: EndReason,
    ) -> StoreResult<()> {
        let tables = &self.shared.tables;
        let now = self.shared.clock.now();
        for Row { version, value: session } in ended {
            let Session { id, user, .. } = *session;
            let until = session.revoked_until(now);
            let kept_until = later(until, KEPT_AFTER_EXPIRY);
            batch.remove(&tables.sessions, id, *version);
            batch.put_until(&tables.revoked, id, None, &until, kept_until)?;
            batch.publish(&Event::SessionEnded {
                session: id,
                user,
                reason,
                until: Some(until),
            })?;
        }
        Ok(())
    }

    /// Adds durably ended sessions to the revocations, before the hub reads the event.
    fn revoke(&self, ended: &[Row<Session>]) {
        let now = self.shared.clock.now();
        for Row { value: session, .. } in ended {
            self.revocations.add(session.id, session.revoked_until(now));
        }
    }
}

impl SessionSelector {
    fn includes(self, session: SessionId) -> bool {
        match self {
            Self::All => true,
            Self::AllBut(kept) => session != kept,
            Self::One(one) => session == one,
        }
    }
}
