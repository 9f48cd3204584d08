//! What an actor or the store has done lately, counted without a message to it.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::system::{ActorReport, LastFailure, StoreReport};
use jiff::Timestamp;

/// How often something happens. `tick` is called once in a second.
#[derive(Debug, Default)]
pub struct Pace {
    total: AtomicU64,
    /// The total at the last tick.
    ticked: AtomicU64,
    per_second: AtomicU64,
}

impl Pace {
    /// Counts some.
    pub(crate) fn add(&self, count: u64) {
        self.total.fetch_add(count, Ordering::Relaxed);
    }

    /// Ends a second.
    pub(crate) fn tick(&self) {
        let total = self.total();
        let before = self.ticked.swap(total, Ordering::Relaxed);
        self.per_second.store(total.saturating_sub(before), Ordering::Relaxed);
    }

    /// Returns how often it has happened.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Returns how often it has happened in the second before the last tick.
    pub fn per_second(&self) -> u64 {
        self.per_second.load(Ordering::Relaxed)
    }
}

/// The commits of a store.
#[derive(Debug, Default)]
pub struct Commits {
    count: Pace,
    microseconds: Pace,
}

impl Commits {
    /// Counts a commit that has taken some time.
    pub(crate) fn add(&self, took: Duration) {
        self.count.add(1);
        self.microseconds.add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// Ends a second.
    pub(crate) fn tick(&self) {
        self.count.tick();
        self.microseconds.tick();
    }

    /// Returns the report of a store whose log ends with an event.
    pub fn report(&self, last_event: u64) -> StoreReport {
        let per_second = self.count.per_second();
        let commit_us = self.microseconds.per_second().checked_div(per_second).unwrap_or(0);
        let commits = self.count.total();
        StoreReport { last_event, commits, per_second, commit_us, ..StoreReport::default() }
    }
}

/// What an actor has done since the process started, through all its restarts.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    /// The asked messages that wait for their replies.
    waiting: AtomicUsize,
    /// The messages that were replied to.
    pub(crate) handled: Pace,
    restarts: AtomicU64,
    restarted_at: Mutex<Option<Timestamp>>,
    failure: Mutex<Option<LastFailure>>,
}

/// A message that waits for its reply. The count ends when it is dropped, also by a caller that no
/// longer waits.
pub(crate) struct Waiting<'a>(&'a Activity);

impl Activity {
    /// Counts a message that is about to be sent.
    pub(crate) fn wait(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(self)
    }

    /// Counts a restart.
    pub(crate) fn restart(&self, now: Timestamp) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
        *self.restarted_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// Notes that the actor has failed.
    pub(crate) fn fail(&self, at: Timestamp, text: &str) {
        let failure = LastFailure { at, text: text.to_owned() };
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
    }

    /// Returns the report of an actor.
    pub(crate) fn report(&self, name: &'static str) -> ActorReport {
        ActorReport {
            name,
            waiting: self.waiting.load(Ordering::Relaxed),
            handled: self.handled.total(),
            per_second: self.handled.per_second(),
            restarts: self.restarts.load(Ordering::Relaxed),
            restarted_at: *self.restarted_at.lock().unwrap_or_else(PoisonError::into_inner),
            state: None,
            failure: self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_what_has_happened_in_the_last_second() {
        let pace = Pace::default();
        pace.tick();
        for expected in [3, 0, 1] {
            (0..expected).for_each(|_| pace.add(1));
            pace.tick();
            assert_eq!(pace.per_second(), expected);
        }
        assert_eq!(pace.total(), 4);
    }

    #[test]
    fn the_time_of_a_commit_is_the_average_of_the_last_second() {
        let commits = Commits::default();
        for (took, average) in [(&[2, 4][..], 3_000), (&[], 0), (&[5], 5_000)] {
            took.iter().for_each(|took| commits.add(Duration::from_millis(*took)));
            commits.tick();
            assert_eq!(commits.report(7).commit_us, average);
        }
        assert_eq!(commits.report(7).commits, 3);
    }

    #[test]
    fn a_message_waits_until_its_caller_no_longer_does() {
        let activity = Activity::default();
        let waiting = [activity.wait(), activity.wait()];
        assert_eq!(activity.report("orders").waiting, 2);
        drop(waiting);
        activity.restart(Timestamp::UNIX_EPOCH);
        activity.fail(Timestamp::UNIX_EPOCH, "it panicked");
        let report = activity.report("orders");
        assert_eq!((report.waiting, report.restarts), (0, 1));
        assert_eq!(report.restarted_at, Some(Timestamp::UNIX_EPOCH));
        assert_eq!(report.failure.unwrap().text, "it panicked");
    }
}
