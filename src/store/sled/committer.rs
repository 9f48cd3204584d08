//! The committer: takes all waiting requests, makes their commits durable in one write, and
//! replies to all of them.
//!
//! The first error or panic ends the committer and makes the store unavailable: after a failed
//! sync it is unknown what is on the disk. The requests that remain are dropped, which returns an
//! error to their callers.

use std::fs::File;
use std::iter;
use std::mem;
use std::thread;

use actors::clock::Clock;
use actors::store::{Batch, EventId, StoreError};
use tokio::sync::{mpsc, oneshot, watch};

use super::high_water_mark::HighWaterMark;
use super::round::Round;
use super::tree::Tree;
use crate::store::Options;
use crate::store::envelope::milliseconds;

/// The largest number of requests in a round.
const REQUESTS_PER_ROUND: usize = 1024;

/// Sends a result to the caller.
pub(super) type Reply = Box<dyn FnOnce() + Send>;

/// Reads from the tree at a time in milliseconds, and returns the reply to send.
pub(super) type Query = Box<dyn FnOnce(&Tree, u64) -> sled::Result<Reply> + Send>;

/// A request to the committer.
pub(super) enum Request {
    /// Commits a batch, and sends the result.
    Commit(Batch, oneshot::Sender<Result<EventId, StoreError>>),
    /// Reads from the tree.
    Read(Query),
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
    /// Publishes the id of the last durable event.
    pub(super) durable: watch::Sender<EventId>,
}

impl Committer {
    /// Serves requests until every sender is dropped.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Request>) {
        let mut requests = Vec::with_capacity(REQUESTS_PER_ROUND);
        while queue.blocking_recv_many(&mut requests, REQUESTS_PER_ROUND) > 0 {
            gather(&mut queue, &mut requests);
            if let Err(error) = self.serve(&mut requests) {
                tracing::error!(%error, "the store failed and is unavailable until a restart");
                return;
            }
        }
        self.set_mark()
            .unwrap_or_else(|error| tracing::warn!(%error, "the high-water mark was not written"));
    }

    /// Serves one round of requests in their order.
    ///
    /// Reads run after the write, so no caller sees a change before it is durable.
    fn serve(&mut self, requests: &mut Vec<Request>) -> sled::Result<()> {
        let now = milliseconds(self.clock.now());
        let mut round = Round::begin(&mut self.tree, &self.options, now);
        let mut staged = Staged::default();
        for request in requests.drain(..) {
            staged.stage(request, &mut round)?;
        }
        if round.write()? {
            // sled's flush only starts the write-back. The drive may not have the data yet.
            self.file.sync_data()?;
        }
        let Staged { mut replies, reads, sweeps } = staged;
        for read in reads {
            replies.push(read(&self.tree, now)?);
        }
        let last_event = self.tree.last_event();
        self.durable.send_if_modified(|durable| mem::replace(durable, last_event) != last_event);
        replies.into_iter().for_each(|reply| reply());
        if sweeps { self.set_mark() } else { Ok(()) }
    }

    fn set_mark(&mut self) -> sled::Result<()> {
        Ok(self.mark.set(*self.durable.borrow())?)
    }
}

/// What remains to do for the requests of a round after its write.
#[derive(Default)]
struct Staged {
    replies: Vec<Reply>,
    reads: Vec<Query>,
    sweeps: bool,
}

impl Staged {
    fn stage(&mut self, request: Request, round: &mut Round) -> sled::Result<()> {
        match request {
            Request::Commit(batch, sender) => {
                let result = round.stage(batch)?;
                // The caller may have dropped the receiver.
                self.replies.push(Box::new(move || drop(sender.send(result))));
            }
            Request::Read(query) => self.reads.push(query),
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
fn gather(queue: &mut mpsc::Receiver<Request>, requests: &mut Vec<Request>) {
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
