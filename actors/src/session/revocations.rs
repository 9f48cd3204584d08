//! The list of ended sessions, which can be read without a message.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use domain::moment::KEPT_AFTER_EXPIRY;
use domain::session::SessionId;
use domain::time::later;
use jiff::Timestamp;

use crate::store::StoreError;
use crate::tables::Tables;

/// Ended sessions whose access tokens may not have expired yet.
///
/// Every request checks it, so that a revocation takes effect at once without a read of the store.
#[derive(Clone, Default)]
pub struct Revocations {
    revoked: Arc<RwLock<Revoked>>,
}

#[derive(Default)]
struct Revoked {
    /// The time when the last access token of each session expires.
    until: HashMap<SessionId, Timestamp>,
    /// The latest of these times that is no longer in the list.
    removed: Option<Timestamp>,
}

impl Revocations {
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

    /// Reads the list from the store.
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
