//! The pushes between the hub and one subscriber: how many wait, and the first one missed.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::store::EventId;

/// The pushes that wait in a subscriber's mailbox, counted by both sides.
#[derive(Default)]
pub struct Backlog {
    waiting: AtomicUsize,
    /// The first missed event; 0 if none.
    missed: AtomicU64,
}

impl Backlog {
    /// Counts a push that the subscriber has handled.
    pub fn remove_one(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns the first event that did not fit; the hub pushes nothing from there on until the
    /// subscriber subscribes again.
    pub fn missed(&self) -> Option<EventId> {
        Some(self.missed.load(Ordering::Acquire)).filter(|missed| *missed != 0)
    }

    /// Counts a push that the hub is about to send, and returns how many wait.
    pub(super) fn add_one(&self) -> usize {
        self.waiting.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Removes the last push from the count and records its event as the first one missed.
    pub(super) fn overflow(&self, event: EventId) {
        self.remove_one();
        self.missed.store(event, Ordering::Release);
    }

    /// Clears the missed event when a new subscription starts.
    pub(super) fn reset(&self) {
        self.missed.store(0, Ordering::Release);
    }
}
