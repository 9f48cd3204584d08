//! Whether the first administrator still has the default password.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::store::StoreError;
use crate::tables::Tables;

/// Whether the first administrator still has the default password; readable without a message.
#[derive(Clone, Default)]
pub struct DefaultPassword {
    stands: Arc<AtomicBool>,
}

impl DefaultPassword {
    /// Whether the default password still works.
    pub fn stands(&self) -> bool {
        self.stands.load(Ordering::Relaxed)
    }

    /// Reads the first administrator's account again, after it may have changed. A change that is
    /// stored has succeeded, so an error is only logged; the previous value then stays.
    pub(super) async fn refresh(&self, tables: &Tables) {
        if let Err(error) = self.load(tables).await {
            tracing::warn!(%error, "could not read whether the default password still works");
        }
    }

    /// Reads the first administrator's account from the store.
    pub async fn load(&self, tables: &Tables) -> Result<(), StoreError> {
        let account = match tables.seed.get("admin").await? {
            Some(first) => tables.accounts.get(first.value).await?,
            None => None,
        };
        self.stands.store(account.is_some_and(|row| row.value.default_password), Ordering::Relaxed);
        Ok(())
    }
}
