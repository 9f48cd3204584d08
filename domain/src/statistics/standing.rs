//! The states of all orders: how many are in each, and how many wait for whom.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::counted::CountedOrder;
use crate::order::OrderStatus;
use crate::order::stage::StageCounts;
use crate::payment::PaymentStatus;

/// The states of all orders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The number of orders by status.
    pub orders: ByStatus,
    /// The unpaid orders whose payment has no result yet.
    pub waiting: u64,
    /// Those of them whose outcome the bank has not confirmed.
    pub unknown: u64,
    /// The unpaid orders whose last payment was declined.
    pub declined: u64,
    /// The paid orders to be shipped.
    pub to_ship: u64,
    /// The orders that the bank still has to refund.
    pub refunding: u64,
    /// The number of orders in each stage.
    pub stages: StageCounts,
}

/// The number of orders by status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ByStatus {
    /// Placed and not yet paid.
    pub pending_payment: u64,
    /// Paid.
    pub paid: u64,
    /// Sent to the recipient.
    pub shipped: u64,
    /// Received by the recipient.
    pub delivered: u64,
    /// Cancelled before they were paid.
    pub cancelled: u64,
    /// Expired before they were paid.
    pub expired: u64,
    /// Refunded.
    pub refunded: u64,
}

impl Standing {
    /// Adds an order.
    pub(super) fn add(&mut self, order: &CountedOrder) {
        self.change(order, |count| *count = count.saturating_add(1));
    }

    /// Removes an order that was added.
    pub(super) fn remove(&mut self, order: &CountedOrder) {
        self.change(order, |count| *count = count.saturating_sub(1));
    }

    /// Changes every number in which an order is counted.
    fn change(&mut self, order: &CountedOrder, change: impl Fn(&mut u64)) {
        change(self.orders.of_mut(order.status));
        change(self.stages.of_mut(order.stage()));
        match (order.status, order.payment) {
            (OrderStatus::PendingPayment, PaymentStatus::Submitting) => change(&mut self.waiting),
            (OrderStatus::PendingPayment, PaymentStatus::Unknown) => {
                change(&mut self.waiting);
                change(&mut self.unknown);
            }
            (OrderStatus::PendingPayment, PaymentStatus::Declined) => change(&mut self.declined),
            (OrderStatus::Paid, _) if !order.is_called_off => change(&mut self.to_ship),
            _ => {}
        }
        if order.needs_refund() {
            change(&mut self.refunding);
        }
    }
}

impl ByStatus {
    /// Returns the number of orders with a status, or of all orders.
    pub fn of(mut self, status: Option<OrderStatus>) -> u64 {
        let Some(status) = status else {
            let Self { pending_payment, paid, shipped, delivered, cancelled, expired, refunded } =
                self;
            return [pending_payment, paid, shipped, delivered, cancelled, expired, refunded]
                .into_iter()
                .fold(0, u64::saturating_add);
        };
        *self.of_mut(status)
    }

    /// Returns the numbers after the status of an order has changed; `None` before it was placed.
    pub fn after(mut self, before: Option<OrderStatus>, status: OrderStatus) -> Self {
        if let Some(before) = before {
            let count = self.of_mut(before);
            *count = count.saturating_sub(1);
        }
        let count = self.of_mut(status);
        *count = count.saturating_add(1);
        self
    }

    fn of_mut(&mut self, status: OrderStatus) -> &mut u64 {
        match status {
            OrderStatus::PendingPayment => &mut self.pending_payment,
            OrderStatus::Paid => &mut self.paid,
            OrderStatus::Shipped => &mut self.shipped,
            OrderStatus::Delivered => &mut self.delivered,
            OrderStatus::Cancelled => &mut self.cancelled,
            OrderStatus::Expired => &mut self.expired,
            OrderStatus::Refunded => &mut self.refunded,
        }
    }
}
