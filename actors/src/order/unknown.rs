//! The unknown payments that the desk is looking up, as administrators see them.

use std::time::Duration;

use domain::order::OrderId;
use domain::order::unknown::UnknownPayment;
use domain::time::later;
use jiff::Timestamp;

use super::OrderDesk;
use super::commands::OrderDeps;
use super::reconcile::NextCheck;
use crate::store::StoreError;

/// An order, and when the bank is called for it again; `None` while it is being called.
type NextTry = (OrderId, Option<Timestamp>);

impl OrderDesk {
    /// Returns how many orders have an unknown payment as far as the desk has seen, and the first
    /// of them with their next calls to the bank.
    pub(super) fn next_tries(&self, limit: usize) -> (u64, Vec<NextTry>) {
        let reading = self.deps.shared.clock.reading();
        let unknown = self.pending.iter().filter(|(_, check)| check.is_unknown);
        let next = |(order, check): (&OrderId, &NextCheck)| {
            let wait = check.at.since(reading.moment).as_millis();
            let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(u64::MAX));
            let is_called = self.calling.contains_key(order);
            (*order, (!is_called).then(|| later(reading.time, wait)))
        };
        (unknown.clone().count() as u64, unknown.take(limit).map(next).collect())
    }
}

impl OrderDeps {
    /// Returns the payments of these orders that are still unknown.
    pub(super) async fn unknown_payments(
        &self,
        tries: Vec<NextTry>,
    ) -> Result<Vec<UnknownPayment>, StoreError> {
        let ids: Vec<_> = tries.iter().map(|(order, _)| *order).collect();
        let rows = self.shared.tables.orders.get_many(&ids).await?;
        let payments = rows.into_iter().zip(tries);
        let payments = payments.filter_map(|(row, (_, at))| row?.value.unknown_payment(at));
        Ok(payments.collect())
    }
}
