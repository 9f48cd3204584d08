//! The embedded store. Callers queue requests, and one thread, the committer, uses the tree.

mod committer;
mod high_water_mark;
mod keys;
mod opening;
pub(super) mod raw;
mod round;
mod segment;
mod tree;
mod watchdog;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use actors::clock::Clock;
use actors::store::tail::follow;
use actors::store::{Batch, EventId, LogEntry, Store, StoreError, StoreUsage, Versioned};
use actors::sweep_clock::SweepClock;
use async_trait::async_trait;
use futures_util::future::{self, BoxFuture, FutureExt};
use futures_util::stream::BoxStream;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::MissedTickBehavior;

use self::committer::{Committer, Request};
use self::opening::Files;
use self::tree::Tree;
use self::watchdog::{Rounds, Watchdog};
use super::{OpenError, Options};

/// How many commits may wait. One that finds no room is refused.
const COMMITS: usize = 8192;

/// How many reads may wait for the committer. Others wait in front of its queue, so that no number
/// of reads can delay a commit by more than a part of a round.
const READS: usize = 512;

/// A read of the log stops after this many events, or more if they are in one segment.
const EVENTS_PER_READ: usize = 256;

/// How often expired keys and old events are removed.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// A store in a local directory.
pub(super) struct SledStore {
    /// The queue of the committer. Dropping it ends the committer; `None` only during the drop.
    requests: Option<mpsc::UnboundedSender<Request>>,
    /// Room for commits and for reads in that queue.
    room: Room,
    /// The id of the last durable event.
    last_event: watch::Receiver<EventId>,
    /// How long the last sync has taken.
    last_sync: watch::Receiver<Option<Duration>>,
    /// Why the committer has ended while the store was open.
    failure: watch::Receiver<Option<StoreError>>,
    committer: Option<JoinHandle<()>>,
    clock: Clock,
    /// Dropped after the committer has ended.
    _watchdog: Watchdog,
}

/// Room in the queue of the committer: each request holds a permit until it is served.
#[derive(Clone)]
struct Room {
    commits: Arc<Semaphore>,
    reads: Arc<Semaphore>,
}

/// Opens or creates the store in a directory, and starts its committer.
pub(super) async fn open(
    path: PathBuf,
    options: &Options,
    clock: Clock,
) -> Result<SledStore, OpenError> {
    let place = path.display().to_string();
    // sled panics on some damaged files.
    let cache_mib = options.cache_mib;
    let files = tokio::task::spawn_blocking(move || opening::open(&path, cache_mib))
        .await
        .unwrap_or_else(|panic| Err(OpenError::Corrupt { place, reason: panic.to_string() }))?;

    let Files { tree, file, mark } = files;
    let (requests, queue) = mpsc::unbounded_channel();
    let (durable, last_event) = watch::channel(tree.last_event());
    let sweep_clock = SweepClock::new(&clock);
    let options = options.clone();
    let clock_of_store = clock.clone();
    let (synced, last_sync) = watch::channel(None);
    let (failed, failure) = watch::channel(None);
    let failed = Arc::new(failed);
    let rounds = Rounds::default();
    let watchdog = Watchdog::start(tree.db(), rounds.clone(), failed.clone())
        .map_err(|error| OpenError::Unreachable(error.to_string()))?;
    let committer =
        Committer { tree, file, mark, options, clock, sweep_clock, durable, synced, rounds };
    let thread = thread::Builder::new()
        .name("committer".to_owned())
        .spawn(move || committer.run(queue, &failed))
        .map_err(|error| OpenError::Unreachable(error.to_string()))?;
    tokio::spawn(sweep_periodically(requests.downgrade()));
    let room =
        Room { commits: Arc::new(Semaphore::new(COMMITS)), reads: Arc::new(Semaphore::new(READS)) };
    let requests = Some(requests);
    Ok(SledStore {
        requests,
        room,
        last_event,
        last_sync,
        failure,
        committer: Some(thread),
        clock: clock_of_store,
        _watchdog: watchdog,
    })
}

#[async_trait]
impl Store for SledStore {
    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Versioned>>, StoreError> {
        let keys = keys.to_vec();
        self.read(move |tree, now| keys.iter().map(|key| tree.get(key, now)).collect()).await
    }

    async fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Versioned)>, StoreError> {
        let prefix = prefix.to_owned();
        let after = after.map(str::to_owned);
        self.read(move |tree, now| tree.scan(&prefix, after.as_deref(), limit, now)).await
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<EventId, StoreError>> {
        let (sender, result) = oneshot::channel();
        match self.enqueue_commit(batch, sender) {
            Ok(()) => async { result.await.unwrap_or_else(|_| Err(stopped())) }.boxed(),
            Err(refusal) => future::ready(Err(refusal)).boxed(),
        }
    }

    fn tail(&self, after: EventId) -> BoxStream<'static, Result<LogEntry, StoreError>> {
        // A weak sender, because a tail must not keep the store open.
        let requests = self.requests.as_ref().map(mpsc::UnboundedSender::downgrade);
        let room = self.room.clone();
        follow(after, self.last_event.clone(), move |after| {
            read(requests.clone(), &room, move |tree, _| tree.events_after(after, EVENTS_PER_READ))
        })
    }

    fn clock(&self) -> Clock {
        self.clock.clone()
    }

    async fn last_event(&self) -> Result<EventId, StoreError> {
        // Published before the replies to its commits, and before the reads of the next round.
        Ok(*self.last_event.borrow())
    }

    async fn usage(&self) -> StoreUsage {
        let bytes = self.read(|tree, _| tree.size()).await.ok();
        StoreUsage { bytes, sync: *self.last_sync.borrow() }
    }

    fn failure(&self) -> BoxFuture<'static, StoreError> {
        let mut failure = self.failure.clone();
        async move {
            let failed = failure.wait_for(Option::is_some).await.ok();
            match failed.and_then(|error| error.clone()) {
                Some(error) => error,
                // The store was closed.
                None => future::pending().await,
            }
        }
        .boxed()
    }
}

impl Drop for SledStore {
    /// Waits until the committer has completed every queued request and released the files.
    fn drop(&mut self) {
        drop(self.requests.take());
        // A failed committer may never release its files.
        let committer = self.committer.take().filter(|_| self.failure.borrow().is_none());
        if let Some(committer) = committer {
            committer.join().unwrap_or_else(|_| tracing::error!("the store's committer panicked"));
        }
    }
}

impl SledStore {
    fn read<Found: Send + 'static>(
        &self,
        query: impl FnOnce(&Tree, u64) -> sled::Result<Found> + Send + 'static,
    ) -> BoxFuture<'static, Result<Found, StoreError>> {
        let requests = self.requests.as_ref().map(mpsc::UnboundedSender::downgrade);
        read(requests, &self.room, query)
    }

    /// Queues a commit at once, so that commits take effect in call order.
    fn enqueue_commit(
        &self,
        batch: Batch,
        sender: oneshot::Sender<Result<EventId, StoreError>>,
    ) -> Result<(), StoreError> {
        let requests = self.requests.as_ref().ok_or_else(stopped)?;
        let permit = self.room.commits.clone().try_acquire_owned();
        let permit = permit.map_err(|_| StoreError::Unavailable("its queue is full".to_owned()))?;
        requests.send(Request::Commit(batch, sender, permit)).map_err(|_| stopped())
    }
}

/// Queues a read once there is room for it, and returns its result.
///
/// A read that waits for room does not keep the store open.
fn read<Found: Send + 'static>(
    requests: Option<mpsc::WeakUnboundedSender<Request>>,
    room: &Room,
    query: impl FnOnce(&Tree, u64) -> sled::Result<Found> + Send + 'static,
) -> BoxFuture<'static, Result<Found, StoreError>> {
    let (sender, result) = oneshot::channel();
    let read = Box::new(move |tree: &Tree, now| {
        // The caller may have dropped the receiver.
        drop(sender.send(query(tree, now)?));
        Ok(())
    });
    let reads = room.reads.clone();
    async move {
        let permit = reads.acquire_owned().await.map_err(|_| stopped())?;
        {
            let requests = requests.and_then(|requests| requests.upgrade()).ok_or_else(stopped)?;
            requests.send(Request::Read(read, permit)).map_err(|_| stopped())?;
        }
        result.await.map_err(|_| stopped())
    }
    .boxed()
}

/// The error after the committer has ended, by a failure or because the store was closed.
fn stopped() -> StoreError {
    StoreError::Unavailable("its committer has stopped".to_owned())
}

/// Queues a sweep at each interval until the store is closed.
async fn sweep_periodically(requests: mpsc::WeakUnboundedSender<Request>) {
    let mut ticks = tokio::time::interval(SWEEP_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(requests) = requests.upgrade() else { break };
        requests.send(Request::Sweep).ok();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream::StreamExt;
    use tokio::time::timeout;

    use super::*;
    use crate::private::restrict_new_files;

    /// How long a store may take to close; one that is kept open would never close.
    const DEADLINE: Duration = Duration::from_secs(20);

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_tail_that_waits_for_room_does_not_keep_the_store_open() {
        restrict_new_files();
        let directory = tempfile::tempdir().unwrap();
        let options = Options { events_max: 10, events_keep: DEADLINE, ..Options::default() };
        let reopen = || open(directory.path().to_owned(), &options, Clock::default());
        let store = reopen().await.unwrap();
        store.commit(Batch { events: vec![b"event".to_vec()], ..Batch::default() }).await.unwrap();
        let all_room = store.room.reads.clone().acquire_many_owned(READS as u32).await.unwrap();
        let mut tail = store.tail(0);
        assert!(tail.next().now_or_never().is_none());

        let closing = tokio::task::spawn_blocking(move || drop(store));
        timeout(DEADLINE, closing).await.expect("the tail keeps the store open").unwrap();
        reopen().await.unwrap();
        drop(all_room);
        assert_eq!(tail.next().await, Some(Err(stopped())));
    }
}
