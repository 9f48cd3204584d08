//! Whether the first administrator still has the default password.

use std::sync::{Arc, PoisonError, RwLock};

use domain::event::Event;
use domain::session::EndReason;
use domain::user::UserId;

use crate::store::StoreError;
use crate::tables::Tables;

/// Whether the first administrator still has the default password; readable without a message.
#[derive(Clone, Default)]
pub struct DefaultPassword {
    /// The first administrator, as long as the default password works.
    holder: Arc<RwLock<Option<UserId>>>,
}

impl DefaultPassword {
    /// Whether the default password still works.
    pub fn stands(&self) -> bool {
        self.holder.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Applies an event of the log: another node may have set a password.
    pub(crate) fn apply(&self, event: &Event) {
        let gone = match event {
            Event::SessionEnded { user, reason: EndReason::PasswordChanged, .. } => *user,
            Event::UserDeleted(user) => user.id,
            _ => return,
        };
        // It never becomes the default again.
        let mut holder = self.holder.write().unwrap_or_else(PoisonError::into_inner);
        holder.take_if(|holder| *holder == gone);
    }

    /// Reads the first administrator's account again, after it may have changed. A change that is
    /// stored has succeeded, so an error is only logged; the previous value then stays.
    pub(crate) async fn refresh(&self, tables: &Tables) {
        if let Err(error) = self.load(tables).await {
            tracing::warn!(%error, "could not read whether the default password still works");
        }
    }

    /// Reads the first administrator's account from the store.
    pub async fn load(&self, tables: &Tables) -> Result<(), StoreError> {
        let first = tables.seed.get("admin").await?.map(|row| row.value);
        let account = match first {
            Some(first) => tables.accounts.get(first).await?,
            None => None,
        };
        let stands = account.is_some_and(|row| row.value.default_password);
        *self.holder.write().unwrap_or_else(PoisonError::into_inner) = first.filter(|_| stands);
        Ok(())
    }
}
