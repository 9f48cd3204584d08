//! The networks from which users have signed in, as stored.

use domain::network::Network;
use domain::time::later;
use domain::user::UserId;
use domain::user::known::KEPT;

use super::commands::UserDeps;
use super::sign_in::find_user;
use crate::session::VerifiedUser;
use crate::store::StoreError;
use crate::tables::batch::WriteBatch;
use crate::tables::table::version;

type Result<T> = std::result::Result<T, StoreError>;

impl UserDeps {
    /// Whether the user with a submitted name has signed in from a network before.
    pub(super) async fn is_known(&self, username: &str, network: Network) -> Result<bool> {
        let tables = &self.shared.tables;
        let Some(user) = find_user(tables, username).await? else { return Ok(false) };
        let known = tables.known_networks.get(user).await?;
        Ok(known.is_some_and(|row| row.value.contains(network)))
    }

    /// Stores the network of a sign-in. If that fails, the user has signed in all the same.
    pub(super) async fn note_network(&self, verified: &VerifiedUser, network: Network) {
        match self.try_to_note(verified, network).await {
            // Another sign-in was noted, or the account was changed in the meantime.
            Ok(()) | Err(StoreError::Conflict) => {}
            Err(error) => tracing::warn!(%error, "could not store the network of a sign-in"),
        }
    }

    async fn try_to_note(&self, verified: &VerifiedUser, network: Network) -> Result<()> {
        let tables = &self.shared.tables;
        let VerifiedUser { user, version } = verified;
        let mut batch = self.shared.batch();
        // The row of a deleted user must not be put again.
        batch.require(&tables.accounts, user.id, Some(*version));
        if self.put_network(&mut batch, user.id, network).await? {
            tables.commit(batch).await?;
        }
        Ok(())
    }

    /// Puts the network of a sign-in, if it is not stored already. The batch must name the version
    /// of the account.
    pub(super) async fn put_network(
        &self,
        batch: &mut WriteBatch,
        user: UserId,
        network: Network,
    ) -> Result<bool> {
        let table = &self.shared.tables.known_networks;
        let row = table.get(user).await?;
        let known = row.as_ref().map(|row| row.value.clone()).unwrap_or_default();
        let now = self.shared.clock.now();
        let Some(known) = known.after_sign_in(network, now) else { return Ok(false) };
        batch.put_until(table, user, version(&row), &known, later(now, KEPT))?;
        Ok(true)
    }
}
