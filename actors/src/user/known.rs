//! The networks from which users have signed in, as stored.

use domain::network::Network;
use domain::time::later;
use domain::user::known::{KEPT, KnownNetworks, MOST};
use domain::user::{UserError, UserId};

use super::KnownNetworksOf;
use super::commands::UserDeps;
use super::sign_in::find_user;
use crate::failure::Failure;
use crate::session::VerifiedUser;
use crate::store::{StoreError, Version};
use crate::tables::batch::WriteBatch;
use crate::tables::table::Row;

type Result<T> = std::result::Result<T, StoreError>;

impl UserDeps {
    /// Returns the networks from which a user has signed in.
    pub(super) async fn networks_of(
        self,
        KnownNetworksOf(user): KnownNetworksOf,
    ) -> std::result::Result<KnownNetworks, Failure<UserError>> {
        Ok(self.known_networks(user).await?.1)
    }

    /// Whether the user with a submitted name has signed in from a network before.
    pub(super) async fn is_known(&self, username: &str, network: Network) -> Result<bool> {
        let user = find_user(&self.shared.tables, username).await?;
        let Some(user) = user else { return Ok(false) };
        let (_, known) = self.known_networks(user).await?;
        Ok(known.contains(network))
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
        let (version, known) = self.known_networks(user).await?;
        let now = self.shared.clock.now();
        let Some(known) = known.after_sign_in(network, now) else { return Ok(false) };
        let table = &self.shared.tables.known_networks;
        batch.put_until(table, user, version, &known, later(now, KEPT))?;
        Ok(true)
    }

    /// Returns the networks from which a user has signed in, with the version of their row.
    ///
    /// Earlier versions stored none. Until the user signs in again, those of the latest sessions
    /// count.
    async fn known_networks(&self, user: UserId) -> Result<(Option<Version>, KnownNetworks)> {
        match self.shared.tables.known_networks.get(user).await? {
            Some(row) => Ok((Some(row.version), row.value)),
            None => Ok((None, self.networks_of_sessions(user).await?)),
        }
    }

    async fn networks_of_sessions(&self, user: UserId) -> Result<KnownNetworks> {
        let tables = &self.shared.tables;
        let ids = tables.user_sessions.get(user).await?.map(|row| row.value).unwrap_or_default();
        let latest: Vec<_> = ids.into_iter().rev().take(MOST).collect();
        let sessions = tables.sessions.get_many(&latest).await?;
        let sign_ins =
            sessions.into_iter().flatten().rev().map(|Row { value: session, .. }| {
                (Network::parse(&session.address), session.created_at)
            });
        Ok(sign_ins.fold(KnownNetworks::default(), |known, (network, at)| {
            known.after_sign_in(network, at).unwrap_or(known)
        }))
    }
}
