//! The shared store: any number of servers use one Redis, and each commit is one script.
//!
//! Redis runs one command at a time, and replies only after it has synced its append-only file
//! (see `inspection`). No other command runs during a script. Order, atomicity and durability
//! therefore come from Redis itself.

mod calendar;
mod commit;
mod guard;
mod inspection;
mod log;
pub(super) mod opening;
pub(super) mod raw;
mod watcher;

use std::time::Duration;

use actors::clock::Clock;
use actors::store::{Batch, EventId, LogEntry, Store, StoreError, StoreUsage, Versioned};
use actors::sweep_clock::SweepClock;
use async_trait::async_trait;
use fred::bytes::Bytes;
use fred::clients::{Client, WithOptions};
use fred::error::{Error, ErrorKind};
use fred::interfaces::{ClientLike, HashesInterface, LuaInterface};
use fred::types::Value;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::Options;
use super::envelope::{Envelope, milliseconds};
use commit::Commits;
use guard::Guard;
use inspection::{field, info};
use log::LogEnd;

const SCAN: &str = include_str!("redis/scan.lua");
const COMMIT: &str = include_str!("redis/commit.lua");

/// After this timeout a command fails, though it may have taken effect.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(1);

/// The keys in Redis. The braces put all of them on one node of a cluster.
const VALUES: &str = "{shop}:values";
const NAMES: &str = "{shop}:names";
const EXPIRIES: &str = "{shop}:expiries";
const LOG: &str = "{shop}:log";
const FORMAT_KEY: &str = "{shop}:format";
const EPOCH_KEY: &str = "{shop}:epoch";
const TURNS: &str = "{shop}:turns";

/// A connection that fails at once, or after a short timeout, and never sends a command twice.
type Connection = WithOptions<Client>;

/// A store on a Redis server.
pub(super) struct RedisStore {
    connection: Connection,
    commits: Commits,
    guard: Guard,
    clock: Clock,
    sweep_clock: SweepClock,
    options: Options,
    /// The end of the log, published by the watcher.
    log_end: watch::Receiver<LogEnd>,
    /// The tasks of the watcher and of the guard.
    tasks: [JoinHandle<()>; 2],
    watcher_connection: Connection,
}

#[async_trait]
impl Store for RedisStore {
    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Versioned>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let sealed: Vec<Option<Bytes>> =
            self.connection.hmget(VALUES, keys.to_vec()).await.map_err(unavailable)?;
        sealed.iter().map(|sealed| sealed.as_ref().map_or(Ok(None), |s| self.unseal(s))).collect()
    }

    async fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Versioned)>, StoreError> {
        let from = match after {
            Some(after) if after >= prefix => format!("({after}"),
            _ => format!("[{prefix}"),
        };
        // No UTF-8 text contains the byte 255, so it sorts after every key with the prefix.
        let to = [b"(", prefix.as_bytes(), &[255]].concat();
        let now = milliseconds(self.clock.now());
        let arguments = vec![bytes(from), bytes(to), number(limit as u64), number(now)];
        let rows: Vec<(String, Bytes)> = self
            .connection
            .eval(SCAN, vec![VALUES, NAMES], arguments)
            .await
            .map_err(unavailable)?;
        let found = rows.into_iter().filter_map(|(key, sealed)| {
            self.unseal(&sealed).map(|found| Some((key, found?))).transpose()
        });
        found.collect()
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<EventId, StoreError>> {
        let now = milliseconds(self.clock.now());
        let swept = milliseconds(self.sweep_clock.now());
        let has_events = !batch.events.is_empty();
        self.commits.send(commit::arguments(batch, &self.options, now, swept), has_events)
    }

    fn tail(&self, after: EventId) -> BoxStream<'static, Result<LogEntry, StoreError>> {
        log::tail(self.connection.clone(), self.log_end.clone(), after)
    }

    async fn last_event(&self) -> Result<EventId, StoreError> {
        log::last_event(&self.connection).await.map_err(unavailable)
    }

    fn clock(&self) -> Clock {
        self.clock.clone()
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.guard
            .next_verdict()
            .await
            .map_err(|reason| StoreError::Unavailable(reason.to_string()))?;
        self.last_event().await.map(drop)
    }

    async fn usage(&self) -> StoreUsage {
        StoreUsage { bytes: used_memory(&self.connection).await, sync: None }
    }
}

impl RedisStore {
    /// Decodes a stored value. Returns `None` if it has expired; a later commit removes it.
    fn unseal(&self, sealed: &[u8]) -> Result<Option<Versioned>, StoreError> {
        let (envelope, value) = Envelope::open(sealed).ok_or_else(unreadable)?;
        Ok(envelope.found(value, milliseconds(self.clock.now())))
    }
}

impl Drop for RedisStore {
    /// Closes the connections. Without a runtime they are closed already.
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            for connection in [self.connection.clone(), self.watcher_connection.clone()] {
                runtime.spawn(async move { connection.quit().await });
            }
        }
    }
}

/// Replaces a connection that does not reply. It may be dead without an error, for example because
/// the computer at its other end has been switched off.
async fn reconnect_if_silent(connection: &Connection) {
    let reply: Result<(), Error> = connection.ping(None).await;
    if reply.is_err_and(|error| *error.kind() == ErrorKind::Timeout) {
        // Whether it succeeds, the next command shows.
        let _ = timeout(COMMAND_TIMEOUT, connection.force_reconnection()).await;
    }
}

/// Returns how many bytes of memory Redis uses.
async fn used_memory(connection: &Connection) -> Option<u64> {
    let info = info(connection, "memory").await.ok()?;
    field(&info, "used_memory")?.parse().ok()
}

/// Converts bytes to an argument of a script.
fn bytes(bytes: impl Into<Vec<u8>>) -> Value {
    Value::Bytes(Bytes::from(bytes.into()))
}

/// Converts a number to an argument of a script, as decimal digits.
fn number(number: u64) -> Value {
    bytes(number.to_string())
}

/// The error for a command that failed. It may have taken effect.
fn unavailable(error: Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

/// The error for a value or an event that can't be decoded.
fn unreadable() -> StoreError {
    StoreError::Unavailable("a stored value can't be decoded".to_owned())
}
