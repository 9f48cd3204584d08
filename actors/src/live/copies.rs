//! The copies that the hub keeps up to date, so that they can be read without a message.

use std::sync::Arc;

use domain::breaker::Breaker;
use domain::event::{Entry, Event};
use domain::time::later;
use tokio::sync::watch;

use super::replay::Replays;
use crate::session::revocations::Revocations;
use crate::shared::Shared;
use crate::store::{EventId, StoreError};

/// The copies that the hub keeps up to date with the log; the catalogue snapshot is shared by every
/// actor.
///
/// A copy changes before the event is pushed: a client that receives an event and then sends a
/// request never meets an older state.
#[derive(Clone)]
pub struct Copies {
    /// The ended sessions.
    pub revocations: Revocations,
    /// The breaker.
    pub breaker: Arc<watch::Sender<Breaker>>,
    /// The id of the last event that the hub has read.
    pub position: Arc<watch::Sender<EventId>>,
    /// The events of the past; the latest ones are in memory.
    pub replays: Replays,
}

impl Copies {
    /// Reads every copy from the store, and the position from which the hub follows the log.
    pub async fn load(shared: &Shared) -> Result<Self, StoreError> {
        let tables = &shared.tables;
        // The position first: an event between it and a copy is then applied again, never missed.
        let position = tables.store.last_event().await?;
        shared.snapshot.load(tables).await?;
        let revocations = Revocations::default();
        revocations.load(tables).await?;
        let breaker = tables.breaker.get("bank").await?.map(|row| row.value).unwrap_or_default();
        Ok(Self {
            revocations,
            breaker: Arc::new(watch::Sender::new(breaker.recovered(shared.clock.now()))),
            position: Arc::new(watch::Sender::new(position)),
            replays: Replays::load(shared, position).await?,
        })
    }

    /// Applies an event of the log.
    pub(super) fn apply(&self, entry: &Arc<Entry>, shared: &Shared) {
        match &entry.event {
            Event::SessionEnded { session, .. } => {
                self.revocations.add(*session, later(entry.at, shared.rules.access_ttl));
            }
            Event::BreakerChanged(breaker) => drop(self.breaker.send_replace(*breaker)),
            event => shared.snapshot.apply(entry.id, event),
        }
        self.replays.add(entry);
        self.position.send_replace(entry.id);
    }
}
