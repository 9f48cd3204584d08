//! The committer: takes every waiting job, makes all their commits durable at once, then answers all.
//!
//! The first error or panic ends it and with it the store: after a failed fsync nobody knows what is on the
//! disk, so nothing may be acknowledged any more. Dropped answers tell every caller.

use actors::clock::Clock;
use actors::store::{Batch, EventId, StoreError};
use tokio::sync::{mpsc, oneshot, watch};

use super::ledger::Ledger;
use super::opening::Mark;
use super::round::Round;
use crate::store::Options;
use crate::store::envelope::milliseconds;

const JOBS_A_ROUND: usize = 1024;

/// Looks something up at a time, and answers.
pub(super) type Look = Box<dyn FnOnce(&Ledger, u64) -> sled::Result<()> + Send>;

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
    /// Where it tells the last durable event.
    pub(super) durable: watch::Sender<EventId>,
}

impl Committer {
    /// Serves jobs until nobody can queue any more.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(JOBS_A_ROUND);
        while queue.blocking_recv_many(&mut jobs, JOBS_A_ROUND) > 0 {
            if let Err(error) = self.serve(&mut jobs) {
                tracing::error!(%error, "the store has failed and stays unavailable until a restart");
                return;
            }
        }
        self.mark.set(self.ledger.last_event()).unwrap_or_else(|error| tracing::warn!(%error, "the mark was not set"));
    }

    fn serve(&mut self, jobs: &mut Vec<Job>) -> sled::Result<()> {
        let now = milliseconds(self.clock.now());
        let mut answers = Vec::new();
        let mut reads = Vec::new();
        let mut round = Round::begin(&mut self.ledger, &self.options, now);
        for job in jobs.drain(..) {
            match job {
                Job::Commit(batch, answer) => answers.push((answer, round.stage(batch)?)),
                Job::Read(read) => reads.push(read),
                Job::Sweep => {
                    round.sweep()?;
                    self.mark.set(round.durable_event())?;
                }
            }
        }
        let last_event = round.make_durable()?;
        self.durable.send_if_modified(|durable| std::mem::replace(durable, last_event) != last_event);
        for read in reads {
            read(&self.ledger, now)?;
        }
        for (answer, result) in answers {
            // Whoever asked may be gone.
            answer.send(result).ok();
        }
        Ok(())
    }
}
