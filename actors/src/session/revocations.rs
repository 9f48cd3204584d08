//! The list of ended sessions, which can be read without a message.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use domain::moment::{KEPT_AFTER_EXPIRY, Moment};
use domain::session::SessionId;
use domain::time::later;
use jiff::Timestamp;

use crate::store::StoreError;
use crate::tables::Tables;

/// Ended sessions whose access tokens may not have expired yet.
///
/// Every request checks it, so that a revocation takes effect at once without a read of the store.
#[derive(Clone)]
pub struct Revocations {
    revoked: Arc<RwLock<Revoked>>,
    /// How old the list may become; `None` if it is always complete.
    silence: Option<Duration>,
    /// When the list last held everything that was stored.
    complete_at: Arc<RwLock<Moment>>,
}

#[derive(Default)]
struct Revoked {
    /// The time when the last access token of each session expires.
    until: HashMap<SessionId, Timestamp>,
    /// The latest of these times that is no longer in the list.
    removed: Option<Timestamp>,
}

impl Revocations {
    /// Creates an empty list, which counts as current for `silence` after it was last complete, or
    /// always.
    pub fn new(silence: Option<Duration>) -> Self {
        let complete_at = Arc::new(RwLock::new(Moment::START));
        Self { revoked: Arc::default(), silence, complete_at }
    }

    /// Whether the list is recent enough to decide by it. It grows old while the store does not
    /// reply: another node may then have ended any session.
    pub fn is_current(&self, now: Moment) -> bool {
        let complete_at = *self.complete_at.read().unwrap_or_else(PoisonError::into_inner);
        self.silence.is_none_or(|silence| now.since(complete_at) <= silence)
    }

    /// Notes that the list held everything that was stored at a time.
    pub fn complete(&self, at: Moment) {
        let mut complete_at = self.complete_at.write().unwrap_or_else(PoisonError::into_inner);
        *complete_at = at.max(*complete_at);
    }

    /// Whether a session has ended.
    pub fn contains(&self, session: SessionId) -> bool {
        self.read().until.contains_key(&session)
    }

    /// Whether an access token of a session is no longer valid, or may not be: it expires at a time
    /// for which sessions have been removed from the list. Only a clock that was set back by days
    /// takes such a token for a valid one.
    pub fn refuse(&self, session: SessionId, until: Timestamp) -> bool {
        let revoked = self.read();
        let is_past = revoked.removed.is_some_and(|removed| until <= removed);
        is_past || revoked.until.contains_key(&session)
    }

    /// Adds a session, whose last access token expires at `until`.
    pub fn add(&self, session: SessionId, until: Timestamp) {
        let mut revoked = self.write();
        let latest = revoked.until.entry(session).or_insert(until);
        *latest = (*latest).max(until);
    }

    /// Adds what the store has. A session that has ended never opens again, whatever the store has
    /// been restored to.
    pub async fn load(&self, tables: &Tables) -> Result<(), StoreError> {
        for (key, row) in tables.revoked.all().await? {
            if let Ok(session) = key.parse() {
                self.add(SessionId(session), row.value);
            }
        }
        Ok(())
    }

    /// The number of sessions in the list.
    pub(super) fn len(&self) -> usize {
        self.read().until.len()
    }

    /// Removes the sessions whose access tokens have all expired, seven days later.
    pub(super) fn remove_expired(&self, now: Timestamp) {
        let mut revoked = self.write();
        let Revoked { until, removed } = &mut *revoked;
        until.retain(|_, until| {
            let is_kept = now < later(*until, KEPT_AFTER_EXPIRY);
            if !is_kept {
                *removed = (*removed).max(Some(*until));
            }
            is_kept
        });
    }

    fn read(&self) -> RwLockReadGuard<'_, Revoked> {
        self.revoked.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Revoked> {
        self.revoked.write().unwrap_or_else(PoisonError::into_inner)
    }
}
