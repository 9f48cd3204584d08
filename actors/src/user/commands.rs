//! The commands of the user directory: read, decide, commit.
//!
//! Commands run concurrently; of two that touch the same rows, one ends in a conflict and is
//! decided again.

use domain::cart::Owner;
use domain::event::Event;
use domain::session::{EndReason, Session};
use domain::text::mapped_password;
use domain::user::Author;
use domain::user::{Role, User, UserError, UserId, Username};
use tokio::time::sleep;

use super::breached::BreachedPasswords;
use super::count::{Change, put_count};
use super::default_password::DefaultPassword;
use super::index::{put_words, remove_words};
use super::lookalikes::{LookRows, free_looks, put_looks, remove_looks};
use super::profiles::Profiles;
use super::throttle::{Outcome, Throttle};
use super::{AddUser, ChangePassword, ChangeUser, DeleteUser, SignOutUser};
use crate::ask::Child;
use crate::clock::new_id;
use crate::conflict::{ATTEMPTS, pause};
use crate::failure::Failure;
use crate::password::{Client, Hasher};
use crate::session::{EndSessions, ReplaceSessions, SessionSelector, TokenRegistry, VerifiedUser};
use crate::shared::Shared;
use crate::store::Version;
use crate::tables::batch::WriteBatch;
use crate::tables::table::{Row, version};
use crate::tables::{Account, Buyer};

type Result<T> = std::result::Result<T, Failure<UserError>>;

/// The dependencies of the user directory.
#[derive(Clone)]
pub struct UserDeps {
    /// Store, snapshot, clock and rules.
    pub shared: Shared,
    /// Hashes passwords.
    pub hasher: Hasher,
    /// The list of leaked passwords.
    pub breached: BreachedPasswords,
    /// Ends the sessions of changed and deleted users.
    pub sessions: Child<TokenRegistry>,
    /// Kept up to date.
    pub default_password: DefaultPassword,
    /// Forgets users who change.
    pub profiles: Profiles,
    /// Recent failures and registrations.
    pub(super) throttle: Throttle,
}

impl UserDeps {
    /// Collects the dependencies.
    pub fn new(
        shared: &Shared,
        hasher: Hasher,
        breached: BreachedPasswords,
        sessions: &Child<TokenRegistry>,
        default_password: &DefaultPassword,
        profiles: &Profiles,
    ) -> Self {
        Self {
            shared: shared.clone(),
            hasher,
            breached,
            sessions: sessions.clone(),
            default_password: default_password.clone(),
            profiles: profiles.clone(),
            throttle: Throttle::new(shared),
        }
    }

    /// Adds a user, unless too many have registered from the same client.
    pub(super) async fn add(self, add: AddUser) -> Result<VerifiedUser> {
        let password = mapped_password(&add.password);
        self.check_new(&password, &add.username, add.email.as_ref()).await?;
        let attempt = self.throttle.begin_registration(add.client)?;
        let added = self.add_account(add, password).await;
        // A taken name counts too: the answer shows that it exists.
        let is_counted = matches!(added, Ok(_) | Err(Failure::Refused(UserError::UsernameTaken)));
        let outcome = if is_counted { Outcome::Counted } else { Outcome::Void };
        attempt.end(outcome);
        added
    }

    async fn add_account(&self, add: AddUser, password: String) -> Result<VerifiedUser> {
        self.free_name(&add.username).await?;
        let password_hash = self.hasher.hash(add.client, password).await?;
        let now = self.shared.clock.now();
        let user = User {
            id: UserId(new_id(now)),
            username: add.username,
            email: add.email,
            role: add.role,
            created_at: now,
        };
        let account = Account { user, password_hash, default_password: false };
        // All registrations change the number of users. After a conflict, the password need not be
        // hashed again.
        for attempt in 1..=ATTEMPTS {
            match self.put_account(&account, add.client, add.by.clone()).await {
                Err(Failure::Conflict) => sleep(pause(attempt)).await,
                stored => return stored.map(|()| VerifiedUser { user: account.user, version: 1 }),
            }
        }
        Err(Failure::Conflict)
    }

    /// Stores a new account.
    async fn put_account(
        &self,
        account: &Account,
        client: Client,
        by: Option<Author>,
    ) -> Result<()> {
        let tables = &self.shared.tables;
        let user = &account.user;
        let looks = self.free_name(&user.username).await?;
        let mut batch = self.shared.batch().by(by);
        batch.put(&tables.usernames, user.username.folded(), None, &user.id)?;
        put_looks(tables, &mut batch, &looks, user.id)?;
        put_words(tables, &mut batch, None, user).await?;
        batch.put(&tables.accounts, user.id, None, account)?;
        batch.put(&tables.buyers, user.id, None, &Buyer::new())?;
        put_count(tables, &mut batch, Change::Added).await?;
        if let Client::Visitor(network) = client {
            self.put_network(&mut batch, user.id, network).await?;
        }
        self.update_admins(&mut batch, user.id, user.role).await?;
        batch.publish(&Event::UserAdded(user.clone()))?;
        tables.commit(batch).await?;
        Ok(())
    }

    /// Returns the looks of a name; an error if the name is taken or looks like one that is.
    async fn free_name(&self, name: &Username) -> Result<LookRows> {
        let tables = &self.shared.tables;
        if tables.usernames.get(&name.folded()).await?.is_some() {
            return Err(UserError::UsernameTaken.into());
        }
        Ok(free_looks(tables, name).await?.ok_or(UserError::UsernameTaken)?)
    }

    /// Changes a password, given the current one, and replaces every session by a new one.
    pub(super) async fn change_password(self, change: ChangePassword) -> Result<Session> {
        let attempt = self.throttle.begin_change(change.user).map_err(UserError::from)?;
        let changed = self.check_and_change_password(change).await;
        attempt.end(Outcome::of(&changed));
        changed
    }

    async fn check_and_change_password(&self, change: ChangePassword) -> Result<Session> {
        let new = mapped_password(&change.new);
        let row = self.row(change.user).await?;
        let user = &row.value.user;
        self.check_new(&new, &user.username, user.email.as_ref()).await?;
        let client = Client::User(change.user);
        if !self.is_password(client, change.current, &row.value).await? {
            return Err(UserError::WrongPassword.into());
        }
        let account = self.with_password(client, row.value, Some(new)).await?;
        let mut batch = self.shared.batch();
        batch.put(&self.shared.tables.accounts, change.user, Some(row.version), &account)?;
        self.remove_reset_link(&mut batch, change.user).await?;
        let replaced = self.sessions.ask_once(ReplaceSessions {
            user: account.user,
            client: change.client,
            reason: EndReason::PasswordChanged,
            with: batch,
        });
        let replaced = replaced.await;
        let session = replaced.map_err(|failure| failure.map_refused(|_| UserError::Unknown))?;
        self.default_password.refresh(&self.shared.tables).await;
        Ok(session)
    }

    /// Returns the account of a user.
    pub(super) async fn get(self, id: UserId) -> Result<Account> {
        Ok(self.row(id).await?.value)
    }

    /// Changes a user; a new role or password ends the user's sessions.
    pub(super) async fn change(self, change: ChangeUser) -> Result<User> {
        let password = change.password.as_deref().map(mapped_password);
        let tables = &self.shared.tables;
        let Row { version, value: before } = self.row(change.user).await?;
        let role = change.role.unwrap_or(before.user.role);
        let email = change.email.unwrap_or_else(|| before.user.email.clone());
        let user = User { role, email, ..before.user.clone() };
        if let Some(password) = &password {
            self.check_new(password, &user.username, user.email.as_ref()).await?;
        }
        let reason = match password {
            Some(_) => Some(EndReason::PasswordChanged),
            None => (role != before.user.role).then_some(EndReason::UserChanged),
        };
        let account = Account { user: user.clone(), ..before.clone() };
        let account = self.with_password(Client::Staff, account, password).await?;
        let mut batch = self.shared.batch().by(change.by);
        if reason == Some(EndReason::PasswordChanged) {
            self.remove_reset_link(&mut batch, user.id).await?;
        }
        put_words(tables, &mut batch, Some(&before.user), &user).await?;
        batch.put(&tables.accounts, user.id, Some(version), &account)?;
        self.update_admins(&mut batch, user.id, role).await?;
        batch.publish(&Event::UserChanged(user.clone()))?;
        match reason {
            Some(reason) => self.end_sessions(user.id, reason, batch).await?,
            None => drop(tables.commit(batch).await?),
        }
        self.profiles.forget(user.id);
        self.default_password.refresh(tables).await;
        Ok(user)
    }

    /// Deletes a user with their cart and sessions, and lists them for the order desk, which makes
    /// their orders anonymous.
    pub(super) async fn delete(self, DeleteUser { user: id, by }: DeleteUser) -> Result<User> {
        let tables = &self.shared.tables;
        let Row { version, value: Account { user, .. } } = self.row(id).await?;
        let folded = user.username.folded();
        let owner = Owner::User(id);
        let mut batch = self.shared.batch().by(by);
        batch.remove(&tables.accounts, id, version);
        if let Some(row) = tables.usernames.get(&folded).await? {
            batch.remove(&tables.usernames, &folded, row.version);
        }
        remove_looks(tables, &mut batch, &user).await?;
        remove_words(tables, &mut batch, &user).await?;
        if let Some(row) = tables.last_seen.get(id).await? {
            batch.remove(&tables.last_seen, id, row.version);
        }
        if let Some(row) = tables.carts.get(&owner).await? {
            batch.remove(&tables.carts, &owner, row.version);
        }
        match tables.known_networks.get(id).await? {
            Some(row) => batch.remove(&tables.known_networks, id, row.version),
            // A sign-in at the same time must not leave a row.
            None => batch.require(&tables.known_networks, id, None),
        }
        self.remove_reset_link(&mut batch, id).await?;
        put_count(tables, &mut batch, Change::Deleted).await?;
        batch.put(&tables.deleted_users, id, None, &id)?;
        self.update_admins(&mut batch, id, Role::Customer).await?;
        batch.publish(&Event::UserDeleted(user.clone()))?;
        self.end_sessions(id, EndReason::UserChanged, batch).await?;
        self.profiles.forget(id);
        self.default_password.refresh(tables).await;
        Ok(user)
    }

    /// Ends every session of a user.
    pub(super) async fn sign_out(self, SignOutUser { user, by }: SignOutUser) -> Result<User> {
        let user = self.row(user).await?.value.user;
        let batch = self.shared.batch().by(Some(by));
        self.end_sessions(user.id, EndReason::SignedOut, batch).await?;
        Ok(user)
    }

    /// Rehashes a password at the configured cost and returns the account's version. Only a
    /// conflict fails: the old hash remains valid.
    pub(super) async fn try_rehash(
        &self,
        client: Client,
        account: &Account,
        version: Version,
        password: String,
    ) -> Result<Version> {
        match self.rehash(client, account, version, password).await {
            Ok(version) => Ok(version),
            Err(Failure::Conflict) => Err(Failure::Conflict),
            Err(error) => {
                tracing::warn!(%error, "could not rehash a password at the configured cost");
                Ok(version)
            }
        }
    }

    async fn rehash(
        &self,
        client: Client,
        account: &Account,
        version: Version,
        password: String,
    ) -> Result<Version> {
        let password_hash = self.hasher.hash(client, password).await?;
        let rehashed = Account { password_hash, ..account.clone() };
        let mut batch = self.shared.batch();
        let accounts = &self.shared.tables.accounts;
        batch.put(accounts, account.user.id, Some(version), &rehashed)?;
        self.shared.tables.commit(batch).await?;
        Ok(version + 1)
    }

    /// Returns the account with a new password, if there is one.
    pub(super) async fn with_password(
        &self,
        client: Client,
        account: Account,
        new: Option<String>,
    ) -> Result<Account> {
        let Some(new) = new else { return Ok(account) };
        let password_hash = self.hasher.hash(client, new).await?;
        Ok(Account { password_hash, default_password: false, ..account })
    }

    pub(super) async fn row(&self, id: UserId) -> Result<Row<Account>> {
        let row = self.shared.tables.accounts.get(id).await?;
        row.ok_or_else(|| UserError::Unknown.into())
    }

    /// Updates the list of administrators for a user's new role, so that at least one administrator
    /// remains.
    async fn update_admins(&self, batch: &mut WriteBatch, user: UserId, role: Role) -> Result<()> {
        let admins = &self.shared.tables.admins;
        let row = admins.get("all").await?;
        let mut ids = row.as_ref().map(|row| row.value.clone()).unwrap_or_default();
        match (ids.contains(&user), role) {
            (false, Role::Admin) => ids.push(user),
            (true, Role::Customer) if ids.len() == 1 => return Err(UserError::LastAdmin.into()),
            (true, Role::Customer) => ids.retain(|admin| *admin != user),
            (true, Role::Admin) | (false, Role::Customer) => return Ok(()),
        }
        Ok(batch.put(admins, "all", version(&row), &ids)?)
    }

    /// Commits a batch together with the end of all sessions of a user.
    pub(super) async fn end_sessions(
        &self,
        user: UserId,
        reason: EndReason,
        batch: WriteBatch,
    ) -> Result<()> {
        let end = EndSessions { user, sessions: SessionSelector::All, reason, with: Some(batch) };
        let ended = self.sessions.ask_once(end).await;
        ended.map_err(|failure| failure.map_refused(|_| UserError::Unknown))
    }
}
