//! Where the shop is kept: opens the store that a URL names.

mod envelope;
mod redis;
mod sled;

use std::sync::Arc;
use std::time::Duration;

use actors::clock::Clock;
use actors::store::SharedStore;

/// How much of its past a store keeps.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many events the log holds at least, and not many more.
    pub events_max: u64,
    /// How long the log holds an event; its last one stays for ever.
    pub events_keep: Duration,
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL names no store.
    #[error(
        "the store's URL is neither sled:PATH nor redis://[[USER]:PASSWORD@]HOST:PORT[/DATABASE]: {0}"
    )]
    WrongUrl(String),
    /// Another process works on the directory.
    #[error("the store {0} is held by another process")]
    Held(String),
    /// What is stored can't be read.
    #[error("the store {place} is corrupt ({reason}); restore it from a backup")]
    Corrupt {
        /// Which store it is.
        place: String,
        /// What was found.
        reason: String,
    },
    /// A later MicroShop wrote it.
    #[error("the store has format {found}, this MicroShop knows no format later than {supported}")]
    NewerFormat {
        /// The store's format.
        found: u64,
        /// The latest format that can be read.
        supported: u64,
    },
    /// The directory can't be used or the server doesn't answer.
    #[error("the store can't be reached: {0}")]
    Unreachable(String),
    /// Redis would answer before a write is safe.
    #[error("redis is not durable: {0}")]
    NotDurable(String),
}

/// Opens the store at `sled:PATH` or `redis://…`.
///
/// Dropping the last handle closes it: whatever was committed before is done, then the files are let go.
pub async fn open(url: &str, options: &Options, clock: Clock) -> Result<SharedStore, OpenError> {
    match url.split_once(':') {
        Some(("sled", path)) if !path.is_empty() => {
            Ok(Arc::new(sled::open(path.into(), options, clock).await?))
        }
        Some(("redis", _)) => Ok(Arc::new(redis::open(url, options, clock).await?)),
        _ => Err(OpenError::WrongUrl("its scheme is unknown".to_owned())),
    }
}

/// The format in which both stores are written.
const FORMAT: u64 = 1;

fn check_format(found: u64) -> Result<(), OpenError> {
    if found > FORMAT { Err(OpenError::NewerFormat { found, supported: FORMAT }) } else { Ok(()) }
}
