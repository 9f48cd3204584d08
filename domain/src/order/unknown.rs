//! Unknown payments: those whose outcome the bank has not confirmed yet.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::steps::What;
use super::{Order, OrderId};
use crate::money::Cents;
use crate::payment::PaymentStatus;

/// A payment whose outcome the bank has not confirmed, and when the bank is asked again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnknownPayment {
    /// The order.
    pub order_id: OrderId,
    /// The number of the payment attempt.
    pub attempt: u32,
    /// The amount.
    pub total_cents: Cents,
    /// Since when the outcome is unknown.
    pub since: Timestamp,
    /// When the bank is asked again; `None` while it is being asked, or if another node asks it.
    pub next_try_at: Option<Timestamp>,
}

impl Order {
    /// Returns whether the outcome of the payment is unknown.
    pub fn is_unknown(&self) -> bool {
        self.payment.status == PaymentStatus::Unknown
    }

    /// Returns the unknown payment of the order, about which the bank is asked again at a time;
    /// `None` if its outcome is known.
    pub fn unknown_payment(&self, next_try_at: Option<Timestamp>) -> Option<UnknownPayment> {
        self.is_unknown().then(|| UnknownPayment {
            order_id: self.id,
            attempt: self.payment.attempt,
            total_cents: self.total,
            since: self.unknown_since(),
            next_try_at,
        })
    }

    /// Returns when the outcome became unknown. An order of an earlier version has no steps.
    fn unknown_since(&self) -> Timestamp {
        let is_unknown =
            |what: &What| matches!(what, What::Answered { payment: PaymentStatus::Unknown, .. });
        let step = self.steps.iter().rev().find(|step| is_unknown(&step.what));
        step.map_or(self.created_at, |step| step.at)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::checkout::tests::{NOW, placed};
    use super::*;
    use crate::payment::Outcome;

    #[test]
    fn a_payment_is_unknown_since_the_answer_was_lost_until_there_is_one() {
        let settled = |order: &Order, outcome, seconds| {
            let at = NOW + Duration::from_secs(seconds);
            order.settle(1, outcome).unwrap().0.recorded(Some(order), at, None)
        };
        assert_eq!(placed().unknown_payment(None), None);
        let unknown = settled(&placed(), Outcome::Unknown, 7);
        let next = Some(NOW + Duration::from_secs(9));
        let payment = unknown.unknown_payment(next).unwrap();
        assert_eq!((payment.order_id, payment.attempt), (unknown.id, 1));
        assert_eq!(payment.total_cents, unknown.total);
        assert_eq!((payment.since, payment.next_try_at), (NOW + Duration::from_secs(7), next));
        let earlier = Order { steps: Vec::new(), ..unknown.clone() };
        assert_eq!(earlier.unknown_payment(None).unwrap().since, earlier.created_at);
        assert_eq!(settled(&unknown, Outcome::Approved, 9).unknown_payment(next), None);
    }
}
