//! The list of ended sessions, which can be read without a message.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::session::SessionId;
use jiff::Timestamp;

use crate::store::StoreError;
use crate::tables::Tables;

/// Ended sessions whose access tokens may not have expired yet.
///
/// Every request checks it, so that a revocation takes effect at once without a read of the store.
#[derive(Clone, Default)]
pub struct Revocations {
    /// The time when the last access token of each session expires.
    until: Arc<RwLock<HashMap<SessionId, Timestamp>>>,
}

impl Revocations {
    /// Whether a session has ended.
    pub fn contains(&self, session: SessionId) -> bool {
        self.until.read().unwrap_or_else(PoisonError::into_inner).contains_key(&session)
    }

    /// Adds a session, whose last access token expires at `until`.
    pub fn add(&self, session: SessionId, until: Timestamp) {
        self.until.write().unwrap_or_else(PoisonError::into_inner).insert(session, until);
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
        self.until.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Removes the sessions whose access tokens have all expired.
    pub(super) fn remove_expired(&self, now: Timestamp) {
        self.until.write().unwrap_or_else(PoisonError::into_inner).retain(|_, until| *until > now);
    }
}
