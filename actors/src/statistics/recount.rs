//! Counts the stored orders once, because the log no longer holds all of their events: the store
//! was written by an earlier version, or events were dropped before they were counted.
//!
//! The position of the log is read and stored first, and then the orders are read page by page.
//! What changes an order in the meantime is an event after that position, and an order is counted
//! only if it has moved on since it was counted last. So each change counts once, whether the page,
//! the log or both bring it, and a crash or another node continues after the last page.

use domain::statistics::{Counts, Recount, Totals};

use super::commands::StatisticsDeps;
use super::round::{ALL, Round};
use crate::store::{EventId, StoreError, Version};
use crate::tables::table::Row;

/// How many orders one commit counts.
const PAGE: usize = 250;

impl StatisticsDeps {
    /// Reads the counts into the copy, after counting the stored orders if that is due. Returns the
    /// stored position.
    pub(super) async fn load(&self) -> Result<EventId, StoreError> {
        let tables = &self.shared.tables;
        loop {
            let counted = match tables.statistics.get(ALL).await? {
                None => self.begin(Totals::default(), None).await,
                Some(row) if row.value.recount == Recount::Done => {
                    return self.read(row.value).await;
                }
                Some(row) => self.recount_page(row).await,
            };
            // After a conflict, another node has done it.
            match counted {
                Ok(()) | Err(StoreError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Counts the stored orders, unless another node has counted the events that the log has
    /// dropped, up to `before`.
    pub(super) async fn catch_up_with_lost_events(
        &self,
        before: EventId,
    ) -> Result<(), StoreError> {
        let row = self.totals().await?;
        if row.value.position >= before {
            return Ok(());
        }
        tracing::warn!(before, "the log was trimmed before it was counted, counting the orders");
        match self.begin(row.value, Some(row.version)).await {
            Err(StoreError::Conflict) => Ok(()),
            begun => begun,
        }
    }

    /// Begins to count the stored orders.
    async fn begin(&self, totals: Totals, read_at: Option<Version>) -> Result<(), StoreError> {
        let tables = &self.shared.tables;
        // Before any order is read.
        let position = tables.store.last_event().await?;
        let recounts = totals.recounts.saturating_add(1);
        let totals = Totals { position, recounts, recount: Recount::UpTo(None), ..totals };
        let mut batch = self.shared.batch();
        batch.put(&tables.statistics, ALL, read_at, &totals)?;
        tables.commit(batch).await.map(drop)
    }

    /// Counts the next orders.
    async fn recount_page(&self, totals: Row<Totals>) -> Result<(), StoreError> {
        let Totals { position, recount, .. } = totals.value;
        let after = match recount {
            Recount::UpTo(after) => after.map(|after| after.to_string()),
            Recount::Done => return Ok(()),
        };
        let page = self.shared.tables.orders.list("", after.as_deref(), PAGE).await?;
        let orders: Vec<_> = page.into_iter().map(|(_, row)| row.value).collect();
        let recount = orders.last().map_or(Recount::Done, |last| Recount::UpTo(Some(last.id)));
        let times = orders.iter().map(|order| (order, order.created_at));
        let mut round = Round::read(&self.shared, &self.latest, totals, times).await?;
        orders.iter().for_each(|order| round.recount(order));
        round.commit(position, recount).await
    }

    /// Reads the stored buckets into the copy.
    async fn read(&self, totals: Totals) -> Result<EventId, StoreError> {
        let position = totals.position;
        let rows = self.shared.tables.statistics_buckets.all().await?;
        let buckets =
            rows.into_iter().filter_map(|(key, row)| Some((key.parse().ok()?, row.value)));
        self.latest.replace(Counts { totals, buckets: buckets.collect() });
        Ok(position)
    }
}
