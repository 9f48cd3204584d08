//! The user directory.
//!
//! Owns: who has guessed wrong passwords lately; users are in the store.
//! Serves: registration, password checks, administrators.
//! Tells: `user.added`, `user.changed`, `user.deleted`.
//! Restart: wrong guesses are forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, ResponseActFuture,
    ResponseFuture, WrapFuture, fut,
};
use domain::cart::Owner;
use domain::event::Event;
use domain::session::EndReason;
use domain::user::{Email, Role, User, UserError, UserId, Username, check_password};
use serde_json::json;

use crate::ask::{Child, Failure, Observe, Observed};
use crate::clock::{Clock, new_id};
use crate::failpoint;
use crate::password::{HashError, Hasher};
use crate::session::{EndSessions, SessionSelector, TokenRegistry};
use crate::store::{StoreError, Version};
use crate::tables::{Account, Row, Tables, VerifiedUser, WriteBatch, version};
use throttle::{Guesses, guesser};

mod throttle;

type Reply<T> = ResponseFuture<Result<T, Failure<UserError>>>;
type GuessReply<T> = ResponseActFuture<UserDirectory, Result<T, Failure<UserError>>>;

/// How often wrong passwords that count no more are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// Makes a new user.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<VerifiedUser, Failure<UserError>>")]
pub struct AddUser {
    /// The name to sign in with.
    pub username: Username,
    /// Where to write to.
    pub email: Option<Email>,
    /// The password.
    pub password: String,
    /// What the user may do.
    pub role: Role,
}

/// Asks who has that name and password. Whoever is wrong too often has to wait, by address and submitted name.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<VerifiedUser, Failure<UserError>>")]
pub struct CheckPassword {
    /// The name as submitted.
    pub username: String,
    /// The password as submitted.
    pub password: String,
    /// Where the client is.
    pub address: String,
}

/// Changes a user's password and signs the user out everywhere else.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<User, Failure<UserError>>")]
pub struct ChangePassword {
    /// Whose.
    pub user: UserId,
    /// The password until now.
    pub current: String,
    /// The new one.
    pub new: String,
    /// Which of the user's sessions stay on.
    pub sessions: SessionSelector,
}

/// Asks for a user.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Account, Failure<UserError>>")]
pub struct GetUser(pub UserId);

/// Asks for users in the order of their registration.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Vec<User>, Failure<UserError>>")]
pub struct ListUsers {
    /// Behind this one.
    pub after: Option<UserId>,
    /// How many at most.
    pub limit: usize,
}

/// Changes a user's role, address and password in one commit; another role or password signs the user out.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<User, Failure<UserError>>")]
pub struct ChangeUser {
    /// Who.
    pub user: UserId,
    /// The new role.
    pub role: Option<Role>,
    /// The new address.
    pub email: Option<Email>,
    /// The new password.
    pub password: Option<String>,
}

/// Deletes a user with all that is the user's, and signs the user out; orders stay, and say no more whose they were.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<User, Failure<UserError>>")]
pub struct DeleteUser(pub UserId);

/// Whether the first administrator still has the password that everybody knows: readable without a message.
#[derive(Clone, Default)]
pub struct DefaultPassword {
    stands: Arc<AtomicBool>,
}

impl DefaultPassword {
    /// Whether it does.
    pub fn stands(&self) -> bool {
        self.stands.load(Ordering::Relaxed)
    }

    /// Reads from the store whether it does.
    pub async fn look(&self, tables: &Tables) -> Result<(), StoreError> {
        let first = tables.seed.get("admin").await?;
        let account = match first {
            Some(first) => tables.accounts.get(first.value).await?,
            None => None,
        };
        self.stands.store(account.is_some_and(|row| row.value.default_password), Ordering::Relaxed);
        Ok(())
    }
}

/// What the user directory needs to work.
#[derive(Clone)]
pub struct UserDeps {
    /// Where users are kept.
    pub tables: Tables,
    /// Hashes their passwords.
    pub hasher: Hasher,
    /// Signs out whom the directory changes.
    pub sessions: Child<TokenRegistry>,
    /// Tells the time.
    pub clock: Clock,
    /// Kept up to date.
    pub default_password: DefaultPassword,
    /// Whether wrong passwords slow down.
    pub throttle: bool,
}

/// The actor that knows every user.
pub struct UserDirectory {
    parts: UserDeps,
    guesses: Guesses,
}

impl UserDirectory {
    /// A directory of the users in the store.
    pub fn new(parts: UserDeps) -> Self {
        Self { parts, guesses: Guesses::default() }
    }

    /// Checks a password unless whoever submits it was wrong too often, and remembers whether it was wrong.
    fn guess<T: 'static>(
        &mut self,
        guesser: String,
        check: impl Future<Output = Result<T, Failure<UserError>>> + 'static,
    ) -> GuessReply<T> {
        if !self.parts.throttle {
            return Box::pin(check.into_actor(self));
        }
        let guess = match self.guesses.begin(guesser, self.parts.clock.now()) {
            Ok(guess) => guess,
            Err(refused) => return Box::pin(fut::err(refused.into())),
        };
        Box::pin(check.into_actor(self).map(|checked, directory, _| {
            let was_right = match &checked {
                Ok(_) => Some(true),
                Err(Failure::Refused(UserError::InvalidCredentials | UserError::WrongPassword)) => {
                    Some(false)
                }
                Err(_) => None,
            };
            directory.guesses.end(guess, was_right, directory.parts.clock.now());
            checked
        }))
    }
}

impl Actor for UserDirectory {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(FORGET_EVERY, |directory, _| {
            directory.guesses.forget(directory.parts.clock.now());
        });
    }
}

impl Handler<AddUser> for UserDirectory {
    type Result = Reply<VerifiedUser>;

    fn handle(&mut self, add: AddUser, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.parts.clone().add(add))
    }
}

impl Handler<CheckPassword> for UserDirectory {
    type Result = GuessReply<VerifiedUser>;

    fn handle(&mut self, check: CheckPassword, _: &mut Self::Context) -> Self::Result {
        failpoint::reach("users");
        self.guess(guesser(&check.address, &check.username), self.parts.clone().check(check))
    }
}

impl Handler<ChangePassword> for UserDirectory {
    type Result = GuessReply<User>;

    fn handle(&mut self, change: ChangePassword, _: &mut Self::Context) -> Self::Result {
        self.guess(change.user.to_string(), self.parts.clone().change_password(change))
    }
}

impl Handler<GetUser> for UserDirectory {
    type Result = Reply<Account>;

    fn handle(&mut self, GetUser(user): GetUser, _: &mut Self::Context) -> Self::Result {
        let parts = self.parts.clone();
        Box::pin(async move { Ok(parts.account(user).await?.value) })
    }
}

impl Handler<ListUsers> for UserDirectory {
    type Result = Reply<Vec<User>>;

    fn handle(
        &mut self,
        ListUsers { after, limit }: ListUsers,
        _: &mut Self::Context,
    ) -> Self::Result {
        let (accounts, after) =
            (self.parts.tables.accounts.clone(), after.map(|user| user.to_string()));
        Box::pin(async move {
            let rows = accounts.list("", after.as_deref(), limit).await?;
            Ok(rows.into_iter().map(|(_, row)| row.value.user).collect())
        })
    }
}

impl Handler<ChangeUser> for UserDirectory {
    type Result = Reply<User>;

    fn handle(&mut self, change: ChangeUser, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.parts.clone().change(change))
    }
}

impl Handler<DeleteUser> for UserDirectory {
    type Result = Reply<User>;

    fn handle(&mut self, DeleteUser(user): DeleteUser, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.parts.clone().delete(user))
    }
}

impl Handler<Observe> for UserDirectory {
    type Result = Observed;

    fn handle(&mut self, _: Observe, _: &mut Self::Context) -> Observed {
        Observed(
            json!({ "hashing": self.parts.hasher.under_way(), "failures": self.guesses.len() }),
        )
    }
}

impl UserDeps {
    async fn add(self, add: AddUser) -> Result<VerifiedUser, Failure<UserError>> {
        check_password(&add.password)?;
        let folded = add.username.folded();
        if self.tables.usernames.get(&folded).await?.is_some() {
            return Err(UserError::UsernameTaken.into());
        }
        let password_hash = self.hasher.hash(add.password).await?;
        let now = self.clock.now();
        let user = User {
            id: UserId(new_id(now)),
            username: add.username,
            email: add.email,
            role: add.role,
            created_at: now,
        };
        let account = Account { user: user.clone(), password_hash, default_password: false };
        let change =
            self.tables.change(now).put(&self.tables.usernames, &folded, None, &user.id)?;
        let change = change.put(&self.tables.accounts, user.id, None, &account)?;
        let change = self
            .with_admins(change, user.id, user.role)
            .await?
            .publish(&Event::UserAdded(user.clone()))?;
        self.tables.commit(change).await?;
        Ok(VerifiedUser { user, version: 1 })
    }

    async fn check(self, check: CheckPassword) -> Result<VerifiedUser, Failure<UserError>> {
        let account = self.named(&check.username).await?;
        let hash = account.as_ref().map(|row| row.value.password_hash.clone());
        let matches = self.hasher.verify(check.password.clone(), hash).await?;
        let Row { version, value: account } =
            account.filter(|_| matches).ok_or(UserError::InvalidCredentials)?;
        if !self.hasher.is_outdated(&account.password_hash) {
            return Ok(VerifiedUser { user: account.user, version });
        }
        match self.hash_anew(&account, version, check.password).await {
            Ok(version) => Ok(VerifiedUser { user: account.user, version }),
            Err(Failure::Conflict) => Err(Failure::Conflict),
            Err(error) => {
                tracing::warn!(%error, "a password keeps its hash of another cost");
                Ok(VerifiedUser { user: account.user, version })
            }
        }
    }

    /// Stores the hash of an account's password at today's cost, and gives the account's new version.
    async fn hash_anew(
        &self,
        account: &Account,
        version: Version,
        password: String,
    ) -> Result<Version, Failure<UserError>> {
        let account =
            Account { password_hash: self.hasher.hash(password).await?, ..account.clone() };
        let put = self.tables.change(self.clock.now());
        self.tables
            .commit(put.put(&self.tables.accounts, account.user.id, Some(version), &account)?)
            .await?;
        Ok(version + 1)
    }

    async fn change_password(self, change: ChangePassword) -> Result<User, Failure<UserError>> {
        check_password(&change.new)?;
        let row = self.account(change.user).await?;
        if !self.hasher.verify(change.current, Some(row.value.password_hash.clone())).await? {
            return Err(UserError::WrongPassword.into());
        }
        let account = self.with_password(row.value, Some(change.new)).await?;
        let put = self.tables.change(self.clock.now());
        let put = put.put(&self.tables.accounts, change.user, Some(row.version), &account)?;
        self.end_sessions(change.user, change.sessions, EndReason::PasswordChanged, put).await?;
        self.default_password.look(&self.tables).await?;
        Ok(account.user)
    }

    async fn change(self, change: ChangeUser) -> Result<User, Failure<UserError>> {
        change.password.as_deref().map_or(Ok(()), check_password)?;
        let row = self.account(change.user).await?;
        let role = change.role.unwrap_or(row.value.user.role);
        let email = change.email.or_else(|| row.value.user.email.clone());
        let user = User { role, email, ..row.value.user.clone() };
        let reason = match change.password {
            Some(_) => Some(EndReason::PasswordChanged),
            None => (role != row.value.user.role).then_some(EndReason::UserChanged),
        };
        let account = self
            .with_password(Account { user: user.clone(), ..row.value }, change.password)
            .await?;
        let put = self.tables.change(self.clock.now());
        let put = put.put(&self.tables.accounts, user.id, Some(row.version), &account)?;
        let put = self
            .with_admins(put, user.id, role)
            .await?
            .publish(&Event::UserChanged(user.clone()))?;
        match reason {
            Some(reason) => self.end_sessions(user.id, SessionSelector::All, reason, put).await?,
            None => drop(self.tables.commit(put).await?),
        }
        self.default_password.look(&self.tables).await?;
        Ok(user)
    }

    async fn delete(self, id: UserId) -> Result<User, Failure<UserError>> {
        let Row { version, value: Account { user, .. } } = self.account(id).await?;
        let folded = user.username.folded();
        let change =
            self.tables.change(self.clock.now()).remove(&self.tables.accounts, id, version);
        let change = match self.tables.usernames.get(&folded).await? {
            Some(row) => change.remove(&self.tables.usernames, &folded, row.version),
            None => change,
        };
        let owner = Owner::User(id);
        let change = match self.tables.carts.get(&owner).await? {
            Some(row) => change.remove(&self.tables.carts, &owner, row.version),
            None => change,
        };
        let change = change.put(&self.tables.deleted_users, id, None, &id)?;
        let change = self
            .with_admins(change, id, Role::Customer)
            .await?
            .publish(&Event::UserDeleted(user.clone()))?;
        self.end_sessions(id, SessionSelector::All, EndReason::UserChanged, change).await?;
        self.default_password.look(&self.tables).await?;
        Ok(user)
    }

    /// An account with its new password, if there is one.
    async fn with_password(
        &self,
        account: Account,
        new: Option<String>,
    ) -> Result<Account, Failure<UserError>> {
        let Some(new) = new else { return Ok(account) };
        Ok(Account {
            password_hash: self.hasher.hash(new).await?,
            default_password: false,
            ..account
        })
    }

    async fn named(&self, username: &str) -> Result<Option<Row<Account>>, Failure<UserError>> {
        let Ok(username) = Username::new(username) else { return Ok(None) };
        match self.tables.usernames.get(username.folded()).await? {
            Some(row) => Ok(self.tables.accounts.get(row.value).await?),
            None => Ok(None),
        }
    }

    async fn account(&self, user: UserId) -> Result<Row<Account>, Failure<UserError>> {
        self.tables.accounts.get(user).await?.ok_or_else(|| UserError::Unknown.into())
    }

    /// Keeps the list of administrators in step with a user's new role, so that never none is left.
    async fn with_admins(
        &self,
        change: WriteBatch,
        user: UserId,
        role: Role,
    ) -> Result<WriteBatch, Failure<UserError>> {
        let row = self.tables.admins.get("all").await?;
        let mut admins = row.as_ref().map(|row| row.value.clone()).unwrap_or_default();
        match (admins.contains(&user), role) {
            (false, Role::Admin) => admins.push(user),
            (true, Role::Customer) if admins.len() == 1 => return Err(UserError::LastAdmin.into()),
            (true, Role::Customer) => admins.retain(|admin| *admin != user),
            _ => return Ok(change),
        }
        Ok(change.put(&self.tables.admins, "all", version(&row), &admins)?)
    }

    async fn end_sessions(
        &self,
        user: UserId,
        sessions: SessionSelector,
        reason: EndReason,
        change: WriteBatch,
    ) -> Result<(), Failure<UserError>> {
        let end = EndSessions { user, sessions, reason, with: Some(change) };
        self.sessions
            .ask_once(end)
            .await
            .map_err(|failure| failure.map_refused(|_| UserError::Unknown))
    }
}

impl From<UserError> for Failure<UserError> {
    fn from(error: UserError) -> Self {
        Self::Refused(error)
    }
}

impl From<HashError> for Failure<UserError> {
    fn from(error: HashError) -> Self {
        match error {
            HashError::TooBusy => UserError::TooBusy.into(),
            HashError::Broken => Self::Unavailable(error.to_string()),
        }
    }
}
