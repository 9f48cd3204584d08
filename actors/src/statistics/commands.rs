//! How the statistics follow the log: read a batch of events, decide, commit.

use domain::event::Entry;
use domain::statistics::{Recount, Totals};
use futures_util::StreamExt;
use tokio::time::sleep;

use super::RETRY;
use super::copy::LatestCounts;
use super::round::{ALL, Round};
use crate::failpoint;
use crate::shared::Shared;
use crate::store::{EventId, LogEntry, StoreError};
use crate::tables::codec::entry;
use crate::tables::table::Row;

/// How many events one commit counts at most.
const BATCH: usize = 256;

/// After how many events without a count the position is stored nevertheless, so that the log is
/// not read again from far back, or trimmed after a position that is too old.
const IDLE_EVENTS: u64 = 1_000;

/// The dependencies of the statistics.
#[derive(Clone)]
pub struct StatisticsDeps {
    /// Store, clock and rules.
    pub shared: Shared,
    /// The copy to keep up to date.
    pub latest: LatestCounts,
}

impl StatisticsDeps {
    /// Collects the dependencies.
    pub fn new(shared: &Shared, latest: &LatestCounts) -> Self {
        Self { shared: shared.clone(), latest: latest.clone() }
    }

    /// Follows the log as soon as the store takes commits, and returns the error that ends this.
    pub(super) async fn follow(self) -> StoreError {
        while self.shared.tables.store.ready().await.is_err() {
            sleep(RETRY).await;
        }
        loop {
            match self.follow_log().await {
                Ok(()) => {}
                Err(StoreError::Gone { before }) => {
                    if let Err(error) = self.catch_up_with_lost_events(before).await {
                        return error;
                    }
                }
                Err(error) => return error,
            }
        }
    }

    /// Follows the log until another node has begun to count the stored orders.
    async fn follow_log(&self) -> Result<(), StoreError> {
        let mut stored = self.load().await?;
        let mut log = self.shared.tables.store.tail(stored).ready_chunks(BATCH);
        while let Some(read) = log.next().await {
            let (logged, errors): (Vec<_>, Vec<_>) = read.into_iter().partition(Result::is_ok);
            let counted = self.count_all(logged.into_iter().flatten().collect(), stored).await?;
            let Some(position) = counted else { return Ok(()) };
            stored = position;
            if let Some(Err(error)) = errors.into_iter().next() {
                return Err(error);
            }
        }
        Err(StoreError::Unavailable("the log has ended".to_owned()))
    }

    /// Counts events that follow those counted before, however often another node is faster.
    /// Returns the stored position, given the one before; `None` if another node counts the stored
    /// orders.
    async fn count_all(
        &self,
        logged: Vec<LogEntry>,
        stored: EventId,
    ) -> Result<Option<EventId>, StoreError> {
        failpoint::reach("statistics");
        let Some(position) = logged.last().map(|last| last.id) else { return Ok(Some(stored)) };
        let entries: Vec<_> = logged.iter().filter_map(decode).collect();
        let changes: Vec<_> =
            entries.iter().filter(|entry| entry.event.order().is_some()).collect();
        // Events without an order are not worth a commit, and reading them again is harmless.
        if changes.is_empty() && position < stored.saturating_add(IDLE_EVENTS) {
            self.latest.skip_to(position);
            return Ok(Some(stored));
        }
        loop {
            match self.count(&changes, position).await {
                Err(StoreError::Conflict) => {}
                counted => return counted,
            }
        }
    }

    /// Counts events of orders in one commit with the position of the log, unless another node has
    /// counted them. Returns the stored position; `None` if another node counts the stored
    /// orders.
    async fn count(
        &self,
        changes: &[&Entry],
        position: EventId,
    ) -> Result<Option<EventId>, StoreError> {
        let totals = self.totals().await?;
        if totals.value.recounts != self.latest.get().totals.recounts {
            return Ok(None);
        }
        let stored = totals.value.position;
        let orders = changes.iter().filter_map(|entry| Some((entry.event.order()?, entry.at)));
        let mut round = Round::read(&self.shared, &self.latest, totals, orders).await?;
        if stored >= position {
            round.adopt(position);
            return Ok(Some(stored));
        }
        changes.iter().filter(|entry| entry.id > stored).for_each(|entry| round.count(entry));
        round.commit(position, Recount::Done).await?;
        Ok(Some(position))
    }

    /// Returns the totals, which exist once the orders of an earlier version are being counted.
    pub(super) async fn totals(&self) -> Result<Row<Totals>, StoreError> {
        let missing = || StoreError::Unavailable("the statistics are missing".to_owned());
        self.shared.tables.statistics.get(ALL).await?.ok_or_else(missing)
    }
}

/// Decodes an event. One that cannot be decoded is not counted: the next event of its order brings
/// all that has changed.
fn decode(logged: &LogEntry) -> Option<Entry> {
    entry(logged)
        .inspect_err(|error| tracing::error!(%error, id = logged.id, "could not count an event"))
        .ok()
}
