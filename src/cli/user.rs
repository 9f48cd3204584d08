//! `microshop user`: manages users from the command line while the shop is closed.

use std::io;
use std::sync::Arc;

use actix::Actor;
use actors::ask::{Child, KillSwitch};
use actors::bank::behaviour::BankBehaviour;
use actors::failure::Failure;
use actors::password::{Client, HashError, Hasher};
use actors::session::TokenRegistry;
use actors::session::commands::SessionDeps;
use actors::session::revocations::Revocations;
use actors::shared::Shared;
use actors::snapshot::CatalogueSnapshot;
use actors::store::StoreError;
use actors::sweep_clock::SweepClock;
use actors::tables::Tables;
use actors::user::commands::UserDeps;
use actors::user::default_password::DefaultPassword;
use actors::user::lookalikes::index_names;
use actors::user::profiles::Profiles;
use actors::user::sign_in::find_user;
use actors::user::{AddUser, ChangeUser, ListUsers, UserDirectory};
use clap::Subcommand;
use domain::user::{Role, User, UserError, UserId, Username};

use super::password::read_password;
use crate::config::Config;

/// Manages users while the shop is closed
///
/// Passwords are read from standard input, so that they do not appear in the history of the shell.
/// A terminal shows nothing while one is typed, and asks for it twice.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Adds a user
    Add {
        /// The name to sign in with
        username: String,
        /// Makes the user an administrator
        #[arg(long)]
        admin: bool,
    },
    /// Sets the password of a user and ends all sessions of the user
    Passwd {
        /// The name of the user
        username: String,
    },
    /// Lists all users
    List,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum UserCommandError {
    /// A rule forbids the change, or the store returned an error.
    #[error(transparent)]
    Failed(#[from] Failure<UserError>),
    /// The store returned an error.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The configured hash parameters are invalid.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The password can't be read.
    #[error("the password can't be read from standard input: {0}")]
    Input(#[from] io::Error),
    /// The list of leaked passwords can't be read.
    #[error("auth.breached_passwords: {0}")]
    BreachedPasswords(io::Error),
}

/// Runs a command. Returns a line for each user that it added, changed or listed.
pub async fn run(
    command: UserCommand,
    tables: Tables,
    config: &Config,
) -> Result<Vec<String>, UserCommandError> {
    let start_users = directory(tables.clone(), config)?;
    match command {
        UserCommand::Add { username, admin } => {
            index_names(&tables, &tables.store.clock()).await?;
            add(start_users, username, admin).await
        }
        UserCommand::Passwd { username } => {
            let user = find(&tables, &username).await?;
            set_password(start_users, user).await
        }
        UserCommand::List => list(start_users).await,
    }
}

type Lines = Result<Vec<String>, UserCommandError>;

async fn add(
    start_users: impl FnOnce() -> Child<UserDirectory>,
    username: String,
    admin: bool,
) -> Lines {
    let username = Username::choose(&username).map_err(Failure::Refused)?;
    let role = if admin { Role::Admin } else { Role::Customer };
    let password = read_password().await?;
    let client = Client::Staff;
    let added = start_users()
        .ask(AddUser { username, email: None, password, role, client, by: None })
        .await?;
    Ok(vec![line(&added.user)])
}

async fn set_password(start_users: impl FnOnce() -> Child<UserDirectory>, user: UserId) -> Lines {
    let password = Some(read_password().await?);
    let changed =
        start_users().ask(ChangeUser { user, role: None, email: None, password, by: None }).await?;
    Ok(vec![line(&changed)])
}

async fn list(start_users: impl FnOnce() -> Child<UserDirectory>) -> Lines {
    let users = start_users();
    let mut lines = Vec::new();
    let mut after = None;
    loop {
        let page = users.ask(ListUsers { after, limit: 100 }).await?;
        let Some(last) = page.last() else { return Ok(lines) };
        after = Some(last.user.id);
        lines.extend(page.iter().map(|report| line(&report.user)));
    }
}

/// Returns a function that starts the user directory and the token registry without the rest of the
/// shop.
///
/// A command calls it right before its first message: an actor that is dropped before its first
/// poll starts while it is dropped, and panics if the runtime has ended.
fn directory(
    tables: Tables,
    config: &Config,
) -> Result<impl FnOnce() -> Child<UserDirectory>, UserCommandError> {
    let clock = tables.store.clock();
    let shared = Shared {
        tables,
        snapshot: CatalogueSnapshot::default(),
        bank_behaviour: BankBehaviour::default(),
        sweep_clock: SweepClock::new(&clock),
        clock,
        rules: Arc::new(config.rules()),
    };
    let hasher = Hasher::new(config.auth.scrypt_log_n)?;
    let breached = config.auth.open_breached_passwords();
    let breached = breached.map_err(UserCommandError::BreachedPasswords)?;
    Ok(move || {
        let sessions = SessionDeps::new(&shared, &Revocations::new(None));
        let start = move |_: &KillSwitch| TokenRegistry::new(sessions.clone()).start();
        let sessions = Child::start("sessions", shared.clock.clone(), start);
        let default = DefaultPassword::default();
        let users =
            UserDeps::new(&shared, hasher, breached, &sessions, &default, &Profiles::default());
        let start = move |_: &KillSwitch| UserDirectory::new(users.clone()).start();
        Child::start("users", shared.clock.clone(), start)
    })
}

/// Returns the id of the user with a name.
async fn find(tables: &Tables, username: &str) -> Result<UserId, UserCommandError> {
    let user = find_user(tables, username).await?;
    Ok(user.ok_or(Failure::Refused(UserError::Unknown))?)
}

fn line(user: &User) -> String {
    let role = if user.role == Role::Admin { "admin" } else { "customer" };
    format!("{}  {role:8}  {}", user.id, user.username)
}
