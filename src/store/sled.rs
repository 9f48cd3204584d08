//! The embedded store: everyone queues jobs, the committer alone touches the tree.

mod committer;
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

use self::committer::{Answer, Committer, Job};
use self::tree::Tree;
use super::{OpenError, Options};

/// More jobs than this don't wait, they are refused.
const QUEUE: usize = 8192;
const EVENTS_A_READ: usize = 256;
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// A store in a directory of this machine.
pub(super) struct SledStore {
    jobs: Option<mpsc::Sender<Job>>,
    last_event: watch::Receiver<EventId>,
    committer: Option<JoinHandle<()>>,
}

/// Opens or creates the store in a directory.
pub(super) async fn open(
    path: PathBuf,
    options: &Options,
    clock: Clock,
) -> Result<SledStore, OpenError> {
    let place = path.display().to_string();
    // sled panics on some damaged files.
    let (tree, file, mark) = tokio::task::spawn_blocking(move || opening::open(&path))
        .await
        .unwrap_or_else(|panic| Err(OpenError::Corrupt { place, reason: panic.to_string() }))?;

    let (jobs, queue) = mpsc::channel(QUEUE);
    let (durable, last_event) = watch::channel(tree.last_event());
    let committer = Committer { tree, file, mark, options: options.clone(), clock, durable };
    let committer =
        thread::Builder::new().name("committer".to_owned()).spawn(|| committer.run(queue));
    let committer = committer.map_err(|error| OpenError::Unreachable(error.to_string()))?;
    tokio::spawn(sweep_now_and_then(jobs.downgrade()));
    Ok(SledStore { jobs: Some(jobs), last_event, committer: Some(committer) })
}

#[async_trait]
impl Store for SledStore {
    async fn get(&self, key: &str) -> Result<Option<Versioned>, StoreError> {
        let key = key.to_owned();
        read(self.jobs.as_ref(), move |tree, now| tree.get(&key, now)).await
    }

    async fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Versioned)>, StoreError> {
        let (prefix, after) = (prefix.to_owned(), after.map(str::to_owned));
        read(self.jobs.as_ref(), move |tree, now| tree.scan(&prefix, after.as_deref(), limit, now))
            .await
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<EventId, StoreError>> {
        let (answer, answered) = oneshot::channel();
        match enqueue(self.jobs.as_ref(), Job::Commit(batch, answer)) {
            Ok(()) => async { answered.await.unwrap_or_else(|_| Err(stopped())) }.boxed(),
            Err(refused) => future::ready(Err(refused)).boxed(),
        }
    }

    fn tail(&self, after: EventId) -> BoxStream<'static, Result<LogEntry, StoreError>> {
        // A tail must not keep the store open.
        let jobs = self.jobs.as_ref().map(mpsc::Sender::downgrade);
        follow(after, self.last_event.clone(), move |after| {
            let jobs = jobs.as_ref().and_then(mpsc::WeakSender::upgrade);
            read(jobs.as_ref(), move |tree, _| tree.events_behind(after, EVENTS_A_READ))
        })
    }

    async fn last_event(&self) -> Result<EventId, StoreError> {
        read(self.jobs.as_ref(), |tree, _| Ok(tree.last_event())).await
    }
}

impl Drop for SledStore {
    /// Lets the committer finish what is queued and waits until the files are let go.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(committer) = self.committer.take() {
            committer.join().unwrap_or_else(|_| tracing::error!("the store's committer panicked"));
        }
    }
}

/// Queues a read at once; its future ends with what was found.
fn read<Found: Send + 'static>(
    jobs: Option<&mpsc::Sender<Job>>,
    look: impl FnOnce(&Tree, u64) -> sled::Result<Found> + Send + 'static,
) -> BoxFuture<'static, Result<Found, StoreError>> {
    let (answer, answered) = oneshot::channel();
    let queued = enqueue(
        jobs,
        Job::Read(Box::new(move |tree, now| {
            let found = look(tree, now)?;
            // Whoever asked may be gone.
            let tell: Answer = Box::new(move || drop(answer.send(found)));
            Ok(tell)
        })),
    );
    async {
        queued?;
        answered.await.map_err(|_| stopped())
    }
    .boxed()
}

fn enqueue(jobs: Option<&mpsc::Sender<Job>>, job: Job) -> Result<(), StoreError> {
    jobs.ok_or_else(stopped)?.try_send(job).map_err(|refused| match refused {
        mpsc::error::TrySendError::Full(_) => {
            StoreError::Unavailable("too much waits for it".to_owned())
        }
        mpsc::error::TrySendError::Closed(_) => stopped(),
    })
}

fn stopped() -> StoreError {
    StoreError::Unavailable("its committer has stopped".to_owned())
}

async fn sweep_now_and_then(jobs: mpsc::WeakSender<Job>) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(jobs) = jobs.upgrade() else { break };
        // A full queue has no time for it.
        jobs.try_send(Job::Sweep).ok();
    }
}
