//! `microshop demo`: a shop with a week of orders, in which robots go shopping.
//!
//! The shop is an ordinary one in a folder of its own. Its week was made by the actors of the shop
//! on a clock that was moved through it, and the robots are clients of its REST API.

use std::env;
use std::io;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use actors::clock::random_bytes;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clap::Args;

use crate::config::Config;
use crate::private::PrivateFileError;
use folder::Folder;
use robots::Robots;
use week::WeekError;

mod dice;
mod folder;
mod paced_bank;
mod people;
mod robots;
mod week;

/// Serves a shop with a week of orders, in which robots go shopping
#[derive(Debug, Args)]
pub struct DemoOptions {
    /// The folder of the shop; a new one is created and filled
    #[arg(long, default_value = "demo")]
    folder: PathBuf,
    /// How often a robot goes shopping, in times per minute; 0 for never
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(..=6_000))]
    rate: u32,
}

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The folder has files of another program.
    #[error("{0} is not empty and holds no demo; name another one with --folder")]
    Foreign(PathBuf),
    /// A file can't be used.
    #[error(transparent)]
    Private(#[from] PrivateFileError),
    /// The folder can't be used.
    #[error("{0}: {1}")]
    Folder(PathBuf, io::Error),
    /// The week can't be made.
    #[error("could not make the week of orders: {0}")]
    Week(#[from] WeekError),
    /// The program can't be started again.
    #[error("could not start again: {0}")]
    Restart(io::Error),
}

/// A shop with a week of orders.
pub struct Demo {
    config: Config,
    rate: u32,
    /// The password of every robot.
    password: String,
}

impl Demo {
    /// Opens the demo in a folder. A new one is filled first.
    pub async fn open(options: DemoOptions, config: Config) -> Result<Self, DemoError> {
        let folder = Folder::new(options.folder);
        let config = folder.settings(config);
        if let Some(password) = folder.password()? {
            return Ok(Self { config, rate: options.rate, password });
        }
        folder.begin()?;
        let password = BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<24>());
        week::make(&config, &password).await?;
        folder.finish(&password)?;
        Err(DemoError::Restart(restart()))
    }

    /// Returns the settings of the shop.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns what a visitor of the demo should know.
    pub fn welcome(&self, address: SocketAddr) -> Vec<String> {
        let page = |path: &str, text: &str| format!("  http://{address}{path:16} {text}");
        vec![
            format!("MicroShop's demo is open on http://{address}"),
            "Sign in as admin with the password admin, unless you have set another one. Look at:"
                .to_owned(),
            page("/admin", "the week of orders, and what is to do"),
            page("/admin/orders", "ship some, refund one"),
            page("/admin/payments", "break the bank, and watch the circuit breaker"),
            page("/admin/system", "kill an actor; nothing is lost"),
            page("/articles", "buy something in another window, and watch both"),
            "Ctrl-C stops the shop and its robots; the same command goes on from there.".to_owned(),
        ]
    }

    /// Lets the robots go shopping, without an end.
    pub async fn run_robots(&self, address: SocketAddr) {
        Robots { address, rate: self.rate, password: &self.password }.run().await;
    }
}

/// Runs this command again in the place of this process. The actors of the week keep its clock and
/// the store as long as the process runs. Returns only if that fails.
fn restart() -> io::Error {
    match env::current_exe() {
        Ok(program) => Command::new(program).args(env::args_os().skip(1)).exec(),
        Err(error) => error,
    }
}
