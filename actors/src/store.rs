//! The store: an ordered map of keys to versioned values, one log of events, and expiry.
//!
//! The whole port is `get_many`, `scan`, `commit` and `tail`. What each one promises is written
//! here once, every adapter keeps it, and one suite of contract tests runs on all of them.

pub mod memory;
pub mod tail;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::{self, BoxFuture, FutureExt};
use futures_util::stream::BoxStream;
use jiff::Timestamp;

use crate::clock::Clock;

/// The position of an event in the log: contiguous, starting at 1. Zero is before the first event.
pub type EventId = u64;

/// How often a key was put since it was last absent; 1 after the first put.
pub type Version = u64;

/// A value with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// The version of the key.
    pub version: Version,
    /// The value that was put last.
    pub value: Vec<u8>,
}

/// An event in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// The position in the log.
    pub id: EventId,
    /// The encoded event.
    pub value: Vec<u8>,
}

/// A value to put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// The key.
    pub key: String,
    /// The value.
    pub value: Vec<u8>,
    /// When the key becomes absent; `None` keeps it.
    pub expires_at: Option<Timestamp>,
}

/// Writes and events that take effect together or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// The version that each key must have; `None` requires that the key is absent.
    pub expect: Vec<(String, Option<Version>)>,
    /// The values to put. A key appears at most once in `put` and `remove` together.
    pub put: Vec<Put>,
    /// The keys to remove.
    pub remove: Vec<String>,
    /// The events to append to the log, in this order.
    pub events: Vec<Vec<u8>>,
    /// Whether the caller decides again after a conflict. A shared store then refuses the commits
    /// of other processes to the key in conflict for a moment, so that each gets its share.
    pub is_repeated: bool,
}

/// Why the store did not carry out a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A key did not have the expected version; nothing has changed.
    #[error("the value has changed since it was read")]
    Conflict,
    /// The store cannot be reached or is overloaded; a commit may or may not have taken effect.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The log no longer holds the requested event.
    #[error("the log starts after event {before}")]
    Gone {
        /// The id before the oldest event that the log holds.
        before: EventId,
    },
}

/// What a store takes and needs, as far as it reports that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoreUsage {
    /// The bytes on disk, or of memory if the store is in memory.
    pub bytes: Option<u64>,
    /// How long the last sync has taken.
    pub sync: Option<Duration>,
}

/// The port to a store.
///
/// Commits take effect in the order in which `commit` is called, whether or not their futures are
/// polled. Whatever `get_many`, `scan`, `tail` and `last_event` return survives a crash, and so
/// does a commit that has returned `Ok`. A read that starts after a commit has returned sees its
/// writes.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Returns the values of keys in their order, read at one moment; `None` for a key that is
    /// absent or expired.
    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Versioned>>, StoreError>;

    /// Returns the value of a key; `None` if it is absent or expired.
    async fn get(&self, key: &str) -> Result<Option<Versioned>, StoreError> {
        let values = self.get_many(&[key.to_owned()]).await?;
        Ok(values.into_iter().next().flatten())
    }

    /// Returns up to `limit` keys with their values, in byte order: those that begin with `prefix`
    /// and come after the key `after`.
    async fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Versioned)>, StoreError>;

    /// Carries out a batch and returns the id of the last event in the log.
    ///
    /// A put raises the version of its key by one; an absent key gets version 1.
    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<EventId, StoreError>>;

    /// Returns the events after `after` as an endless stream.
    ///
    /// If the log no longer reaches back that far, or was replaced by one that does not hold what
    /// was read, the stream yields [`StoreError::Gone`] and ends.
    fn tail(&self, after: EventId) -> BoxStream<'static, Result<LogEntry, StoreError>>;

    /// Returns the id of the last event in the log.
    async fn last_event(&self) -> Result<EventId, StoreError>;

    /// Returns the clock by which keys expire, and by which the caller must write expiries.
    fn clock(&self) -> Clock;

    /// Whether other processes may use the store at the same time.
    fn is_shared(&self) -> bool {
        false
    }

    /// Returns an error if reads fail or commits are refused.
    async fn ready(&self) -> Result<(), StoreError> {
        self.last_event().await.map(drop)
    }

    /// Returns what the store takes and needs, without reading what is stored.
    async fn usage(&self) -> StoreUsage {
        StoreUsage::default()
    }

    /// Waits until the store has failed for good, and returns why: the process must end, because
    /// only a new one can open the store again.
    ///
    /// Never returns for a store that recovers by itself.
    fn failure(&self) -> BoxFuture<'static, StoreError> {
        future::pending().boxed()
    }
}

/// A store that every actor shares.
pub type SharedStore = Arc<dyn Store>;
