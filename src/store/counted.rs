//! Counts what is read from a store.

use actors::clock::Clock;
use actors::store::{
    Batch, EventId, LogEntry, SharedStore, Store, StoreError, StoreUsage, Versioned,
};
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use metrics::{Counter, counter};

/// A store whose reads and rows are counted as metrics. The log is not: it is read once by each
/// follower, and by replays.
pub(super) struct CountedStore {
    store: SharedStore,
    reads: Counter,
    rows: Counter,
}

impl CountedStore {
    /// Counts what is read from a store. The metrics recorder must be installed before.
    pub(super) fn new(store: SharedStore) -> Self {
        let reads = counter!("microshop_store_reads_total");
        Self { store, reads, rows: counter!("microshop_store_rows_total") }
    }

    fn count(&self, rows: usize) {
        self.reads.increment(1);
        self.rows.increment(rows as u64);
    }
}

#[async_trait]
impl Store for CountedStore {
    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Versioned>>, StoreError> {
        self.count(keys.len());
        self.store.get_many(keys).await
    }

    async fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Versioned)>, StoreError> {
        let rows = self.store.scan(prefix, after, limit).await?;
        self.count(rows.len());
        Ok(rows)
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<EventId, StoreError>> {
        self.store.commit(batch)
    }

    fn tail(&self, after: EventId) -> BoxStream<'static, Result<LogEntry, StoreError>> {
        self.store.tail(after)
    }

    async fn last_event(&self) -> Result<EventId, StoreError> {
        self.store.last_event().await
    }

    fn clock(&self) -> Clock {
        self.store.clock()
    }

    fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.store.ready().await
    }

    async fn usage(&self) -> StoreUsage {
        self.store.usage().await
    }

    fn failure(&self) -> BoxFuture<'static, StoreError> {
        self.store.failure()
    }
}
