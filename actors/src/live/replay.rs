//! Replays: the events of the past that a client has missed.
//!
//! The latest events come from memory; only older ones are read from the log. A replay is made in
//! batches, and few batches are made at once and in a second, so that replays delay neither other
//! work of their thread nor the commits of the store.

use std::sync::Arc;
use std::time::Duration;

use domain::event::Entry;
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use super::latest::LatestEvents;
use crate::shared::Shared;
use crate::store::{EventId, StoreError};
use crate::tables::codec::entry;

/// How many batches are made at once.
const BATCHES: usize = 4;

/// How long a permit is kept after a batch, for each event of the log that the batch covers. With
/// four permits, all replays together cover at most 200,000 events in a second.
const PAUSE_PER_EVENT: Duration = Duration::from_micros(20);

/// The precision of the timer. Without a shorter pause, short batches cost nothing: many clients
/// that resume after a restart do not wait for each other.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// Access to the events of the past.
#[derive(Clone)]
pub struct Replays {
    pub(super) shared: Shared,
    latest: LatestEvents,
    permits: Arc<Semaphore>,
}

impl Replays {
    /// Creates an access without events in memory.
    pub(super) fn new(shared: &Shared) -> Self {
        let latest = LatestEvents::new(shared.rules.events_max, shared.rules.events_keep);
        Self { shared: shared.clone(), latest, permits: Arc::new(Semaphore::new(BATCHES)) }
    }

    /// Replaces the events in memory by the latest ones of the log up to `position`.
    pub(super) async fn load(&self, position: EventId) -> Result<(), StoreError> {
        self.latest.load(&self.shared.tables.store, position, self.shared.clock.now()).await
    }

    /// Waits until a batch may be made, and returns what `encode` makes of the events after `after`
    /// up to `last`; `None` if the log no longer holds them.
    ///
    /// `last` must not be greater than the id of the last event that the hub has pushed. The future
    /// must be polled until it is ready, even if the client reads nothing: it may hold a permit.
    pub async fn batch<Encoded>(
        &self,
        after: EventId,
        last: EventId,
        encode: impl FnOnce(Vec<Arc<Entry>>) -> Encoded,
    ) -> Result<Option<Encoded>, StoreError> {
        // The semaphore is never closed.
        let permit = self.permits.clone().acquire_owned().await.ok();
        let encoded = self.events(after, last).await?.map(encode);
        release_later(permit, last.saturating_sub(after));
        Ok(encoded)
    }

    /// Returns up to `count` of the latest events, the newest first, without a read of the store.
    pub fn latest(&self, count: usize) -> Vec<Arc<Entry>> {
        self.latest.last(count)
    }

    /// Adds an event that the hub is about to push.
    pub(super) fn add(&self, entry: &Arc<Entry>) {
        self.latest.add(entry.clone(), self.shared.clock.now());
    }

    async fn events(
        &self,
        after: EventId,
        last: EventId,
    ) -> Result<Option<Vec<Arc<Entry>>>, StoreError> {
        fail::fail_point!("replay", |_| Err(StoreError::Unavailable("set to fail".to_owned())));
        let latest = self.latest.get(after, last, self.shared.clock.now());
        if latest.is_some() { Ok(latest) } else { self.read(after, last).await }
    }

    async fn read(
        &self,
        after: EventId,
        last: EventId,
    ) -> Result<Option<Vec<Arc<Entry>>>, StoreError> {
        let mut log = self.shared.tables.store.tail(after);
        let mut events = Vec::new();
        for _ in after..last {
            match log.next().await {
                Some(Ok(logged)) => events.push(Arc::new(entry(&logged)?)),
                Some(Err(StoreError::Gone { .. })) => return Ok(None),
                Some(Err(error)) => return Err(error),
                None => return Err(StoreError::Unavailable("the log has ended".to_owned())),
            }
        }
        Ok(Some(events))
    }
}

/// Releases a permit after a pause in proportion to the events of its batch, which limits how many
/// events all replays together take in a second.
fn release_later(permit: Option<OwnedSemaphorePermit>, events: u64) {
    let pause = PAUSE_PER_EVENT.saturating_mul(u32::try_from(events).unwrap_or(u32::MAX));
    if pause >= SHORTEST_PAUSE {
        tokio::spawn(async move {
            sleep(pause).await;
            drop(permit);
        });
    }
}

#[cfg(test)]
mod tests {
    use domain::breaker::Limits;
    use domain::cart::lifetimes::CartLifetimes;
    use domain::event::Event;
    use domain::event::filter::Filter;
    use domain::event::kind::Kind;
    use domain::order::limits::OrderLimits;
    use domain::session::Lifetimes;
    use domain::user::password::PasswordRule;

    use super::*;
    use crate::clock::Clock;
    use crate::live::log::{MOST_EXAMINED, Section};
    use crate::rules::Rules;
    use crate::snapshot::CatalogueSnapshot;
    use crate::store::memory::MemoryStore;
    use crate::sweep_clock::SweepClock;
    use crate::tables::Tables;

    const DAY: Duration = Duration::from_secs(86_400);

    /// Logs ten events in a store that keeps `stored` of them, and loads up to `in_memory`.
    async fn replays(stored: usize, in_memory: u64) -> Replays {
        let clock = Clock::default();
        let tables = Tables::new(Arc::new(MemoryStore::keeping(stored, clock.clone())));
        let shared = Shared {
            tables,
            bank_behaviour: Default::default(),
            snapshot: CatalogueSnapshot::default(),
            sweep_clock: SweepClock::new(&clock),
            clock,
            rules: Arc::new(rules(in_memory)),
        };
        let replays = Replays::new(&shared);
        for _ in 0..10 {
            let mut batch = shared.batch();
            batch.publish(&Event::ShopClosing).unwrap();
            let id = shared.tables.commit(batch).await.unwrap();
            let at = shared.clock.now();
            replays.add(&Arc::new(Entry { id, at, event: Event::ShopClosing, by: None }));
        }
        replays
    }

    fn rules(events_max: u64) -> Rules {
        Rules {
            lifetimes: Lifetimes {
                browser_idle: DAY,
                browser_max: DAY,
                api_idle: DAY,
                api_max: DAY,
                refresh_grace: DAY,
            },
            access_ttl: DAY,
            throttle: true,
            registrations_per_hour: 30,
            passwords: PasswordRule::default(),
            carts: CartLifetimes { user: DAY, guest: DAY },
            carts_in_memory: 10,
            cart_sleep_after: DAY,
            orders: OrderLimits { expiry: DAY, declined_hold: DAY, unpaid: 3, attempts: 5 },
            breaker: Limits { failures: 3, open: DAY, probe: DAY },
            bank_timeout: DAY,
            bank_calls: 1,
            events_max,
            events_keep: DAY,
            store_silence: DAY,
        }
    }

    async fn ids(replays: &Replays, after: EventId, last: EventId) -> Option<Vec<EventId>> {
        let ids = |events: Vec<Arc<Entry>>| events.iter().map(|entry| entry.id).collect();
        replays.batch(after, last, ids).await.unwrap()
    }

    #[tokio::test]
    async fn the_latest_events_are_replayed_without_a_read_of_the_store() {
        let replays = replays(1, 10).await;
        assert_eq!(ids(&replays, 4, 8).await, Some(vec![5, 6, 7, 8]));
    }

    #[tokio::test]
    async fn older_events_are_read_from_the_log_for_as_long_as_it_reaches_back() {
        assert_eq!(ids(&replays(10, 1).await, 4, 8).await, Some(vec![5, 6, 7, 8]));
        assert_eq!(ids(&replays(3, 1).await, 4, 8).await, None);
    }

    #[tokio::test]
    async fn a_long_batch_delays_later_ones_and_a_short_batch_does_not() {
        let replays = replays(10, 10).await;
        for events in [1; 10].into_iter().chain([1_000_000; BATCHES]) {
            let permit = replays.permits.clone().try_acquire_owned().unwrap();
            release_later(Some(permit), events);
        }
        assert_eq!(replays.permits.available_permits(), 0);
    }

    #[tokio::test]
    async fn a_reader_finds_the_newest_and_the_oldest_events_and_where_to_read_on() {
        let replays = replays(6, 10).await;
        let all = Filter::default();
        let none = Filter { kind: Some(Kind::CartChanged), subject: None };
        let shape = |section: Section| {
            let ids: Vec<_> = section.entries.iter().map(|entry| entry.id).collect();
            (section.first, ids, section.after, section.until)
        };
        for (after, filter, found) in [
            (0, all, (5, vec![5, 6, 7], 4, 7)),
            (6, all, (5, vec![7, 8, 9], 6, 9)),
            (8, all, (5, vec![9, 10], 8, 10)),
            (10, all, (5, vec![], 10, 10)),
            (99, all, (5, vec![], 10, 10)),
            (5, none, (5, vec![], 5, 10)),
        ] {
            let section = replays.section_after(after, filter, 3, 10).await.unwrap();
            assert_eq!(shape(section), found, "after {after}");
        }
        for (before, filter, found) in [
            (EventId::MAX, all, (5, vec![8, 9, 10], 7, 10)),
            (8, all, (5, vec![5, 6, 7], 4, 7)),
            (6, all, (5, vec![5], 4, 5)),
            (2, all, (5, vec![], 4, 4)),
            (11, none, (5, vec![], 4, 10)),
        ] {
            let section = replays.section_before(before, filter, 3, 10).await.unwrap();
            assert_eq!(shape(section), found, "before {before}");
        }
    }

    #[tokio::test]
    async fn one_request_examines_only_so_many_events() {
        let replays = replays(10_000, 1).await;
        let none = Filter { kind: Some(Kind::CartChanged), subject: None };
        for _ in 0..MOST_EXAMINED {
            let mut batch = replays.shared.batch();
            batch.publish(&Event::ShopClosing).unwrap();
            replays.shared.tables.commit(batch).await.unwrap();
        }
        let last = replays.shared.tables.store.last_event().await.unwrap();
        assert_eq!(last, MOST_EXAMINED + 10);
        let oldest = replays.section_after(0, none, 3, last).await.unwrap();
        assert_eq!((oldest.after, oldest.until), (0, MOST_EXAMINED));
        let newest = replays.section_before(EventId::MAX, none, 3, last).await.unwrap();
        assert_eq!((newest.after, newest.until), (10, last));
    }

    #[tokio::test]
    async fn a_shop_that_opens_loads_the_latest_events_that_the_log_holds() {
        let before = replays(3, 10).await;
        let after = Replays::new(&before.shared);
        after.load(10).await.unwrap();
        assert_eq!(ids(&after, 7, 10).await, Some(vec![8, 9, 10]));
        assert!(after.latest.get(7, 10, after.shared.clock.now()).is_some());
        assert!(after.latest.get(6, 10, after.shared.clock.now()).is_none());
    }
}
