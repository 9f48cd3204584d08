//! The shared store: any number of servers use one Redis, and each commit is one script.
//!
//! Redis runs one command at a time, and replies only after it has synced its append-only file
//! (see `durable`). No other command runs during a script. Order, atomicity and durability
//! therefore come from Redis itself.

mod commit;
mod durable;
mod log;
pub(super) mod opening;
mod watcher;

use actors::clock::Clock;
use actors::store::tail::follow;
use actors::store::{Batch, EventId, LogEntry, Store, StoreError, StoreUsage, Versioned};
use actors::sweep_clock::SweepClock;
use async_trait::async_trait;
use fred::bytes::Bytes;
use fred::clients::{Client, WithOptions};
use fred::error::Error;
use fred::interfaces::{ClientLike, HashesInterface, LuaInterface};
use fred::types::{ClusterHash, CustomCommand, Value};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Options;
use super::envelope::{Envelope, milliseconds};

const SCAN: &str = include_str!("redis/scan.lua");

/// The keys in Redis. The braces put all of them on one node of a cluster.
const VALUES: &str = "{shop}:values";
const NAMES: &str = "{shop}:names";
const EXPIRIES: &str = "{shop}:expiries";
const LOG: &str = "{shop}:log";
const FORMAT_KEY: &str = "{shop}:format";

/// A connection that fails at once, or after a short timeout, and never sends a command twice.
type Connection = WithOptions<Client>;

/// A store on a Redis server.
pub(super) struct RedisStore {
    connection: Connection,
    /// The SHA-1 digest under which Redis caches the commit script.
    commit_script: String,
    clock: Clock,
    sweep_clock: SweepClock,
    options: Options,
    /// The id of the last event, published by the watcher.
    last_event: watch::Receiver<EventId>,
    watcher: JoinHandle<()>,
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
        let arguments = commit::arguments(batch, &self.options, now, swept);
        commit::run(self.connection.clone(), self.commit_script.clone(), arguments)
    }

    fn tail(&self, after: EventId) -> BoxStream<'static, Result<LogEntry, StoreError>> {
        let connection = self.connection.clone();
        follow(after, self.last_event.clone(), move |after| {
            log::events_after(connection.clone(), after)
        })
    }

    async fn last_event(&self) -> Result<EventId, StoreError> {
        log::last_event(&self.connection).await.map_err(unavailable)
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
        self.watcher.abort();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            for connection in [self.connection.clone(), self.watcher_connection.clone()] {
                runtime.spawn(async move { connection.quit().await });
            }
        }
    }
}

/// Returns how many bytes of memory Redis uses.
async fn used_memory(connection: &Connection) -> Option<u64> {
    let command = CustomCommand::new_static("INFO", ClusterHash::FirstKey, false);
    let info: String = connection.custom(command, vec!["memory"]).await.ok()?;
    info.lines().find_map(|line| line.strip_prefix("used_memory:"))?.trim().parse().ok()
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
