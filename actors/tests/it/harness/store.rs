//! A store in memory that can fail.

use std::sync::atomic::{AtomicBool, Ordering};

use actors::clock::Clock;
use actors::store::memory::MemoryStore;
use actors::store::{Batch, EventId, LogEntry, Store, StoreError, Versioned};
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

/// A store in memory whose next commit can panic, in the actor that commits, or be refused.
pub(crate) struct FaultyStore {
    memory: MemoryStore,
    panics: AtomicBool,
}

impl FaultyStore {
    /// Creates an empty store without faults.
    pub(crate) fn new(clock: Clock) -> Self {
        Self { memory: MemoryStore::new(clock), panics: AtomicBool::new(false) }
    }

    /// Makes the next commit panic.
    pub(crate) fn panic_on_next_commit(&self) {
        self.panics.store(true, Ordering::SeqCst);
    }

    /// Makes the next commit fail without any effect.
    pub(crate) fn refuse_next_commit(&self) {
        self.memory.refuse_next(1);
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn get(&self, key: &str) -> Result<Option<Versioned>, StoreError> {
        self.memory.get(key).await
    }

    async fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Versioned)>, StoreError> {
        self.memory.scan(prefix, after, limit).await
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<EventId, StoreError>> {
        assert!(!self.panics.swap(false, Ordering::SeqCst), "set to panic");
        self.memory.commit(batch)
    }

    fn tail(&self, after: EventId) -> BoxStream<'static, Result<LogEntry, StoreError>> {
        self.memory.tail(after)
    }

    async fn last_event(&self) -> Result<EventId, StoreError> {
        self.memory.last_event().await
    }
}
