//! The unknown payments that the desk is looking up, as administrators see them.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::order::unknown::UnknownPayment;
use domain::order::{Order, OrderId};
use domain::time::later;
use jiff::Timestamp;

use super::OrderDesk;
use super::commands::OrderDeps;
use super::reconcile::NextCheck;
use crate::store::StoreError;

/// The orders with an unknown payment that this desk looks after, the oldest first, and when the
/// bank is called again for each; `None` while it is being called.
pub(super) type NextTries = BTreeMap<OrderId, Option<Timestamp>>;

impl OrderDesk {
    /// Returns the orders whose payment this desk knows to be unknown.
    pub(super) fn next_tries(&self) -> NextTries {
        let reading = self.deps.shared.clock.reading();
        let unknown = self.pending.iter().filter(|(_, check)| check.is_unknown);
        let next = |(order, check): (&OrderId, &NextCheck)| {
            let wait = check.at.since(reading.moment).as_millis();
            let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(u64::MAX));
            let is_called = self.calling.contains_key(order);
            (*order, (!is_called).then(|| later(reading.time, wait)))
        };
        unknown.map(next).collect()
    }
}

impl OrderDeps {
    /// Returns the number of unknown payments, and the first of them. On a shared store they are
    /// those of all nodes.
    pub(super) async fn unknown_payments(
        self,
        own: NextTries,
        limit: usize,
    ) -> Result<(u64, Vec<UnknownPayment>), StoreError> {
        let is_shared = self.shared.tables.store.is_shared();
        let ids: Vec<_> = if is_shared {
            self.clone().pending().await?
        } else {
            own.keys().copied().take(limit).collect()
        };
        let rows = self.shared.tables.orders.get_many(&ids).await?;
        let next_try = |order: &Order| own.get(&order.id).copied().flatten();
        let orders = rows.into_iter().flatten().map(|row| row.value);
        let mut payments: Vec<_> =
            orders.filter_map(|order| order.unknown_payment(next_try(&order))).collect();
        let count = if is_shared { payments.len() } else { own.len() };
        payments.truncate(limit);
        Ok((count as u64, payments))
    }
}
