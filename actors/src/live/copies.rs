//! The copies that the hub keeps up to date, so that they can be read without a message.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::breaker::{Breaker, Interruption, Limits, State};
use domain::event::{Entry, Event};
use domain::session::latest_expiry;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::time::timeout;

use super::replay::Replays;
use crate::clock::{Clock, Reading};
use crate::payment::commands::BREAKER;
use crate::session::revocations::Revocations;
use crate::shared::Shared;
use crate::store::{EventId, StoreError};
use crate::user::default_password::DefaultPassword;
use crate::user::profiles::Profiles;

/// The copies that the hub keeps up to date with the log; the catalogue snapshot and the
/// behaviour of the simulated bank are shared by every actor.
///
/// A copy changes before the event is pushed: a client that receives an event and then sends a
/// request never meets an older state.
#[derive(Clone)]
pub struct Copies {
    /// The ended sessions.
    pub revocations: Revocations,
    /// The breaker.
    pub breaker: Arc<watch::Sender<SeenBreaker>>,
    /// The id of the last event that the hub has read.
    pub position: Arc<watch::Sender<EventId>>,
    /// Whether the log does not go on from what was read, so every copy may be wrong.
    pub is_lost: Arc<watch::Sender<bool>>,
    /// Whether the first administrator still has the default password.
    pub default_password: DefaultPassword,
    /// The users who are read often.
    pub profiles: Profiles,
    /// The events of the past; the latest ones are in memory.
    pub replays: Replays,
}

/// The breaker, and when this process read it.
///
/// How long it stays open is measured from then on, so that a step of the clock changes nothing.
#[derive(Debug, Clone, Copy)]
pub struct SeenBreaker {
    breaker: Breaker,
    seen_at: Reading,
}

impl SeenBreaker {
    fn new(breaker: Breaker, clock: &Clock, limits: &Limits) -> Self {
        let seen_at = clock.reading();
        Self { breaker: breaker.bounded(seen_at.time, limits), seen_at }
    }

    /// Returns the state of the breaker.
    pub fn state(&self) -> State {
        self.breaker.state
    }

    /// Returns the current interruption of payments, or `None` if calls are admitted.
    pub fn interruption(&self, clock: &Clock) -> Option<Interruption> {
        let now = clock.steady_since(self.seen_at);
        let interruption = self.breaker.interruption(now)?;
        Some(match interruption {
            Interruption::Until(until) => {
                // In whole seconds: without a step the two clocks differ by a fraction of one.
                let step = SignedDuration::from_secs(clock.now().duration_since(now).as_secs());
                Interruption::Until(until.saturating_add(step).unwrap_or(Timestamp::MAX))
            }
            Interruption::Indefinite => Interruption::Indefinite,
        })
    }
}

impl Copies {
    /// Reads every copy from the store, and the position from which the hub follows the log.
    pub async fn load(shared: &Shared) -> Result<Self, StoreError> {
        let breaker = SeenBreaker::new(Breaker::default(), &shared.clock, &shared.rules.breaker);
        // What no other process can have written was applied before its caller got an answer.
        let silence = shared.tables.store.is_shared().then_some(shared.rules.store_silence);
        let copies = Self {
            revocations: Revocations::new(silence),
            breaker: Arc::new(watch::Sender::new(breaker)),
            position: Arc::default(),
            is_lost: Arc::default(),
            default_password: DefaultPassword::default(),
            profiles: Profiles::default(),
            replays: Replays::new(shared),
        };
        copies.reload(shared).await?;
        Ok(copies)
    }

    /// Replaces every copy by what the store has now, and then the position. A store that takes no
    /// commits is not read: it may have been emptied.
    pub(super) async fn reload(&self, shared: &Shared) -> Result<(), StoreError> {
        let tables = &shared.tables;
        let read_at = shared.clock.moment();
        tables.store.ready().await?;
        // The position first: an event between it and a copy is then applied again, never missed.
        let position = tables.store.last_event().await?;
        shared.snapshot.load(tables, position).await?;
        shared.bank_behaviour.load(tables, position).await?;
        self.revocations.load(tables).await?;
        self.default_password.load(tables).await?;
        self.profiles.clear();
        let breaker = tables.breaker.get(BREAKER).await?.map(|row| row.value).unwrap_or_default();
        let breaker = SeenBreaker::new(breaker, &shared.clock, &shared.rules.breaker);
        self.breaker.send_replace(breaker);
        self.replays.load(position).await?;
        tables.committed.store(position, Ordering::Relaxed);
        self.position.send_replace(position);
        self.revocations.complete(read_at);
        Ok(())
    }

    /// Waits until everything that is stored now has been applied, and notes that. Notes
    /// nothing if the store or the log does not answer in time.
    pub(super) async fn confirm(&self, shared: &Shared) {
        let asked_at = shared.clock.moment();
        let Ok(last) = shared.tables.store.last_event().await else { return };
        let mut position = self.position.subscribe();
        let reached =
            timeout(shared.rules.store_silence, position.wait_for(|position| *position >= last));
        if reached.await.is_ok() {
            self.revocations.complete(asked_at);
        }
        // A password that was set for a user without a session is in no event.
        if self.default_password.stands() {
            self.default_password.refresh(&shared.tables).await;
        }
    }

    /// Applies an event of the log.
    pub(super) fn apply(&self, entry: &Arc<Entry>, shared: &Shared) {
        self.default_password.apply(&entry.event);
        self.profiles.apply(&entry.event);
        match &entry.event {
            Event::SessionEnded { session, until, .. } => {
                let until = until.unwrap_or_else(|| latest_expiry(entry.at));
                self.revocations.add(*session, until);
            }
            Event::BreakerChanged(breaker) => {
                let seen = SeenBreaker::new(*breaker, &shared.clock, &shared.rules.breaker);
                self.breaker.send_replace(seen);
            }
            Event::BankChanged(behaviour) => shared.bank_behaviour.apply(entry.id, *behaviour),
            event => shared.snapshot.apply(entry.id, event),
        }
        self.replays.add(entry);
        self.position.send_replace(entry.id);
    }
}
