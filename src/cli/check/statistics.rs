//! Checks of the statistics: what can be computed from the orders too.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use actors::store::StoreError;
use actors::tables::Tables;
use actors::tables::codec::entry;
use domain::order::{Order, OrderId};
use domain::statistics::bucket::{Bucket, Series};
use domain::statistics::counted::CountedOrder;
use domain::statistics::{Counts, Recount};
use futures_util::StreamExt;
use jiff::Timestamp;

use super::{Line, Report};

/// What the statistics must be, computed from the orders.
#[derive(Default)]
pub(super) struct Expected {
    counts: Counts,
    /// The number of orders that were placed on each day.
    days: BTreeMap<Bucket, u64>,
}

impl Expected {
    /// Adds an order.
    pub(super) fn add(&mut self, order: &Order) {
        // No bucket is kept then: those of the days are computed here.
        self.counts.recount(order, None, Timestamp::MAX);
        *self.days.entry(Series::Day.bucket(order.created_at)).or_default() += 1;
    }

    /// Compares the stored counts with the expected ones, once the events are counted that the shop
    /// has not counted before it was closed.
    ///
    /// A shop that has not counted its orders yet, or not the events that its log has dropped, does
    /// so when it starts.
    pub(super) async fn compare(
        self,
        tables: &Tables,
        report: Report<'_>,
    ) -> Result<(), StoreError> {
        let Some(counts) = counted(tables).await? else { return Ok(()) };
        let (stored, expected) = (counts.totals, self.counts.totals);
        if stored.standing != expected.standing {
            let difference = format!(
                "the statistics of orders are {:?}, but the orders are {:?}",
                stored.standing, expected.standing
            );
            report(Line::Difference(difference));
        }
        let (stored, expected) = (stored.ever, expected.ever);
        for (what, stored, expected) in [
            ("placed orders", stored.placed, expected.placed),
            ("paid orders", stored.paid, expected.paid),
            ("cents paid", stored.paid_cents, expected.paid_cents),
            ("refunded orders", stored.refunded, expected.refunded),
            ("cents refunded", stored.refunded_cents, expected.refunded_cents),
        ] {
            compare(&format!("{what} in the statistics"), stored, expected, report);
        }
        for (bucket, sums) in &counts.buckets {
            let expected = self.days.get(bucket).copied().unwrap_or_default();
            if bucket.series == Series::Day {
                compare(&format!("orders of {}", bucket.start()), sums.placed, expected, report);
            }
        }
        Ok(())
    }
}

fn compare(what: &str, stored: u64, expected: u64, report: Report<'_>) {
    if stored != expected {
        let difference = format!("the number of {what} is {stored}, but must be {expected}");
        report(Line::Difference(difference));
    }
}

/// Returns the stored counts after the rest of the log; `None` if the orders are to be counted
/// first.
async fn counted(tables: &Tables) -> Result<Option<Counts>, StoreError> {
    let Some(row) = tables.statistics.get("all").await? else { return Ok(None) };
    let totals = row.value;
    if totals.recount != Recount::Done {
        return Ok(None);
    }
    let rows = tables.statistics_buckets.all().await?;
    let buckets = rows.into_iter().filter_map(|(key, row)| Some((key.parse().ok()?, row.value)));
    let mut counts = Counts { totals, buckets: buckets.collect() };
    let mut orders: HashMap<OrderId, Option<CountedOrder>> = HashMap::new();
    let last = tables.store.last_event().await?;
    let mut log = tables.store.tail(counts.totals.position);
    while counts.totals.position < last {
        let logged = match log.next().await {
            Some(Ok(logged)) => logged,
            Some(Err(StoreError::Gone { .. })) | None => return Ok(None),
            Some(Err(error)) => return Err(error),
        };
        counts.totals.position = logged.id;
        let Ok(entry) = entry(&logged) else { continue };
        let Some(order) = entry.event.order() else { continue };
        let before = match orders.entry(order.id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let row = tables.counted_orders.get(order.id).await?;
                unknown.insert(row.map(|row| row.value))
            }
        };
        if let Some(counted) = counts.count(&entry, before.as_ref(), entry.at) {
            *before = Some(counted);
        }
    }
    Ok(Some(counts))
}
