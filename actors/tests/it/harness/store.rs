//! A store in memory that can fail.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use actors::clock::Clock;
use actors::store::memory::MemoryStore;
use actors::store::{Batch, EventId, LogEntry, Store, StoreError, Versioned};
use async_trait::async_trait;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::BoxStream;
use tokio::sync::oneshot;

/// A store in memory whose next commit can panic, in the actor that commits, be refused, or be
/// held.
pub(crate) struct FaultyStore {
    memory: MemoryStore,
    commits: AtomicUsize,
    reads: AtomicUsize,
    panics: AtomicBool,
    refuses: AtomicBool,
    holds: AtomicBool,
    /// Whether reads fail once a commit was requested.
    breaks: AtomicBool,
    is_broken: AtomicBool,
    /// A key whose every expectation fails.
    contended: Mutex<Option<String>>,
    /// How the next commits of the statistics fail.
    counting_faults: Mutex<VecDeque<CountingFault>>,
    held: Mutex<Option<Held>>,
}

/// How a commit of the statistics fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CountingFault {
    /// The actor panics before it.
    Panic,
    /// The commit has no effect.
    Refuse,
    /// The commit takes effect, and its answer is lost.
    LoseAnswer,
}

/// A commit that has not yet taken effect.
struct Held {
    batch: Batch,
    result: oneshot::Sender<Result<EventId, StoreError>>,
}

impl FaultyStore {
    /// Creates an empty store without faults that keeps the last `events_max` events.
    pub(crate) fn keeping(events_max: u64, clock: Clock) -> Self {
        Self {
            memory: MemoryStore::keeping(events_max as usize, clock),
            commits: AtomicUsize::new(0),
            reads: AtomicUsize::new(0),
            panics: AtomicBool::new(false),
            refuses: AtomicBool::new(false),
            holds: AtomicBool::new(false),
            breaks: AtomicBool::new(false),
            is_broken: AtomicBool::new(false),
            contended: Mutex::new(None),
            counting_faults: Mutex::default(),
            held: Mutex::new(None),
        }
    }

    /// Returns how many commits were requested.
    pub(crate) fn commits(&self) -> usize {
        self.commits.load(Ordering::SeqCst)
    }

    /// Returns how often keys were read.
    pub(crate) fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    /// Makes the next commit panic.
    pub(crate) fn panic_on_next_commit(&self) {
        self.panics.store(true, Ordering::SeqCst);
    }

    /// Makes the next commit fail without any effect.
    pub(crate) fn refuse_next_commit(&self) {
        self.refuses.store(true, Ordering::SeqCst);
    }

    /// Makes every read of keys fail after the next commit.
    pub(crate) fn fail_reads_after_next_commit(&self) {
        self.breaks.store(true, Ordering::SeqCst);
    }

    /// Makes reads of keys succeed again.
    pub(crate) fn answer_reads(&self) {
        self.is_broken.store(false, Ordering::SeqCst);
    }

    /// Holds the next commit, as if it came from a slow node.
    pub(crate) fn hold_next_commit(&self) {
        self.holds.store(true, Ordering::SeqCst);
    }

    /// Makes every commit that expects a version of a key end in a conflict, as if another node
    /// changed the key all the time.
    pub(crate) fn contend(&self, key: String) {
        *self.contended.lock().unwrap() = Some(key);
    }

    /// Makes the next commits of the statistics fail. Those follow the log at a time of their own,
    /// so all other faults spare them.
    pub(crate) fn fail_counting(&self, faults: &[CountingFault]) {
        self.counting_faults.lock().unwrap().extend(faults);
    }

    /// Makes the commits of the statistics succeed again.
    pub(crate) fn let_count(&self) {
        self.counting_faults.lock().unwrap().clear();
    }

    fn count(&self, batch: Batch) -> BoxFuture<'static, Result<EventId, StoreError>> {
        let fault = self.counting_faults.lock().unwrap().pop_front();
        let lost = || async { Err(StoreError::Unavailable("set to fail".to_owned())) }.boxed();
        match fault {
            None => self.memory.commit(batch),
            Some(CountingFault::Panic) => panic!("set to panic"),
            Some(CountingFault::Refuse) => lost(),
            Some(CountingFault::LoseAnswer) => {
                drop(self.memory.commit(batch));
                lost()
            }
        }
    }

    /// Whether a commit is held.
    pub(crate) fn holds_a_commit(&self) -> bool {
        self.held.lock().unwrap().is_some()
    }

    /// Carries out the held commit.
    pub(crate) async fn release_commit(&self) {
        let Held { batch, result } = self.held.lock().unwrap().take().unwrap();
        result.send(self.memory.commit(batch).await).unwrap();
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Versioned>>, StoreError> {
        if keys.iter().all(|key| is_of_statistics(key)) {
            return self.memory.get_many(keys).await;
        }
        self.reads.fetch_add(1, Ordering::SeqCst);
        if self.is_broken.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("the reads fail".to_owned()));
        }
        self.memory.get_many(keys).await
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
        if batch.expect.iter().all(|(key, _)| is_of_statistics(key)) && batch.events.is_empty() {
            return self.count(batch);
        }
        self.commits.fetch_add(1, Ordering::SeqCst);
        if self.breaks.swap(false, Ordering::SeqCst) {
            self.is_broken.store(true, Ordering::SeqCst);
        }
        assert!(!self.panics.swap(false, Ordering::SeqCst), "set to panic");
        if self.refuses.swap(false, Ordering::SeqCst) {
            return async { Err(StoreError::Unavailable("set to refuse".to_owned())) }.boxed();
        }
        let contended = self.contended.lock().unwrap().clone();
        if batch.expect.iter().any(|(key, _)| Some(key) == contended.as_ref()) {
            return async { Err(StoreError::Conflict) }.boxed();
        }
        if !self.holds.swap(false, Ordering::SeqCst) {
            return self.memory.commit(batch);
        }
        let (result, receiver) = oneshot::channel();
        *self.held.lock().unwrap() = Some(Held { batch, result });
        async { receiver.await.unwrap() }.boxed()
    }

    fn tail(&self, after: EventId) -> BoxStream<'static, Result<LogEntry, StoreError>> {
        self.memory.tail(after)
    }

    fn clock(&self) -> Clock {
        self.memory.clock()
    }

    async fn last_event(&self) -> Result<EventId, StoreError> {
        self.memory.last_event().await
    }
}

/// Returns whether a key belongs to the statistics.
fn is_of_statistics(key: &str) -> bool {
    key.starts_with("statistics") || key.starts_with("counted-order/")
}
