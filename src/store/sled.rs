//! The embedded store. Callers queue requests, and one thread, the committer, uses the tree.

mod committer;
mod high_water_mark;
mod keys;
mod opening;
mod round;
mod segment;
mod tree;

use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use actors::clock::Clock;
use actors::store::tail::follow;
use actors::store::{Batch, EventId, LogEntry, Store, StoreError, Versioned};
use async_trait::async_trait;
use futures_util::future::{self, BoxFuture, FutureExt};
use futures_util::stream::BoxStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::MissedTickBehavior;

use self::committer::{Committer, Reply, Request};
use self::opening::Files;
use self::tree::Tree;
use super::{OpenError, Options};

/// The capacity of the queue of requests. A request that finds it full is refused.
const QUEUE: usize = 8192;

/// A read of the log stops after this many events, or more if they are in one segment.
const EVENTS_PER_READ: usize = 256;

/// How often expired keys and old events are removed.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// A store in a local directory.
pub(super) struct SledStore {
    /// The queue of the committer. Dropping it ends the committer; `None` only during the drop.
    requests: Option<mpsc::Sender<Request>>,
    /// The id of the last durable event.
    last_event: watch::Receiver<EventId>,
    committer: Option<JoinHandle<()>>,
}

/// Opens or creates the store in a directory, and starts its committer.
pub(super) async fn open(
    path: PathBuf,
    options: &Options,
    clock: Clock,
) -> Result<SledStore, OpenError> {
    let place = path.display().to_string();
    // sled panics on some damaged files.
    let files = tokio::task::spawn_blocking(move || opening::open(&path))
        .await
        .unwrap_or_else(|panic| Err(OpenError::Corrupt { place, reason: panic.to_string() }))?;

    let Files { tree, file, mark } = files;
    let (requests, queue) = mpsc::channel(QUEUE);
    let (durable, last_event) = watch::channel(tree.last_event());
    let committer = Committer { tree, file, mark, options: options.clone(), clock, durable };
    let thread = thread::Builder::new()
        .name("committer".to_owned())
        .spawn(|| committer.run(queue))
        .map_err(|error| OpenError::Unreachable(error.to_string()))?;
    tokio::spawn(sweep_periodically(requests.downgrade()));
    Ok(SledStore { requests: Some(requests), last_event, committer: Some(thread) })
}

#[async_trait]
impl Store for SledStore {
    async fn get(&self, key: &str) -> Result<Option<Versioned>, StoreError> {
        let key = key.to_owned();
        read(self.requests.as_ref(), move |tree, now| tree.get(&key, now)).await
    }

    async fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Versioned)>, StoreError> {
        let prefix = prefix.to_owned();
        let after = after.map(str::to_owned);
        read(self.requests.as_ref(), move |tree, now| {
            tree.scan(&prefix, after.as_deref(), limit, now)
        })
        .await
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<EventId, StoreError>> {
        let (sender, result) = oneshot::channel();
        match enqueue(self.requests.as_ref(), Request::Commit(batch, sender)) {
            Ok(()) => async { result.await.unwrap_or_else(|_| Err(stopped())) }.boxed(),
            Err(refusal) => future::ready(Err(refusal)).boxed(),
        }
    }

    fn tail(&self, after: EventId) -> BoxStream<'static, Result<LogEntry, StoreError>> {
        // A weak sender, because a tail must not keep the store open.
        let requests = self.requests.as_ref().map(mpsc::Sender::downgrade);
        follow(after, self.last_event.clone(), move |after| {
            let requests = requests.as_ref().and_then(mpsc::WeakSender::upgrade);
            read(requests.as_ref(), move |tree, _| tree.events_after(after, EVENTS_PER_READ))
        })
    }

    async fn last_event(&self) -> Result<EventId, StoreError> {
        read(self.requests.as_ref(), |tree, _| Ok(tree.last_event())).await
    }
}

impl Drop for SledStore {
    /// Waits until the committer has completed every queued request and released the files.
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(committer) = self.committer.take() {
            committer.join().unwrap_or_else(|_| tracing::error!("the store's committer panicked"));
        }
    }
}

/// Queues a read at once, and returns a future of its result.
fn read<Found: Send + 'static>(
    requests: Option<&mpsc::Sender<Request>>,
    query: impl FnOnce(&Tree, u64) -> sled::Result<Found> + Send + 'static,
) -> BoxFuture<'static, Result<Found, StoreError>> {
    let (sender, result) = oneshot::channel();
    let read = Request::Read(Box::new(move |tree, now| {
        let found = query(tree, now)?;
        // The caller may have dropped the receiver.
        let reply: Reply = Box::new(move || drop(sender.send(found)));
        Ok(reply)
    }));
    let queued = enqueue(requests, read);
    async {
        queued?;
        result.await.map_err(|_| stopped())
    }
    .boxed()
}

/// Queues a request without waiting. Returns an error if the queue is full or closed.
fn enqueue(requests: Option<&mpsc::Sender<Request>>, request: Request) -> Result<(), StoreError> {
    requests.ok_or_else(stopped)?.try_send(request).map_err(|refusal| match refusal {
        mpsc::error::TrySendError::Full(_) => {
            StoreError::Unavailable("its queue is full".to_owned())
        }
        mpsc::error::TrySendError::Closed(_) => stopped(),
    })
}

/// The error after the committer has ended, by a failure or because the store was closed.
fn stopped() -> StoreError {
    StoreError::Unavailable("its committer has stopped".to_owned())
}

/// Queues a sweep at each interval until the store is closed.
async fn sweep_periodically(requests: mpsc::WeakSender<Request>) {
    let mut ticks = tokio::time::interval(SWEEP_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(requests) = requests.upgrade() else { break };
        // If the queue is full, the sweep waits for the next interval.
        requests.try_send(Request::Sweep).ok();
    }
}
