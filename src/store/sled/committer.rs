//! The committer: takes every waiting job, makes what all their commits change durable at once, and answers all.
//!
//! The first error or panic ends it and with it the store: after a failed sync nobody knows what is on the disk.
//! Dropped answers tell every caller.

use std::fs::File;
use std::iter;
use std::mem;
use std::thread;

use actors::clock::Clock;
use actors::store::{Batch, EventId, StoreError};
use tokio::sync::{mpsc, oneshot, watch};

use super::opening::Mark;
use super::round::Round;
use super::tree::Tree;
use crate::store::Options;
use crate::store::envelope::milliseconds;

const JOBS_A_ROUND: usize = 1024;

/// Answers somebody who waits.
pub(super) type Answer = Box<dyn FnOnce() + Send>;

/// Looks something up at a time, and gives what tells it to whoever asked.
pub(super) type Look = Box<dyn FnOnce(&Tree, u64) -> sled::Result<Answer> + Send>;

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
    pub(super) tree: Tree,
    /// The tree's file, to be synced.
    pub(super) file: File,
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
            gather(&mut queue, &mut jobs);
            if let Err(error) = self.serve(&mut jobs) {
                return tracing::error!(%error, "the store has failed and stays unavailable until a restart");
            }
        }
        self.set_mark().unwrap_or_else(|error| tracing::warn!(%error, "the mark was not set"));
    }

    /// Does jobs in their order; what was read is told when all that was written before is durable.
    fn serve(&mut self, jobs: &mut Vec<Job>) -> sled::Result<()> {
        let now = milliseconds(self.clock.now());
        let mut answers: Vec<Answer> = Vec::with_capacity(jobs.len());
        let mut reads = Vec::new();
        let mut sweeps = false;
        let mut round = Round::begin(&mut self.tree, &self.options, now);
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
                    sweeps = true;
                }
            }
        }
        if round.write()? {
            // sled's flush only begins to write back: the drive may still hold it.
            self.file.sync_data()?;
        }
        for read in reads {
            answers.push(read(&self.tree, now)?);
        }
        let last_event = self.tree.last_event();
        self.durable.send_if_modified(|durable| mem::replace(durable, last_event) != last_event);
        answers.into_iter().for_each(|answer| answer());
        if sweeps { self.set_mark() } else { Ok(()) }
    }

    fn set_mark(&mut self) -> sled::Result<()> {
        Ok(self.mark.set(*self.durable.borrow())?)
    }
}

/// Takes what others queue as soon as they get to run: the fewer rounds, the less they cost.
fn gather(queue: &mut mpsc::Receiver<Job>, jobs: &mut Vec<Job>) {
    loop {
        let before = jobs.len();
        thread::yield_now();
        jobs.extend(
            iter::from_fn(|| queue.try_recv().ok()).take(JOBS_A_ROUND.saturating_sub(before)),
        );
        if jobs.len() == before {
            return;
        }
    }
}
