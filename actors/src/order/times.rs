//! The time of each unpaid order, which no step of the clock changes.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::order::{Order, OrderId};
use jiff::Timestamp;

use crate::clock::{Clock, Reading};

/// When this process first saw each unpaid order. Clones share one list.
///
/// The time to pay is measured from then on. A step of the calendar back would otherwise keep
/// units reserved for longer, and a step forward would end the time to pay early.
#[derive(Clone)]
pub(super) struct OrderTimes {
    clock: Clock,
    seen: Arc<RwLock<HashMap<OrderId, Reading>>>,
}

impl OrderTimes {
    /// Creates an empty list.
    pub(super) fn new(clock: &Clock) -> Self {
        Self { clock: clock.clone(), seen: Arc::default() }
    }

    /// Starts to measure the time of an order, unless it is measured already.
    pub(super) fn see(&self, order: OrderId) {
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        seen.entry(order).or_insert_with(|| self.clock.reading());
    }

    /// Ends the measurement of an order.
    pub(super) fn forget(&self, order: OrderId) {
        self.seen.write().unwrap_or_else(PoisonError::into_inner).remove(&order);
    }

    /// Returns the current time as the order sees it.
    pub(super) fn now(&self, order: OrderId) -> Timestamp {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner).get(&order).copied();
        seen.map_or_else(|| self.clock.now(), |seen| self.clock.steady_since(seen))
    }

    /// Returns whether the time to pay an order is over.
    pub(super) fn is_overdue(&self, order: &Order) -> bool {
        order.is_overdue(self.now(order.id))
    }
}
