//! The store: an ordered map of keys to versioned values, one log of events, and time-to-live.
//!
//! Three verbs and a stream are the whole port. What each promises is written here once and kept by
//! every adapter; one suite of contract tests runs on all of them.

pub mod memory;
pub mod tail;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use jiff::Timestamp;

/// The number of an event in the log: contiguous, beginning at 1. Zero stands before the first.
pub type EventId = u64;

/// How often a key was put since it was last absent: 1 after the first put.
pub type Version = u64;

/// A value with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// How often the key was put.
    pub version: Version,
    /// What was put last.
    pub value: Vec<u8>,
}

/// One event of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Its place in the log.
    pub id: EventId,
    /// What was logged.
    pub value: Vec<u8>,
}

/// A value to put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// The key.
    pub key: String,
    /// The value.
    pub value: Vec<u8>,
    /// When the key becomes absent by itself.
    pub expires_at: Option<Timestamp>,
}

/// What shall happen together or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// Keys that must be at a version, or absent (`None`).
    pub expect: Vec<(String, Option<Version>)>,
    /// Values to put; each key at most once, and in no more than one of `put` and `remove`.
    pub put: Vec<Put>,
    /// Keys to make absent.
    pub remove: Vec<String>,
    /// Events to log, in this order.
    pub events: Vec<Vec<u8>>,
}

/// Why the store did not do as it was told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// An expectation did not hold; nothing was changed.
    #[error("the value has changed meanwhile")]
    Conflict,
    /// The store can't be reached or is overloaded; a commit may still have taken effect.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The log no longer holds the event asked for.
    #[error("the log begins after event {before}")]
    Gone {
        /// The id before the oldest event that the log still holds.
        before: EventId,
    },
}

/// The port to a store.
///
/// Commits take effect in the order in which `commit` was called, whether or not their futures are
/// polled. What `get`, `scan`, `tail` and `last_event` return survives a crash, as does a commit that
/// has ended well. A `get` made after a commit was answered sees it.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The value of a key, if it is neither absent nor expired.
    async fn get(&self, key: &str) -> Result<Option<Versioned>, StoreError>;

    /// Up to `limit` keys that begin with `prefix` and come after `after` (a whole key), in the order of their bytes.
    async fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Versioned)>, StoreError>;

    /// Does all of a batch, ending with the id of the log's last event, or nothing of it.
    ///
    /// A key that is put goes to its present version plus one, an absent one to 1.
    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<EventId, StoreError>>;

    /// The log from behind an event on, without end; [`StoreError::Gone`] and the stream's end if the log no longer reaches back that far.
    fn tail(&self, after: EventId) -> BoxStream<'static, Result<LogEntry, StoreError>>;

    /// The id of the log's last event.
    async fn last_event(&self) -> Result<EventId, StoreError>;
}

/// A store shared by every actor.
pub type SharedStore = Arc<dyn Store>;
