//! The committer: takes every waiting job, writes what all their commits change at once, and has all answered.
//!
//! The first error or panic ends it and with it the store. Dropped answers tell every caller.

use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;

use actors::clock::Clock;
use actors::store::{Batch, EventId, StoreError};
use tokio::sync::{mpsc, oneshot, watch};

use super::ledger::Ledger;
use super::opening::Mark;
use super::round::Round;
use super::syncer::{Answer, Written};
use crate::store::Options;
use crate::store::envelope::milliseconds;

const JOBS_A_ROUND: usize = 1024;

/// Looks something up at a time, and gives what tells it to whoever asked.
pub(super) type Look = Box<dyn FnOnce(&Ledger, u64) -> sled::Result<Answer> + Send>;

/// What the committer may be told.
pub(super) enum Job {
    /// To do a batch.
    Commit(Batch, oneshot::Sender<Result<EventId, StoreError>>),
    /// To look something up.
    Read(Look),
    /// To remove what has expired.
    Sweep,
}

/// The one thread that touches the tree.
pub(super) struct Committer {
    /// What it keeps.
    pub(super) ledger: Ledger,
    /// How far the log reached, beside the tree.
    pub(super) mark: Mark,
    /// How much of the log it keeps.
    pub(super) options: Options,
    /// What time it is.
    pub(super) clock: Clock,
    /// Who answers when a round is durable.
    pub(super) written: SyncSender<Written>,
    /// The last durable event.
    pub(super) durable: watch::Receiver<EventId>,
}

impl Committer {
    /// Serves jobs until nobody can queue any more and everybody is answered.
    pub(super) fn run(mut self, queue: mpsc::Receiver<Job>, syncer: JoinHandle<()>) {
        self.serve_all(queue);
        let Self { mut mark, durable, written, .. } = self;
        drop(written);
        syncer.join().unwrap_or_else(|_| tracing::error!("the store's syncer panicked"));
        mark.set(*durable.borrow()).unwrap_or_else(|error| tracing::warn!(%error, "the mark was not set"));
    }

    fn serve_all(&mut self, mut queue: mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(JOBS_A_ROUND);
        while queue.blocking_recv_many(&mut jobs, JOBS_A_ROUND) > 0 {
            match self.serve(&mut jobs) {
                // A syncer that is gone has said why.
                Ok(round) => {
                    if self.written.send(round).is_err() {
                        return;
                    }
                }
                Err(error) => {
                    return tracing::error!(%error, "the store has failed and stays unavailable until a restart");
                }
            }
        }
    }

    /// Does jobs in their order; what was read is told when all that was written before is durable.
    fn serve(&mut self, jobs: &mut Vec<Job>) -> sled::Result<Written> {
        let now = milliseconds(self.clock.now());
        let mut answers: Vec<Answer> = Vec::new();
        let mut reads = Vec::new();
        let mut round = Round::begin(&mut self.ledger, &self.options, now);
        for job in jobs.drain(..) {
            match job {
                Job::Commit(batch, answer) => {
                    let result = round.stage(batch)?;
                    // Whoever asked may be gone.
                    answers.push(Box::new(move || drop(answer.send(result))));
                }
                Job::Read(read) => reads.push(read),
                Job::Sweep => {
                    round.sweep()?;
                    self.mark.set(*self.durable.borrow())?;
                }
            }
        }
        let changed = round.write()?;
        for read in reads {
            answers.push(read(&self.ledger, now)?);
        }
        Ok(Written { changed, last_event: self.ledger.last_event(), answers })
    }
}
