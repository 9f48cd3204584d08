//! The latest events of the log, decoded and in memory, so that a replay need not read the store.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::event::Entry;
use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};

use crate::store::{EventId, SharedStore, StoreError};
use crate::tables::codec::entry;

/// How many events are in memory: those of the longest replay, and some that occur during it.
const CAPACITY: usize = 12_000;

/// The latest events. The hub adds each one before it pushes it, and replays read them.
#[derive(Clone)]
pub(super) struct LatestEvents {
    capacity: usize,
    /// The maximum age of an event.
    keep: SignedDuration,
    /// Invariant: the ids are contiguous.
    events: Arc<RwLock<VecDeque<Arc<Entry>>>>,
}

impl LatestEvents {
    /// Creates a list without events. It never holds more than the log, which keeps `events_max`
    /// events of at most the age `keep`.
    pub(super) fn new(events_max: u64, keep: Duration) -> Self {
        let events_max = usize::try_from(events_max).unwrap_or(usize::MAX);
        Self {
            capacity: events_max.clamp(1, CAPACITY),
            keep: SignedDuration::try_from(keep).unwrap_or(SignedDuration::MAX),
            events: Arc::default(),
        }
    }

    /// Replaces the events by the latest ones of the log up to `position`.
    pub(super) async fn load(
        &self,
        store: &SharedStore,
        position: EventId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.events.write().unwrap_or_else(PoisonError::into_inner).clear();
        let mut last = position.saturating_sub(self.capacity as EventId);
        let mut log = store.tail(last);
        while last < position {
            match log.next().await {
                Some(Ok(logged)) => {
                    last = logged.id;
                    // An event that cannot be decoded leaves a gap, and the list begins after it.
                    if let Ok(entry) = entry(&logged) {
                        self.add(Arc::new(entry), now);
                    }
                }
                Some(Err(StoreError::Gone { before })) if before > last && before <= position => {
                    last = before;
                    log = store.tail(before);
                }
                Some(Err(error)) => return Err(error),
                None => break,
            }
        }
        Ok(())
    }

    /// Adds an event and removes those that are too many or too old. An event that does not follow
    /// the last one replaces the list; one that was added before is ignored.
    pub(super) fn add(&self, entry: Arc<Entry>, now: Timestamp) {
        let mut events = self.events.write().unwrap_or_else(PoisonError::into_inner);
        match events.back() {
            Some(last) if entry.id <= last.id => return,
            Some(last) if entry.id > last.id + 1 => events.clear(),
            _ => {}
        }
        events.push_back(entry);
        while events.len() > self.capacity || self.is_first_old(&events, now) {
            events.pop_front();
        }
    }

    /// Returns the events after `after` up to `last`; `None` if one of them is not in memory.
    pub(super) fn get(
        &self,
        after: EventId,
        last: EventId,
        now: Timestamp,
    ) -> Option<Vec<Arc<Entry>>> {
        let events = self.events.read().unwrap_or_else(PoisonError::into_inner);
        let oldest = events.front()?.id;
        let first = usize::try_from((after + 1).checked_sub(oldest)?).ok()?;
        let end = usize::try_from((last + 1).checked_sub(oldest)?).ok()?;
        if end > events.len() || first > end || self.is_old(events.get(first)?, now) {
            return None;
        }
        Some(events.range(first..end).cloned().collect())
    }

    /// Returns up to `count` of the last events, the newest first.
    pub(super) fn last(&self, count: usize) -> Vec<Arc<Entry>> {
        let events = self.events.read().unwrap_or_else(PoisonError::into_inner);
        events.iter().rev().take(count).cloned().collect()
    }

    fn is_first_old(&self, events: &VecDeque<Arc<Entry>>, now: Timestamp) -> bool {
        events.front().is_some_and(|first| self.is_old(first, now))
    }

    fn is_old(&self, entry: &Entry, now: Timestamp) -> bool {
        now.duration_since(entry.at) > self.keep
    }
}

#[cfg(test)]
mod tests {
    use domain::event::Event;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;
    const KEEP: Duration = Duration::from_secs(60);

    fn add(latest: &LatestEvents, ids: impl IntoIterator<Item = EventId>) {
        for id in ids {
            latest.add(Arc::new(Entry { id, at: NOW, event: Event::ShopClosing, by: None }), NOW);
        }
    }

    fn ids(latest: &LatestEvents, after: EventId, last: EventId) -> Option<Vec<EventId>> {
        let events = latest.get(after, last, NOW)?;
        Some(events.iter().map(|entry| entry.id).collect())
    }

    #[test]
    fn the_latest_events_are_in_memory_and_the_others_are_not() {
        let latest = LatestEvents::new(3, KEEP);
        assert_eq!(ids(&latest, 0, 1), None);
        add(&latest, 1..=5);
        assert_eq!(ids(&latest, 2, 5), Some(vec![3, 4, 5]));
        assert_eq!(ids(&latest, 3, 4), Some(vec![4]));
        assert_eq!(ids(&latest, 1, 3), None);
        assert_eq!(ids(&latest, 4, 6), None);
    }

    #[test]
    fn an_event_after_a_gap_replaces_the_list_and_a_repeated_event_changes_nothing() {
        let latest = LatestEvents::new(9, KEEP);
        add(&latest, [1, 2, 2, 1]);
        assert_eq!(ids(&latest, 0, 2), Some(vec![1, 2]));
        add(&latest, [7, 8]);
        assert_eq!(ids(&latest, 6, 8), Some(vec![7, 8]));
        assert_eq!(ids(&latest, 1, 2), None);
    }

    #[test]
    fn an_event_that_is_too_old_is_no_longer_in_memory() {
        let latest = LatestEvents::new(9, KEEP);
        add(&latest, 1..=2);
        assert!(latest.get(0, 2, NOW + KEEP).is_some());
        assert!(latest.get(0, 2, NOW + KEEP + KEEP).is_none());
    }
}
