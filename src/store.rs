//! Opens the store that a URL names.

pub mod copy;
mod counted;
mod envelope;
mod raw;
mod redis;
mod sled;

use std::sync::Arc;
use std::time::Duration;

use actors::clock::Clock;
use actors::store::SharedStore;

use crate::config::Config;
use crate::config::sections::REDIS_SCHEMES;
use crate::private::PrivateFileError;
use counted::CountedStore;

/// How much of the event log a store keeps.
#[derive(Debug, Clone)]
pub struct Options {
    /// The memory for the pages of a sled store that were used last, in MiB.
    pub cache_mib: u64,
    /// The number of events to keep. The log may hold a few more.
    pub events_max: u64,
    /// How long an event is kept. The last event is never removed.
    pub events_keep: Duration,
    /// The settings of Redis that its operator vouches for, because the shop may not read them.
    pub vouched: Vec<String>,
    /// By how much the calendar of this machine may differ from that of Redis when it opens.
    pub max_clock_offset: Duration,
    /// How many replicas of Redis must have a commit before it is acknowledged.
    pub replicas: u32,
}

impl Default for Options {
    /// Returns the options of `config/default.toml`.
    fn default() -> Self {
        Self {
            cache_mib: 128,
            events_max: 200_000,
            events_keep: Duration::from_secs(30 * 86_400),
            vouched: Vec::new(),
            max_clock_offset: Duration::from_secs(60),
            replicas: 0,
        }
    }
}

impl From<&Config> for Options {
    fn from(config: &Config) -> Self {
        Self {
            cache_mib: config.store.cache_mib,
            events_max: config.events.max,
            events_keep: config.events.keep,
            vouched: config.store.vouched.clone(),
            max_clock_offset: config.store.max_clock_offset,
            replicas: config.store.replicas,
        }
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL does not name a store.
    #[error(
        "the store URL must be sled:PATH or redis://[[USER]:PASSWORD@]HOST:PORT[/DATABASE], or \
         begin with rediss://, redis-sentinel:// or rediss-sentinel://: {0}"
    )]
    WrongUrl(String),
    /// Another process has opened the directory.
    #[error("the store {0} is held by another process")]
    Held(String),
    /// Other users may use the directory.
    #[error("the store is not private: {0}")]
    Exposed(#[from] PrivateFileError),
    /// The stored data can't be read.
    #[error("the store {place} is corrupt ({reason}); restore it from a backup")]
    Corrupt {
        /// The path of the store.
        place: String,
        /// What is wrong with the data.
        reason: String,
    },
    /// A later version of MicroShop wrote the store.
    #[error(
        "the store has format {found}, but this MicroShop supports no format later than {supported}"
    )]
    NewerFormat {
        /// The format of the store.
        found: u64,
        /// The latest supported format.
        supported: u64,
    },
    /// The directory can't be used, or the server does not reply.
    #[error("the store can't be reached: {0}")]
    Unreachable(String),
    /// Redis would acknowledge a write before it is on disk.
    #[error("redis is not durable: {0}")]
    NotDurable(String),
    /// This Redis takes no writes, because it copies another one.
    #[error("this redis is a replica; name its primary, {primary}, in store.url")]
    Replica {
        /// The address of the other one.
        primary: String,
    },
    /// The clocks of this machine and of Redis differ too much.
    #[error(
        "the clock of redis is {seconds} s ahead of this machine's, more than \
         store.max_clock_offset; set the one that is wrong"
    )]
    ClockOffset {
        /// How far Redis is ahead; negative if this machine is.
        seconds: i64,
    },
    /// Redis holds another shop than the node has opened.
    #[error(
        "redis holds another shop than this node has opened; restore its files from a backup, or \
         start MicroShop again"
    )]
    Replaced,
    /// This Redis reports too little, and keeps the script of commits in its file.
    #[error("redis {found} is too old; 7.0 or later is needed")]
    TooOld {
        /// Its version.
        found: String,
    },
    /// A copy into the store was interrupted.
    #[error("a copy into this store has not finished; empty it, and copy again")]
    Unfinished,
    /// The shop has disappeared from a running Redis.
    #[error(
        "redis no longer holds the shop; restore its files from a backup, or start MicroShop again \
         for a new, empty shop"
    )]
    Emptied,
}

/// Opens the store at `sled:PATH` or `redis://…`.
///
/// Dropping the last handle closes the store. It first completes every commit that was already
/// submitted, then releases the files.
pub async fn open(url: &str, options: &Options, clock: Clock) -> Result<SharedStore, OpenError> {
    let store: SharedStore = match url.split_once(':') {
        Some(("sled", path)) if !path.is_empty() => {
            Arc::new(sled::open(path.into(), options, clock).await?)
        }
        Some((scheme, _)) if REDIS_SCHEMES.contains(&scheme) => {
            Arc::new(redis::opening::open(url, options, clock).await?)
        }
        _ => return Err(OpenError::WrongUrl("the scheme is unknown".to_owned())),
    };
    Ok(Arc::new(CountedStore::new(store)))
}

/// The format that both stores write. Format 2 has one more event than format 1, that the behaviour
/// of the bank changed. Format 3 has the index of all orders, which every commit of an order keeps
/// in step, and the administrators who caused events. Format 4 also has the orders of each user by
/// status.
const FORMAT: u64 = 4;

/// What a store has instead of its format while another one is copied into it.
const COPYING: &str = "copying";

/// Returns an error if a store has a format that this version can't read.
fn check_format(found: u64) -> Result<(), OpenError> {
    if found > FORMAT { Err(OpenError::NewerFormat { found, supported: FORMAT }) } else { Ok(()) }
}
