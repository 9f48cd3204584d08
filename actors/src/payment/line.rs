//! The line in front of the bank: at most so many calls run at once, and the others wait for room,
//! first come, first served.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use domain::moment::Moment;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::clock::Clock;

/// The line of calls to the bank.
pub(super) struct Line {
    clock: Clock,
    room: Semaphore,
    /// How many calls may run at once.
    calls: usize,
    waiting: AtomicUsize,
    /// The average duration of recent calls, in milliseconds.
    latency: AtomicU64,
}

/// Room for one call, until it is dropped.
pub(super) struct Room<'a> {
    line: &'a Line,
    /// When the call started; `None` if it was not made.
    since: Option<Moment>,
    _permit: Option<SemaphorePermit<'a>>,
}

impl Line {
    pub(super) fn new(calls: usize, clock: Clock) -> Self {
        Self {
            clock,
            room: Semaphore::new(calls),
            calls: calls.max(1),
            waiting: AtomicUsize::new(0),
            latency: AtomicU64::new(0),
        }
    }

    /// Waits for room.
    pub(super) async fn enter(&self) -> Room<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        // The semaphore is never closed.
        let permit = self.room.acquire().await.ok();
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        Room { line: self, since: None, _permit: permit }
    }

    /// Estimates how long a call that joins the line now waits for room.
    pub(super) fn wait(&self) -> Duration {
        let rounds = self.waiting.load(Ordering::Relaxed) / self.calls;
        let latency = Duration::from_millis(self.latency.load(Ordering::Relaxed));
        latency.saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX))
    }

    /// How many calls wait for room.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// How many more calls may run at once.
    pub(super) fn free(&self) -> usize {
        self.room.available_permits()
    }
}

impl Room<'_> {
    /// Starts to measure the call.
    pub(super) fn start(&mut self) {
        self.since = Some(self.line.clock.moment());
    }
}

impl Drop for Room<'_> {
    /// Adds the duration of the call to the average, in which it counts for an eighth.
    fn drop(&mut self) {
        let Some(since) = self.since else { return };
        let elapsed = self.line.clock.moment().since(since).as_millis();
        let elapsed = u64::try_from(elapsed).unwrap_or_default();
        let latency = self.line.latency.load(Ordering::Relaxed);
        let average = if latency == 0 { elapsed } else { latency - latency / 8 + elapsed / 8 };
        self.line.latency.store(average, Ordering::Relaxed);
    }
}
