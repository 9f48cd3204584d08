//! Links by which users set a new password: how they are made, used and invalidated.

use domain::event::Event;
use domain::session::EndReason;
use domain::text::mapped_password;
use domain::user::reset::ResetLink;
use domain::user::{Author, UserError, UserId};

use super::commands::UserDeps;
use super::throttle::Outcome;
use super::{MakeResetLink, ResetPassword};
use crate::failure::Failure;
use crate::password::Client;
use crate::store::StoreError;
use crate::tables::Account;
use crate::tables::batch::WriteBatch;
use crate::tables::table::{Row, version};

type Result<T> = std::result::Result<T, Failure<UserError>>;

impl UserDeps {
    /// Stores a new link of a user, in place of a former one.
    pub(super) async fn make_reset_link(self, make: MakeResetLink) -> Result<ResetLink> {
        let MakeResetLink { user: id, token_hash, by } = make;
        let tables = &self.shared.tables;
        let Row { version: account, value: Account { user, .. } } = self.row(id).await?;
        let former = tables.reset_links.get(id).await?;
        let link = ResetLink { token_hash, made_at: self.shared.clock.now(), by: by.clone() };
        let mut batch = self.shared.batch().by(Some(by));
        batch.require(&tables.accounts, id, Some(account));
        let read_at = version(&former);
        batch.put_until(&tables.reset_links, id, read_at, &link, link.expires_at())?;
        batch.publish(&Event::UserChanged(user))?;
        tables.commit(batch).await?;
        Ok(link)
    }

    /// Sets the password of the user of a link and ends the user's sessions, unless too many links
    /// of the client were wrong.
    pub(super) async fn reset_password(self, reset: ResetPassword) -> Result<Author> {
        let attempt = self.throttle.begin_reset(reset.client).map_err(UserError::from)?;
        let reset = self.check_and_reset_password(reset).await;
        attempt.end(Outcome::of(&reset));
        reset
    }

    async fn check_and_reset_password(&self, reset: ResetPassword) -> Result<Author> {
        let tables = &self.shared.tables;
        let (account, link) = self.find_link(reset.user, &reset.token_hash).await?;
        let Account { user, .. } = account.value.clone();
        let new = mapped_password(&reset.new);
        self.check_new(&new, &user.username, user.email.as_ref()).await?;
        let client = Client::Visitor(reset.client);
        let changed = self.with_password(client, account.value, Some(new)).await?;
        let mut batch = self.shared.batch();
        batch.put(&tables.accounts, user.id, Some(account.version), &changed)?;
        batch.remove(&tables.reset_links, user.id, link.version);
        batch.publish(&Event::UserChanged(user.clone()))?;
        self.end_sessions(user.id, EndReason::PasswordChanged, batch).await?;
        self.default_password.refresh(tables).await;
        Ok(link.value.by)
    }

    /// Returns the account and the link of a token; an error if it has none that works.
    async fn find_link(
        &self,
        user: Option<UserId>,
        token_hash: &str,
    ) -> Result<(Row<Account>, Row<ResetLink>)> {
        let tables = &self.shared.tables;
        let user = user.ok_or(UserError::InvalidResetLink)?;
        let account = tables.accounts.get(user).await?;
        let link = tables.reset_links.get(user).await?;
        let now = self.shared.clock.now();
        let found = account.zip(link).filter(|(_, link)| link.value.admits(token_hash, now));
        found.ok_or_else(|| UserError::InvalidResetLink.into())
    }

    /// Removes the link of a user in the commit that changes the user's password or deletes the
    /// user. The batch must write the account.
    pub(super) async fn remove_reset_link(
        &self,
        batch: &mut WriteBatch,
        user: UserId,
    ) -> std::result::Result<(), StoreError> {
        let reset_links = &self.shared.tables.reset_links;
        match reset_links.get(user).await? {
            Some(row) => batch.remove(reset_links, user, row.version),
            // One that is made at the same time must not survive.
            None => batch.require(reset_links, user, None),
        }
        Ok(())
    }
}
