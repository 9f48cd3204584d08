//! `microshop user`: users from the command line, while the shop is closed.

use std::io::{self, BufRead};

use actix::{Actor, Arbiter};
use actors::ask::{Child, Failure};
use actors::clock::Clock;
use actors::password::{HashError, Hasher};
use actors::session::{Revocations, SessionDeps, TokenRegistry};
use actors::store::StoreError;
use actors::tables::Tables;
use actors::user::{AddUser, ChangeUser, DefaultPassword, ListUsers, UserDeps, UserDirectory};
use clap::Subcommand;
use domain::user::{Role, User, UserError, UserId, Username};

use crate::config::Config;

/// What may be done with users. Passwords are read from standard input, so that no history keeps them.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Makes a user.
    Add {
        /// The name to sign in with.
        username: String,
        /// Whether the user runs the shop.
        #[arg(long)]
        admin: bool,
    },
    /// Sets a user's password and signs the user out everywhere.
    Passwd {
        /// The user's name.
        username: String,
    },
    /// Lists every user.
    List,
}

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub enum UserCommandError {
    /// A rule forbids it, or the store did not answer.
    #[error(transparent)]
    Failed(#[from] Failure<UserError>),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Passwords can't be hashed as configured.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// No password was given.
    #[error("a password is read from standard input: {0}")]
    Input(#[from] io::Error),
}

/// Does a command, and tells in a line or more what was done.
pub async fn run(
    command: UserCommand,
    tables: Tables,
    config: &Config,
) -> Result<Vec<String>, UserCommandError> {
    let users = directory(tables.clone(), config)?;
    match command {
        UserCommand::Add { username, admin } => {
            let username = Username::new(username).map_err(Failure::Refused)?;
            let role = if admin { Role::Admin } else { Role::Customer };
            let user = users
                .ask(AddUser { username, email: None, password: read_password()?, role })
                .await?
                .user;
            Ok(vec![line(&user)])
        }
        UserCommand::Passwd { username } => {
            let user = find(&tables, &username).await?;
            let change =
                ChangeUser { user, role: None, email: None, password: Some(read_password()?) };
            Ok(vec![line(&users.ask(change).await?)])
        }
        UserCommand::List => {
            let (mut lines, mut after) = (Vec::new(), None);
            loop {
                let page = users.ask(ListUsers { after, limit: 100 }).await?;
                let Some(last) = page.last() else { return Ok(lines) };
                after = Some(last.id);
                lines.extend(page.iter().map(line));
            }
        }
    }
}

/// The user directory without the rest of the shop.
fn directory(tables: Tables, config: &Config) -> Result<Child<UserDirectory>, HashError> {
    let rules = config.rules();
    let tokens = SessionDeps {
        tables: tables.clone(),
        revocations: Revocations::default(),
        clock: Clock::default(),
        lifetimes: rules.lifetimes,
        access_ttl: rules.access_ttl,
    };
    let start = move || {
        TokenRegistry::start_in_arbiter(&Arbiter::current(), {
            let tokens = tokens.clone();
            move |_| TokenRegistry::new(tokens)
        })
    };
    let parts = UserDeps {
        tables,
        hasher: Hasher::new(config.auth.scrypt_log_n)?,
        sessions: Child::start("sessions", start),
        clock: Clock::default(),
        default_password: DefaultPassword::default(),
        throttle: rules.throttle,
    };
    Ok(Child::start("users", move || UserDirectory::new(parts.clone()).start()))
}

async fn find(tables: &Tables, username: &str) -> Result<UserId, UserCommandError> {
    let username = Username::new(username).map_err(Failure::Refused)?;
    let row = tables.usernames.get(username.folded()).await?;
    Ok(row.ok_or(Failure::Refused(UserError::Unknown))?.value)
}

fn read_password() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn line(user: &User) -> String {
    let role = if user.role == Role::Admin { "admin" } else { "customer" };
    format!("{}  {role:8}  {}", user.id, user.username)
}
