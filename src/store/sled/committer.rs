//! The committer: takes all waiting requests, makes their commits durable in one write, and
//! replies to all of them.
//!
//! The first error or panic ends the committer, and the store has failed for good: after a failed
//! sync it is unknown what is on the disk. The requests that remain are dropped, which returns an
//! error to their callers.

use std::fs::File;
use std::iter;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use actors::clock::Clock;
use actors::failpoint;
use actors::store::{Batch, EventId, StoreError};
use actors::sweep_clock::SweepClock;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};

use super::high_water_mark::HighWaterMark;
use super::round::Round;
use super::tree::Tree;
use super::watchdog::Rounds;
use crate::store::Options;
use crate::store::envelope::milliseconds;

/// The largest number of requests in a round.
const REQUESTS_PER_ROUND: usize = 1024;

/// Sends the result of a commit to the caller.
type Reply = Box<dyn FnOnce() + Send>;

/// Reads from the tree at a time in milliseconds, and sends the result to the caller.
pub(super) type Query = Box<dyn FnOnce(&Tree, u64) -> sled::Result<()> + Send>;

/// A request to the committer; its permit is its room in the queue.
pub(super) enum Request {
    /// Commits a batch, and sends the result.
    Commit(Batch, oneshot::Sender<Result<EventId, StoreError>>, OwnedSemaphorePermit),
    /// Reads from the tree.
    Read(Query, OwnedSemaphorePermit),
    /// Removes expired keys and old events.
    Sweep,
}

/// The only thread that uses the tree.
pub(super) struct Committer {
    /// The stored data.
    pub(super) tree: Tree,
    /// The file of the tree, which is synced after each write.
    pub(super) file: File,
    /// The high-water mark of the log.
    pub(super) mark: HighWaterMark,
    /// How much of the log is kept.
    pub(super) options: Options,
    /// The clock for expiries.
    pub(super) clock: Clock,
    /// The clock for the removal of what has expired.
    pub(super) sweep_clock: SweepClock,
    /// Publishes the id of the last durable event.
    pub(super) durable: watch::Sender<EventId>,
    /// Publishes how long the last sync has taken.
    pub(super) synced: watch::Sender<Option<Duration>>,
    /// Shows the watchdog whether a round takes long.
    pub(super) rounds: Rounds,
}

impl Committer {
    /// Serves requests until every sender is dropped. Publishes the error or panic that ends the
    /// committer before that.
    pub(super) fn run(
        mut self,
        queue: mpsc::UnboundedReceiver<Request>,
        failure: &watch::Sender<Option<StoreError>>,
    ) {
        // The committer is not used after a panic.
        let served = panic::catch_unwind(AssertUnwindSafe(|| self.serve_all(queue)));
        let reason = match served {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "its committer panicked".to_owned(),
        };
        failure.send_replace(Some(StoreError::Unavailable(reason)));
    }

    fn serve_all(&mut self, mut queue: mpsc::UnboundedReceiver<Request>) -> sled::Result<()> {
        let mut requests = Vec::with_capacity(REQUESTS_PER_ROUND);
        while queue.blocking_recv_many(&mut requests, REQUESTS_PER_ROUND) > 0 {
            failpoint::reach("committer");
            gather(&mut queue, &mut requests);
            self.rounds.fetch_add(1, Ordering::Relaxed);
            self.serve(&mut requests)?;
            self.rounds.fetch_add(1, Ordering::Relaxed);
        }
        self.set_mark()
    }

    /// Serves one round of requests: first the reads, then the commits in their order.
    ///
    /// When the reads run, every earlier write is durable and no later one has been made: no caller
    /// sees a change before it is durable, and no read waits for the sync of its own round.
    fn serve(&mut self, requests: &mut Vec<Request>) -> sled::Result<()> {
        let now = milliseconds(self.clock.now());
        let mut commits = Vec::new();
        for request in requests.drain(..) {
            match request {
                Request::Read(query, _room) => query(&self.tree, now)?,
                other => commits.push(other),
            }
        }
        let swept = milliseconds(self.sweep_clock.now());
        let mut round = Round::begin(&mut self.tree, &self.options, now, swept);
        let mut staged = Staged::default();
        for request in commits {
            staged.stage(request, &mut round)?;
        }
        if round.write()? {
            // sled's flush only starts the write-back. The drive may not have the data yet.
            let began = Clock::System.moment();
            self.file.sync_data()?;
            self.synced.send_replace(Some(Clock::System.moment().since(began)));
        }
        let last_event = self.tree.last_event();
        self.durable.send_if_modified(|durable| mem::replace(durable, last_event) != last_event);
        staged.replies.into_iter().for_each(|reply| reply());
        if staged.sweeps { self.set_mark() } else { Ok(()) }
    }

    fn set_mark(&mut self) -> sled::Result<()> {
        Ok(self.mark.set(*self.durable.borrow())?)
    }
}

/// What remains to do for the requests of a round after its write.
#[derive(Default)]
struct Staged {
    replies: Vec<Reply>,
    sweeps: bool,
}

impl Staged {
    fn stage(&mut self, request: Request, round: &mut Round) -> sled::Result<()> {
        match request {
            Request::Commit(batch, sender, room) => {
                let result = round.stage(batch)?;
                self.replies.push(Box::new(move || {
                    drop(room);
                    // The caller may have dropped the receiver.
                    drop(sender.send(result));
                }));
            }
            Request::Read(..) => {}
            Request::Sweep => {
                round.sweep()?;
                self.sweeps = true;
            }
        }
        Ok(())
    }
}

/// Yields to other threads and takes what they queue, until they queue no more. Each round has a
/// fixed cost, so fewer and larger rounds are cheaper.
fn gather(queue: &mut mpsc::UnboundedReceiver<Request>, requests: &mut Vec<Request>) {
    loop {
        let before = requests.len();
        thread::yield_now();
        let room = REQUESTS_PER_ROUND.saturating_sub(before);
        requests.extend(iter::from_fn(|| queue.try_recv().ok()).take(room));
        if requests.len() == before {
            return;
        }
    }
}
