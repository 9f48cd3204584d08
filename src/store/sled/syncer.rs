//! The syncer: waits until what the committer has written would survive a power cut, then answers.
//!
//! While it waits for the disk the committer works on the next round; rounds that were written meanwhile share
//! a sync. The first error ends it, and with it the store: after a failed sync nobody knows what is on the disk.

use std::fs::File;
use std::io;
use std::iter;
use std::mem;
use std::sync::mpsc;

use actors::store::EventId;
use tokio::sync::watch;

/// Answers somebody who waits.
pub(super) type Answer = Box<dyn FnOnce() + Send>;

/// A round that the committer has handed to the operating system.
pub(super) struct Written {
    /// Whether anything was changed.
    pub(super) changed: bool,
    /// The log's last event.
    pub(super) last_event: EventId,
    /// What to answer.
    pub(super) answers: Vec<Answer>,
}

/// The thread that syncs.
pub(super) struct Syncer {
    /// The tree's file.
    pub(super) file: File,
    /// Where it tells the last durable event.
    pub(super) durable: watch::Sender<EventId>,
}

impl Syncer {
    /// Syncs and answers rounds until there will be no more.
    pub(super) fn run(self, written: mpsc::Receiver<Written>) {
        while let Ok(round) = written.recv() {
            if let Err(error) = self.sync(iter::once(round).chain(written.try_iter()).collect()) {
                tracing::error!(%error, "the store has failed and stays unavailable until a restart");
                return;
            }
        }
    }

    fn sync(&self, rounds: Vec<Written>) -> io::Result<()> {
        if rounds.iter().any(|round| round.changed) {
            // sled's flush only begins to write back: the drive may still hold it.
            self.file.sync_data()?;
        }
        for Written { last_event, answers, .. } in rounds {
            self.durable.send_if_modified(|durable| mem::replace(durable, last_event) != last_event);
            answers.into_iter().for_each(|answer| answer());
        }
        Ok(())
    }
}
