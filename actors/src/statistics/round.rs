//! One round of counting: the rows that its orders need, the changes, and the one commit.
//!
//! Every commit of the statistics expects the version of the totals, which is read first. So no two
//! nodes count on the same rows: one of them ends in a conflict, and reads again.

use std::collections::{BTreeMap, BTreeSet};

use domain::event::Entry;
use domain::order::{Order, OrderId};
use domain::statistics::bucket::Bucket;
use domain::statistics::counted::CountedOrder;
use domain::statistics::sums::Sums;
use domain::statistics::{Counts, Recount, Totals};
use jiff::Timestamp;

use super::copy::LatestCounts;
use crate::shared::Shared;
use crate::store::{EventId, StoreError, Version};
use crate::tables::table::{Row, version};

/// The key of the totals.
pub(super) const ALL: &str = "all";

/// The rows of one commit.
pub(super) struct Round {
    shared: Shared,
    latest: LatestCounts,
    /// The version of the totals.
    version: Version,
    /// The totals, and the buckets that may change.
    counts: Counts,
    /// Those buckets in the store, and those that are no longer kept.
    buckets: BTreeMap<Bucket, Option<Row<Sums>>>,
    /// The orders as they were counted last.
    orders: BTreeMap<OrderId, Option<Row<CountedOrder>>>,
    /// The new states of those that have changed.
    counted: BTreeMap<OrderId, CountedOrder>,
    now: Timestamp,
}

impl Round {
    /// Reads what these orders and the times of their changes need.
    pub(super) async fn read<'a>(
        shared: &Shared,
        latest: &LatestCounts,
        totals: Row<Totals>,
        orders: impl Iterator<Item = (&'a Order, Timestamp)>,
    ) -> Result<Self, StoreError> {
        let tables = &shared.tables;
        // A step of the clock forward must not remove what is kept.
        let now = shared.sweep_clock.now();
        let mut ids = BTreeSet::new();
        let mut wanted: BTreeSet<_> = latest.get().outdated(now).into_iter().collect();
        for (order, at) in orders {
            ids.insert(order.id);
            wanted
                .extend([order.created_at, at].into_iter().flat_map(|at| Bucket::all_of(at, now)));
        }
        let ids: Vec<_> = ids.into_iter().collect();
        let wanted: Vec<_> = wanted.into_iter().collect();
        let orders = tables.counted_orders.get_many(&ids).await?;
        let rows = tables.statistics_buckets.get_many(&wanted).await?;
        let mut round = Self {
            shared: shared.clone(),
            latest: latest.clone(),
            version: totals.version,
            counts: Counts { totals: totals.value, buckets: BTreeMap::new() },
            buckets: BTreeMap::new(),
            orders: ids.into_iter().zip(orders).collect(),
            counted: BTreeMap::new(),
            now,
        };
        for (bucket, row) in wanted.into_iter().zip(rows) {
            let kept = row.as_ref().filter(|_| bucket.is_kept(now));
            round.counts.buckets.extend(kept.map(|row| (bucket, row.value)));
            round.buckets.insert(bucket, row);
        }
        Ok(round)
    }

    /// Counts an event of one of the orders.
    pub(super) fn count(&mut self, entry: &Entry) {
        let Some(order) = entry.event.order() else { return };
        let before = before(&self.orders, &self.counted, order.id);
        let counted = self.counts.count(entry, before, self.now);
        self.counted.extend(counted.map(|counted| (order.id, counted)));
    }

    /// Counts the stored state of one of the orders.
    pub(super) fn recount(&mut self, order: &Order) {
        let before = before(&self.orders, &self.counted, order.id);
        let counted = self.counts.recount(order, before, self.now);
        self.counted.extend(counted.map(|counted| (order.id, counted)));
    }

    /// Commits the counts with the position of the log, and adopts them in the copy.
    pub(super) async fn commit(
        mut self,
        position: EventId,
        recount: Recount,
    ) -> Result<(), StoreError> {
        let tables = &self.shared.tables;
        self.counts.totals.position = position;
        self.counts.totals.recount = recount;
        let mut batch = self.shared.batch();
        batch.put(&tables.statistics, ALL, Some(self.version), &self.counts.totals)?;
        for (id, counted) in &self.counted {
            let read_at = self.orders.get(id).and_then(version);
            batch.put(&tables.counted_orders, id, read_at, counted)?;
        }
        let buckets = &tables.statistics_buckets;
        for (bucket, row) in &self.buckets {
            match (self.counts.buckets.get(bucket), row) {
                (Some(sums), Some(row)) if *sums == row.value => {}
                (Some(sums), row) => batch.put(buckets, bucket, version(row), sums)?,
                (None, Some(row)) => batch.remove(buckets, bucket, row.version),
                (None, None) => {}
            }
        }
        tables.commit(batch).await?;
        self.adopt(position);
        Ok(())
    }

    /// Adopts in the copy what was read, up to a position that this node has reached.
    pub(super) fn adopt(mut self, position: EventId) {
        self.counts.totals.position = position;
        self.latest.adopt(self.counts, self.now);
    }
}

/// Returns an order as it was counted last, in the store or in this round.
fn before<'a>(
    stored: &'a BTreeMap<OrderId, Option<Row<CountedOrder>>>,
    counted: &'a BTreeMap<OrderId, CountedOrder>,
    id: OrderId,
) -> Option<&'a CountedOrder> {
    counted.get(&id).or_else(|| Some(&stored.get(&id)?.as_ref()?.value))
}
