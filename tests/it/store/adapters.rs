//! The three stores on which the contract tests run, one after another.

use std::any::Any;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actors::clock::{Clock, ManualClock};
use actors::store::memory::MemoryStore;
use actors::store::{Batch, LogEntry, Put, SharedStore};
use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use microshop::private::restrict_new_files;
use microshop::store::{OpenError, Options, open};
use tempfile::TempDir;

use crate::redis_server::RedisServer;

/// How long a test waits for an event before it fails, far longer than it should take.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// An empty store, and the clock that it uses.
pub(super) struct TestStore {
    pub(super) store: SharedStore,
    clock: ManualClock,
    /// The directory or the server of the store, which lives as long as the store.
    _location: Box<dyn Any>,
}

impl TestStore {
    pub(super) fn in_memory(events_max: u64) -> Self {
        let clock = stopped_clock();
        let store =
            Arc::new(MemoryStore::keeping(events_max as usize, Clock::Manual(clock.clone())));
        Self { store, clock, _location: Box::new(()) }
    }

    pub(super) async fn on_sled(events_max: u64) -> Self {
        let directory = private_directory();
        let clock = stopped_clock();
        let store = open_with(&sled_url(directory.path()), events_max, &clock).await;
        Self { store, clock, _location: Box::new(directory) }
    }

    pub(super) async fn on_redis(events_max: u64) -> Self {
        let server = RedisServer::start();
        let clock = stopped_clock();
        let store = open_with(&server.url(), events_max, &clock).await;
        Self { store, clock, _location: Box::new(server) }
    }

    pub(super) fn now(&self) -> Timestamp {
        Clock::Manual(self.clock.clone()).now()
    }

    /// Advances the clock.
    pub(super) fn advances(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Steps the calendar.
    pub(super) fn steps(&self, hours: i64) {
        self.clock.step(SignedDuration::from_hours(hours));
    }

    pub(super) async fn value(&self, key: &str) -> Option<(u64, String)> {
        let found = self.store.get(key).await.unwrap();
        found.map(|found| (found.version, String::from_utf8(found.value).unwrap()))
    }

    pub(super) async fn keys(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Vec<String> {
        self.store
            .scan(prefix, after, limit)
            .await
            .unwrap()
            .into_iter()
            .map(|(key, _)| key)
            .collect()
    }

    /// Reads the next events after one event, as text.
    pub(super) async fn events(&self, after: u64, count: usize) -> Vec<(u64, String)> {
        let entries =
            tokio::time::timeout(PATIENCE, self.store.tail(after).take(count).collect::<Vec<_>>())
                .await;
        entries
            .expect("the log has these events")
            .into_iter()
            .map(|entry| text(entry.unwrap()))
            .collect()
    }
}

/// Runs a test on every store.
pub(super) async fn on_every_store(test: impl AsyncFn(TestStore)) {
    on_every_store_keeping(1_000_000, test).await;
}

/// Runs a test on every store, with a largest number of events.
pub(super) async fn on_every_store_keeping(events_max: u64, test: impl AsyncFn(TestStore)) {
    eprintln!("in memory");
    test(TestStore::in_memory(events_max)).await;
    eprintln!("on sled");
    test(TestStore::on_sled(events_max).await).await;
    eprintln!("on redis");
    test(TestStore::on_redis(events_max).await).await;
}

/// Creates a directory for a store, which is refused if other users can use it.
pub(super) fn private_directory() -> TempDir {
    restrict_new_files();
    tempfile::tempdir().unwrap()
}

pub(super) fn sled_url(path: &Path) -> String {
    format!("sled:{}", path.display())
}

/// Opens a store with the system clock.
pub(super) async fn try_open(url: &str) -> Result<SharedStore, OpenError> {
    open(url, &options(1_000_000), Clock::System).await
}

/// Opens a store whose operator vouches for settings of Redis.
pub(super) async fn open_vouched(
    url: &str,
    vouched: Vec<String>,
) -> Result<SharedStore, OpenError> {
    open(url, &Options { vouched, ..options(1_000) }, Clock::System).await
}

pub(super) fn put(key: &str, value: &str) -> Put {
    Put { key: key.to_owned(), value: value.as_bytes().to_vec(), expires_at: None }
}

pub(super) fn putting(key: &str, value: &str) -> Batch {
    Batch { put: vec![put(key, value)], ..Batch::default() }
}

pub(super) fn removing(key: &str) -> Batch {
    Batch { remove: vec![key.to_owned()], ..Batch::default() }
}

pub(super) fn logging(events: &[&str]) -> Batch {
    Batch {
        events: events.iter().map(|event| event.as_bytes().to_vec()).collect(),
        ..Batch::default()
    }
}

/// Adds the expectation that a key has a version, or is absent.
pub(super) fn expecting(key: &str, version: Option<u64>, batch: Batch) -> Batch {
    Batch { expect: vec![(key.to_owned(), version)], ..batch }
}

pub(super) fn text(entry: LogEntry) -> (u64, String) {
    (entry.id, String::from_utf8(entry.value).unwrap())
}

/// Opens a store with a manual clock.
pub(super) async fn open_with(url: &str, events_max: u64, clock: &ManualClock) -> SharedStore {
    open(url, &options(events_max), Clock::Manual(clock.clone())).await.unwrap()
}

fn options(events_max: u64) -> Options {
    Options { events_max, events_keep: Duration::from_secs(3600), ..Options::default() }
}

/// Returns a clock that only tests advance.
pub(super) fn stopped_clock() -> ManualClock {
    ManualClock::new(1_700_000_000_000)
}
