//! The shared store: any number of servers on one Redis, every commit one script.
//!
//! Redis runs one command after another, sends no answer before its append-only file is synced (see
//! `opening`), and a script runs alone: so order, atomicity and durability are its own.

mod durable;
mod opening;
mod watcher;

use std::collections::HashMap;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actors::clock::Clock;
use actors::store::tail::follow;
use actors::store::{Batch, EventId, LogEntry, Store, StoreError, Versioned};
use async_trait::async_trait;
use fred::bytes::Bytes;
use fred::clients::{Client, WithOptions};
use fred::error::Error;
use fred::interfaces::{ClientLike, HashesInterface, LuaInterface, StreamsInterface};
use fred::types::Value;
use futures_util::future::{self, BoxFuture, FutureExt};
use futures_util::stream::BoxStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(super) use self::opening::open;
use super::Options;
use super::envelope::{Envelope, milliseconds};

const COMMIT: &str = include_str!("redis/commit.lua");
const SCAN: &str = include_str!("redis/scan.lua");
const EVENTS_A_READ: u64 = 256;
const RETRY: Duration = Duration::from_secs(1);

/// The braces keep all keys on one node of a cluster.
const VALUES: &str = "{shop}:values";
const NAMES: &str = "{shop}:names";
const EXPIRIES: &str = "{shop}:expiries";
const LOG: &str = "{shop}:log";
const FORMAT_KEY: &str = "{shop}:format";

/// A connection that gives up at once or after a short while, and never sends a command twice.
type Connection = WithOptions<Client>;

/// A store on a Redis server.
pub(super) struct RedisStore {
    connection: Connection,
    /// The name under which Redis knows the script that commits.
    commit_script: String,
    clock: Clock,
    options: Options,
    last_event: watch::Receiver<EventId>,
    watcher: JoinHandle<()>,
    watching: Connection,
}

#[async_trait]
impl Store for RedisStore {
    async fn get(&self, key: &str) -> Result<Option<Versioned>, StoreError> {
        let sealed: Option<Bytes> = self.connection.hget(VALUES, key).await.map_err(unavailable)?;
        sealed.map_or(Ok(None), |sealed| self.unseal(&sealed))
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
        // No text holds the byte 255, so it stands behind every key with the prefix.
        let to = [b"(", prefix.as_bytes(), &[255]].concat();
        let arguments = vec![
            bytes(from),
            bytes(to),
            number(limit as u64),
            number(milliseconds(self.clock.now())),
        ];
        let rows: Vec<(String, Bytes)> = self
            .connection
            .eval(SCAN, vec![VALUES, NAMES], arguments)
            .await
            .map_err(unavailable)?;
        rows.into_iter()
            .filter_map(|(key, sealed)| {
                self.unseal(&sealed).map(|found| Some((key, found?))).transpose()
            })
            .collect()
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<EventId, StoreError>> {
        let arguments = arguments(batch, &self.options, milliseconds(self.clock.now()));
        sent_at_once(
            run_commit(self.connection.clone(), self.commit_script.clone(), arguments).boxed(),
        )
    }

    fn tail(&self, after: EventId) -> BoxStream<'static, Result<LogEntry, StoreError>> {
        let connection = self.connection.clone();
        follow(after, self.last_event.clone(), move |after| {
            events_behind(connection.clone(), after)
        })
    }

    async fn last_event(&self) -> Result<EventId, StoreError> {
        last_event(&self.connection).await.map_err(unavailable)
    }
}

impl RedisStore {
    fn unseal(&self, sealed: &[u8]) -> Result<Option<Versioned>, StoreError> {
        let (envelope, value) = Envelope::open(sealed).ok_or_else(unreadable)?;
        Ok(envelope.found(value, milliseconds(self.clock.now())))
    }
}

impl Drop for RedisStore {
    /// Ends the connections; without a runtime they have ended already.
    fn drop(&mut self) {
        self.watcher.abort();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            for connection in [self.connection.clone(), self.watching.clone()] {
                runtime.spawn(async move { connection.quit().await });
            }
        }
    }
}

/// Polls an answer once, which sends its command before the next commit can send one.
fn sent_at_once<Answer: Send + 'static>(
    mut answer: BoxFuture<'static, Answer>,
) -> BoxFuture<'static, Answer> {
    match answer.poll_unpin(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => future::ready(answer).boxed(),
        Poll::Pending => answer,
    }
}

/// A Redis that was started again doesn't know the script. It must not be sent again with this commit,
/// which would then come after those that were made later.
async fn run_commit(
    connection: Connection,
    script: String,
    arguments: Vec<Value>,
) -> Result<EventId, StoreError> {
    let answer: Result<Option<EventId>, Error> =
        connection.evalsha(script, vec![VALUES, NAMES, EXPIRIES, LOG], arguments).await;
    if answer.as_ref().is_err_and(|error| error.details().contains("NOSCRIPT")) {
        // If that fails too, the next commit tries it again.
        connection.script_load::<(), _>(COMMIT).await.ok();
    }
    answer.map_err(unavailable)?.ok_or(StoreError::Conflict)
}

/// What the script takes, in its order; an absent key has version 0, 0 is no expiry.
fn arguments(batch: Batch, options: &Options, now: u64) -> Vec<Value> {
    let oldest_time = now.saturating_sub(options.events_keep.as_millis() as u64);
    let mut arguments = vec![number(now), number(oldest_time), number(options.events_max)];
    arguments.push(number(batch.expect.len() as u64));
    arguments.extend(
        batch
            .expect
            .into_iter()
            .flat_map(|(key, version)| [bytes(key), number(version.unwrap_or(0))]),
    );
    arguments.push(number(batch.put.len() as u64));
    arguments.extend(batch.put.into_iter().flat_map(|put| {
        [bytes(put.key), number(put.expires_at.map_or(0, milliseconds)), bytes(put.value)]
    }));
    arguments.push(number(batch.remove.len() as u64));
    arguments.extend(batch.remove.into_iter().map(bytes));
    arguments.push(number(batch.events.len() as u64));
    arguments.extend(batch.events.into_iter().map(bytes));
    arguments
}

/// A tail outlasts an outage: it goes on when Redis is back.
async fn events_behind(
    connection: Connection,
    after: EventId,
) -> Result<Vec<LogEntry>, StoreError> {
    loop {
        let from = format!("{}-0", after + 1);
        match connection.xrange_values(LOG, from, "+", Some(EVENTS_A_READ)).await {
            Ok(entries) => return entries.into_iter().map(log_entry).collect(),
            Err(_) => tokio::time::sleep(RETRY).await,
        }
    }
}

async fn last_event(connection: &Connection) -> Result<EventId, Error> {
    let newest: Vec<(String, HashMap<String, Bytes>)> =
        connection.xrevrange_values(LOG, "+", "-", Some(1)).await?;
    Ok(newest.first().and_then(|(id, _)| event_id(id)).unwrap_or(0))
}

fn log_entry((id, mut fields): (String, HashMap<String, Bytes>)) -> Result<LogEntry, StoreError> {
    let value = fields.remove("event").ok_or_else(unreadable)?;
    Ok(LogEntry { id: event_id(&id).ok_or_else(unreadable)?, value: value.into() })
}

fn event_id(id: &str) -> Option<EventId> {
    id.split_once('-')?.0.parse().ok()
}

fn bytes(bytes: impl Into<Vec<u8>>) -> Value {
    Value::Bytes(Bytes::from(bytes.into()))
}

fn number(number: u64) -> Value {
    bytes(number.to_string())
}

fn unavailable(error: Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

fn unreadable() -> StoreError {
    StoreError::Unavailable("an entry can't be read".to_owned())
}
