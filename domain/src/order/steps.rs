//! The steps of an order: what has happened to it, when, and who did it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Order, OrderStatus, Requested};
use crate::payment::PaymentStatus;
use crate::user::Author;

/// A step in the life of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub what: What,
    /// The administrator who did it; `None` if it was the buyer, the bank or the shop.
    pub by: Option<Author>,
}

/// What happened to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It was placed.
    Placed,
    /// A payment attempt began.
    Submitted {
        /// The number of the attempt.
        attempt: u32,
    },
    /// A payment attempt got another status.
    Answered {
        /// The number of the attempt.
        attempt: u32,
        /// The status of the payment.
        payment: PaymentStatus,
    },
    /// The customer asked to cancel it while the bank had not answered.
    CancellationRequested,
    /// An administrator asked the bank to refund it.
    RefundRequested,
    /// It was cancelled.
    Cancelled,
    /// Its time to pay was over.
    Expired,
    /// It was sent to the recipient.
    Shipped,
    /// The recipient received it.
    Delivered,
    /// The bank refunded it.
    Refunded,
}

impl Order {
    /// Returns the order with the steps that lead to it from its state before, or from nothing.
    pub fn recorded(mut self, before: Option<&Self>, at: Timestamp, by: Option<&Author>) -> Self {
        let happened = self.since(before);
        let step = |what| Step { at, what, by: by.cloned() };
        self.steps.extend(happened.into_iter().map(step));
        self
    }

    /// Returns what has happened since the state before, in the order in which it happens.
    fn since(&self, before: Option<&Self>) -> Vec<What> {
        let mut happened = Vec::new();
        let attempt = self.payment.attempt;
        if before.is_none() {
            happened.push(What::Placed);
        }
        if before.is_none_or(|before| before.payment.attempt != attempt) {
            happened.push(What::Submitted { attempt });
        }
        let payment = self.payment.status;
        let is_answered = payment != PaymentStatus::Submitting;
        if is_answered && before.is_none_or(|before| before.payment != self.payment) {
            happened.push(What::Answered { attempt, payment });
        }
        if before.is_some_and(|before| before.requested != self.requested) {
            happened.extend(match self.requested {
                Requested::None => None,
                Requested::CancelledByCustomer => Some(What::CancellationRequested),
                Requested::RefundedByAdmin => Some(What::RefundRequested),
            });
        }
        if before.is_some_and(|before| before.status != self.status) {
            happened.extend(match self.status {
                // The answer of the bank has said so.
                OrderStatus::PendingPayment | OrderStatus::Paid => None,
                OrderStatus::Shipped => Some(What::Shipped),
                OrderStatus::Delivered => Some(What::Delivered),
                OrderStatus::Cancelled => Some(What::Cancelled),
                OrderStatus::Expired => Some(What::Expired),
                OrderStatus::Refunded => Some(What::Refunded),
            });
        }
        happened
    }
}

#[cfg(test)]
mod tests {
    use super::super::checkout::tests::{NOW, placed};
    use super::*;
    use crate::payment::Outcome;
    use crate::user::UserId;

    fn whats(order: &Order) -> Vec<What> {
        order.steps.iter().map(|step| step.what).collect()
    }

    #[test]
    fn every_change_of_an_order_is_a_step_with_its_time_and_its_administrator() {
        let admin = Author { id: UserId(uuid::Uuid::nil()), username: "admin".into() };
        let at = |second| NOW + jiff::SignedDuration::from_secs(second);
        let placed = placed().recorded(None, at(0), None);
        let declined = placed.settle(1, Outcome::Declined).unwrap().0;
        let declined = declined.recorded(Some(&placed), at(1), None);
        let again = declined.pay_again().unwrap().recorded(Some(&declined), at(2), None);
        let paid =
            again.settle(2, Outcome::Approved).unwrap().0.recorded(Some(&again), at(3), None);
        let shipped = paid.ship().unwrap().0.recorded(Some(&paid), at(4), Some(&admin));
        let marked = shipped.refund().unwrap().recorded(Some(&shipped), at(5), Some(&admin));
        let refunded = marked.refunded().unwrap().0.recorded(Some(&marked), at(6), None);
        assert_eq!(
            whats(&refunded),
            [
                What::Placed,
                What::Submitted { attempt: 1 },
                What::Answered { attempt: 1, payment: PaymentStatus::Declined },
                What::Submitted { attempt: 2 },
                What::Answered { attempt: 2, payment: PaymentStatus::Succeeded },
                What::Shipped,
                What::RefundRequested,
                What::Refunded,
            ]
        );
        let by: Vec<_> = refunded.steps.iter().map(|step| step.by.as_ref()).collect();
        assert_eq!(by[..5], [None; 5]);
        assert_eq!(by[5..], [Some(&admin), Some(&admin), None]);
        assert_eq!((refunded.steps[0].at, refunded.steps[7].at), (at(0), at(6)));
    }

    #[test]
    fn the_end_of_an_unpaid_order_and_a_late_answer_are_steps() {
        let marked = placed().cancel().unwrap().0.recorded(Some(&placed()), NOW, None);
        assert_eq!(whats(&marked), [What::CancellationRequested]);
        let unknown = placed().settle(1, Outcome::Unknown).unwrap().0;
        let unknown = unknown.recorded(Some(&placed()), NOW, None);
        let paid = unknown.settle(1, Outcome::Approved).unwrap().0;
        let paid = paid.recorded(Some(&unknown), NOW, None);
        let answered = |payment| What::Answered { attempt: 1, payment };
        assert_eq!(
            whats(&paid),
            [answered(PaymentStatus::Unknown), answered(PaymentStatus::Succeeded)]
        );
        let declined = placed().settle(1, Outcome::Declined).unwrap().0;
        let expired = declined.expire(declined.expires_at).unwrap().0;
        assert_eq!(whats(&expired.recorded(Some(&declined), NOW, None)), [What::Expired]);
        let unchanged = declined.clone().recorded(Some(&declined), NOW, None);
        assert_eq!(unchanged, declined);
    }
}
