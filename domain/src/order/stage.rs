//! The stages of an order: what it waits for, as an administrator sees it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Order, OrderStatus};
use crate::payment::PaymentStatus;

/// What an order waits for. Every order is in one stage.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The bank is being asked for the first answer to a payment.
    Waiting,
    /// The payment has failed or its outcome is unknown, or a refund is under way.
    Problem,
    /// Paid and to be shipped.
    ToShip,
    /// Sent to the recipient.
    Shipped,
    /// Received by the recipient.
    Delivered,
    /// Cancelled before it was paid.
    Cancelled,
    /// Expired before it was paid.
    Expired,
    /// Refunded.
    Refunded,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Problem,
        Self::ToShip,
        Self::Shipped,
        Self::Delivered,
        Self::Cancelled,
        Self::Expired,
        Self::Refunded,
    ];

    /// Returns the name of the stage in JSON and in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Problem => "problem",
            Self::ToShip => "to_ship",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Refunded => "refunded",
        }
    }

    /// Returns the stage of an order with this status and payment, which the bank perhaps still has
    /// to refund.
    pub fn of(status: OrderStatus, payment: PaymentStatus, needs_refund: bool) -> Self {
        match (status, payment) {
            _ if needs_refund => Self::Problem,
            (OrderStatus::PendingPayment, PaymentStatus::Submitting) => Self::Waiting,
            (OrderStatus::PendingPayment, _) => Self::Problem,
            (OrderStatus::Paid, _) => Self::ToShip,
            (OrderStatus::Shipped, _) => Self::Shipped,
            (OrderStatus::Delivered, _) => Self::Delivered,
            (OrderStatus::Cancelled, _) => Self::Cancelled,
            (OrderStatus::Expired, _) => Self::Expired,
            (OrderStatus::Refunded, _) => Self::Refunded,
        }
    }

    /// Returns the stage with a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }
}

/// The number of orders in each stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageCounts([u64; Stage::ALL.len()]);

impl StageCounts {
    /// Returns the number of orders in a stage, or of all orders.
    pub fn of(&self, stage: Option<Stage>) -> u64 {
        let counts = Stage::ALL.into_iter().zip(self.0);
        counts.filter(|(own, _)| stage.is_none_or(|stage| stage == *own)).map(|(_, n)| n).sum()
    }

    /// Returns the number of orders in a stage, to be changed.
    pub fn of_mut(&mut self, stage: Stage) -> &mut u64 {
        let [waiting, problem, to_ship, shipped, delivered, cancelled, expired, refunded] =
            &mut self.0;
        match stage {
            Stage::Waiting => waiting,
            Stage::Problem => problem,
            Stage::ToShip => to_ship,
            Stage::Shipped => shipped,
            Stage::Delivered => delivered,
            Stage::Cancelled => cancelled,
            Stage::Expired => expired,
            Stage::Refunded => refunded,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Order {
    /// Returns the stage of the order.
    pub fn stage(&self) -> Stage {
        Stage::of(self.status, self.payment.status, self.needs_refund())
    }
}

#[cfg(test)]
mod tests {
    use super::super::checkout::tests::placed;
    use super::*;
    use crate::payment::Outcome;

    #[test]
    fn every_stage_has_its_name_from_json() {
        for stage in Stage::ALL {
            assert_eq!(serde_json::to_value(stage).unwrap(), stage.name());
            assert_eq!(Stage::from_name(stage.name()), Some(stage));
            assert_eq!(stage.to_string(), stage.name());
        }
        assert_eq!(Stage::from_name("paid"), None);
    }

    #[test]
    fn the_orders_of_each_stage_are_counted_and_summed() {
        let mut counts = StageCounts::default();
        for (number, stage) in (1..).zip(Stage::ALL) {
            *counts.of_mut(stage) = number;
        }
        for (number, stage) in (1..).zip(Stage::ALL) {
            assert_eq!(counts.of(Some(stage)), number);
        }
        assert_eq!(counts.of(None), 36);
    }

    #[test]
    fn an_order_is_in_the_stage_of_what_it_waits_for() {
        let settled = |outcome| placed().settle(1, outcome).unwrap().0;
        let paid = settled(Outcome::Approved);
        let shipped = paid.ship().unwrap().0;
        let refunding = shipped.refund().unwrap();
        let declined = settled(Outcome::Declined);
        for (order, stage) in [
            (placed(), Stage::Waiting),
            (placed().cancel().unwrap().0, Stage::Waiting),
            (settled(Outcome::Unknown), Stage::Problem),
            (settled(Outcome::NotSent), Stage::Problem),
            (declined.clone(), Stage::Problem),
            (declined.pay_again().unwrap(), Stage::Waiting),
            (declined.cancel().unwrap().0, Stage::Cancelled),
            (declined.expire(declined.expires_at).unwrap().0, Stage::Expired),
            (paid.clone(), Stage::ToShip),
            (paid.refund().unwrap(), Stage::Problem),
            (shipped.deliver().unwrap().0, Stage::Delivered),
            (shipped, Stage::Shipped),
            (refunding.refunded().unwrap().0, Stage::Refunded),
            (refunding, Stage::Problem),
        ] {
            assert_eq!(order.stage(), stage, "{order:?}");
        }
    }
}
