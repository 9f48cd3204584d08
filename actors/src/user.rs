//! The user directory: accounts and their passwords.
//!
//! Owns: recent failures of password checks and registrations; accounts are in the store.
//! Serves: registration, sign-in, administrators.
//! Publishes: `user.added`, `user.changed`, `user.deleted`.
//! Restart: recent failures outlive the actor; those of a process are forgotten.

use std::time::Duration;

use actix::{Actor, AsyncContext, Context, Handler, Message, MessageResult};
use domain::list::ListPage;
use domain::network::Network;
use domain::session::Session;
use domain::user::Author;
use domain::user::known::KnownNetworks;
use domain::user::report::UserReport;
use domain::user::reset::ResetLink;
use domain::user::{Email, Role, User, UserError, UserId, Username};

use crate::failpoint;
use crate::failure::Failure;
use crate::handling::Detached;
use crate::observe::Observe;
use crate::password::{Client, HashError};
use crate::session::{SessionClient, VerifiedUser};
use crate::tables::Account;
use commands::UserDeps;

pub mod breached;
pub mod commands;
mod count;
pub mod default_password;
pub mod index;
mod known;
mod list;
pub mod lookalikes;
mod new_password;
pub mod profiles;
mod reset;
pub mod sign_in;
mod throttle;

/// How often failures that no longer count are removed.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Adds a user.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<VerifiedUser, Failure<UserError>>")]
pub struct AddUser {
    /// The name to sign in with.
    pub username: Username,
    /// The e-mail address.
    pub email: Option<Email>,
    /// The password.
    pub password: String,
    /// The role.
    pub role: Role,
    /// The client that adds the user. The registrations of visitors are throttled.
    pub client: Client,
    /// The administrator who adds the user, if one does.
    pub by: Option<Author>,
}

/// Checks a name and a password. Failures are counted by client and submitted name, by client,
/// by site and by name.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<VerifiedUser, Failure<UserError>>")]
pub struct CheckPassword {
    /// The name as submitted.
    pub username: String,
    /// The password as submitted.
    pub password: String,
    /// The client.
    pub client: Network,
}

/// Requests the id of the user with a name, as submitted; `None` if there is no such user.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Option<UserId>, Failure<UserError>>")]
pub struct FindUser(pub String);

/// Changes a user's password, ends every session of the user, and opens a new one for the client,
/// all in one commit.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Session, Failure<UserError>>")]
pub struct ChangePassword {
    /// The user.
    pub user: UserId,
    /// The current password.
    pub current: String,
    /// The new password.
    pub new: String,
    /// The client of the new session.
    pub client: SessionClient,
}

/// Requests the account of a user.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Account, Failure<UserError>>")]
pub struct GetUser(pub UserId);

/// Requests a user with the figures.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<UserReport, Failure<UserError>>")]
pub struct ReportUser(pub UserId);

/// Requests the networks from which a user has signed in.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<KnownNetworks, Failure<UserError>>")]
pub struct KnownNetworksOf(pub UserId);

/// Requests users with their figures, oldest first.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Vec<UserReport>, Failure<UserError>>")]
pub struct ListUsers {
    /// The user after whom the list starts; `None` starts with the first.
    pub after: Option<UserId>,
    /// The most users to return.
    pub limit: usize,
}

/// Requests a page of the users with their figures, oldest first, with its place in the list.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<ListPage<UserReport, UserId>, Failure<UserError>>")]
pub struct PageUsers {
    /// The beginnings of words by which the users are found; if there are none, all are.
    pub search: String,
    /// The user after whom the page starts; `None` starts with the first.
    pub after: Option<UserId>,
    /// The most users to return.
    pub limit: usize,
}

/// Requests the number of users.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<u64, Failure<UserError>>")]
pub struct CountUsers;

/// Changes a user's role, e-mail address and password in one commit. A new role or password ends
/// the user's sessions.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<User, Failure<UserError>>")]
pub struct ChangeUser {
    /// The user.
    pub user: UserId,
    /// The new role.
    pub role: Option<Role>,
    /// The new e-mail address; `Some(None)` removes it.
    pub email: Option<Option<Email>>,
    /// The new password.
    pub password: Option<String>,
    /// The administrator.
    pub by: Option<Author>,
}

/// Deletes a user with their cart and sessions. Their orders stay, and become anonymous once they
/// need no contact data.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<User, Failure<UserError>>")]
pub struct DeleteUser {
    /// The user.
    pub user: UserId,
    /// The administrator.
    pub by: Option<Author>,
}

/// Ends every session of a user.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<User, Failure<UserError>>")]
pub struct SignOutUser {
    /// The user.
    pub user: UserId,
    /// The administrator.
    pub by: Author,
}

/// Makes a link by which a user sets a new password. A former link no longer works.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<ResetLink, Failure<UserError>>")]
pub struct MakeResetLink {
    /// The user.
    pub user: UserId,
    /// The hexadecimal SHA-256 of the link's token.
    pub token_hash: String,
    /// The administrator.
    pub by: Author,
}

/// Sets the password of the user of a link and ends every session of the user, in one commit. The
/// reply is the administrator who made the link. Wrong links of a client are throttled.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Author, Failure<UserError>>")]
pub struct ResetPassword {
    /// The user whom the token names; `None` if the text is no token.
    pub user: Option<UserId>,
    /// The hexadecimal SHA-256 of the token.
    pub token_hash: String,
    /// The new password.
    pub new: String,
    /// The client.
    pub client: Network,
}

/// The observable state of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsersState {
    /// The number of passwords that are being hashed or wait for it.
    pub hashing: usize,
    /// The number of sources with recent failures.
    pub throttled: usize,
}

/// The actor that keeps track of users.
pub struct UserDirectory {
    deps: UserDeps,
}

impl UserDirectory {
    /// Creates a directory.
    pub fn new(deps: UserDeps) -> Self {
        Self { deps }
    }
}

impl Actor for UserDirectory {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(SWEEP_EVERY, |directory, _| directory.deps.throttle.sweep());
    }
}

impl Handler<AddUser> for UserDirectory {
    type Result = Detached<VerifiedUser, UserError>;

    fn handle(&mut self, add: AddUser, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().add(add))
    }
}

impl Handler<CheckPassword> for UserDirectory {
    type Result = Detached<VerifiedUser, UserError>;

    fn handle(&mut self, check: CheckPassword, _: &mut Self::Context) -> Self::Result {
        failpoint::reach("users");
        Box::pin(self.deps.clone().check(check))
    }
}

impl Handler<FindUser> for UserDirectory {
    type Result = Detached<Option<UserId>, UserError>;

    fn handle(&mut self, find: FindUser, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().find(find))
    }
}

impl Handler<ChangePassword> for UserDirectory {
    type Result = Detached<Session, UserError>;

    fn handle(&mut self, change: ChangePassword, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().change_password(change))
    }
}

impl Handler<GetUser> for UserDirectory {
    type Result = Detached<Account, UserError>;

    fn handle(&mut self, GetUser(user): GetUser, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().get(user))
    }
}

impl Handler<ReportUser> for UserDirectory {
    type Result = Detached<UserReport, UserError>;

    fn handle(&mut self, ReportUser(user): ReportUser, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().report(user))
    }
}

impl Handler<KnownNetworksOf> for UserDirectory {
    type Result = Detached<KnownNetworks, UserError>;

    fn handle(&mut self, of: KnownNetworksOf, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().networks_of(of))
    }
}

impl Handler<ListUsers> for UserDirectory {
    type Result = Detached<Vec<UserReport>, UserError>;

    fn handle(&mut self, list: ListUsers, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().list(list))
    }
}

impl Handler<PageUsers> for UserDirectory {
    type Result = Detached<ListPage<UserReport, UserId>, UserError>;

    fn handle(&mut self, page: PageUsers, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().page(page))
    }
}

impl Handler<CountUsers> for UserDirectory {
    type Result = Detached<u64, UserError>;

    fn handle(&mut self, _: CountUsers, _: &mut Self::Context) -> Self::Result {
        let deps = self.deps.clone();
        Box::pin(async move { deps.count().await })
    }
}

impl Handler<ChangeUser> for UserDirectory {
    type Result = Detached<User, UserError>;

    fn handle(&mut self, change: ChangeUser, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().change(change))
    }
}

impl Handler<DeleteUser> for UserDirectory {
    type Result = Detached<User, UserError>;

    fn handle(&mut self, delete: DeleteUser, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().delete(delete))
    }
}

impl Handler<SignOutUser> for UserDirectory {
    type Result = Detached<User, UserError>;

    fn handle(&mut self, sign_out: SignOutUser, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().sign_out(sign_out))
    }
}

impl Handler<MakeResetLink> for UserDirectory {
    type Result = Detached<ResetLink, UserError>;

    fn handle(&mut self, make: MakeResetLink, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().make_reset_link(make))
    }
}

impl Handler<ResetPassword> for UserDirectory {
    type Result = Detached<Author, UserError>;

    fn handle(&mut self, reset: ResetPassword, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().reset_password(reset))
    }
}

impl Handler<Observe<UsersState>> for UserDirectory {
    type Result = MessageResult<Observe<UsersState>>;

    fn handle(&mut self, _: Observe<UsersState>, _: &mut Self::Context) -> Self::Result {
        let hashing = self.deps.hasher.under_way();
        MessageResult(UsersState { hashing, throttled: self.deps.throttle.len() })
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
            HashError::TooManyAtOnce => UserError::TooManyAtOnce.into(),
            HashError::TooBusy => UserError::TooBusy.into(),
            HashError::Broken => Self::Unavailable(error.to_string()),
        }
    }
}
