//! An order as it was counted last.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::sums::{Attempts, Sums};
use crate::money::Cents;
use crate::order::stage::Stage;
use crate::order::{Order, OrderStatus};
use crate::payment::PaymentStatus;

/// The longest time that an attempt can have taken. A longer one was made by a step of the clock,
/// or the outcome was unknown for so long that it says nothing about the bank.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// An order as it was counted last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedOrder {
    /// The status of the order.
    pub status: OrderStatus,
    /// The number of the payment attempt.
    pub attempt: u32,
    /// The status of the attempt.
    pub payment: PaymentStatus,
    /// Whether a cancellation or a refund was requested.
    pub is_called_off: bool,
    /// When the attempt began; `None` if that is not known.
    pub began_at: Option<Timestamp>,
}

impl CountedOrder {
    /// Returns the state of an order to be counted, given how it was counted last and, if that is
    /// known, when it got into its state.
    pub(super) fn new(order: &Order, before: Option<&Self>, at: Option<Timestamp>) -> Self {
        let attempt = order.payment.attempt;
        let began_at = match before.filter(|before| before.attempt == attempt) {
            Some(before) => before.began_at,
            None => at.filter(|_| order.payment.status == PaymentStatus::Submitting),
        };
        Self {
            status: order.status,
            attempt,
            payment: order.payment.status,
            is_called_off: order.is_called_off(),
            began_at,
        }
    }

    /// Returns whether this state of an order comes before another one of it.
    ///
    /// An order never returns to an earlier state: attempts are numbered, and within an attempt the
    /// payment, then the status, then the request only move forward.
    pub fn is_before(&self, later: &Self) -> bool {
        self.rank() < later.rank()
    }

    /// Returns whether the bank still has to refund the order.
    pub fn needs_refund(&self) -> bool {
        self.is_called_off && is_paid(self.status) && self.status != OrderStatus::Refunded
    }

    /// Returns the stage of the order.
    pub fn stage(&self) -> Stage {
        Stage::of(self.status, self.payment, self.needs_refund())
    }

    /// Returns what has happened to an order with this total since it was counted last, when that
    /// was `at`.
    pub(super) fn since(&self, before: Option<&Self>, total: Cents, at: Option<Timestamp>) -> Sums {
        let mut sums = Sums::default();
        if is_paid(self.status) && !before.is_some_and(|before| is_paid(before.status)) {
            sums.paid = 1;
            sums.paid_cents = total.0;
        }
        let is_refunded = |order: &Self| order.status == OrderStatus::Refunded;
        if is_refunded(self) && !before.is_some_and(is_refunded) {
            sums.refunded = 1;
            sums.refunded_cents = total.0;
        }
        let payment = |order: &Self| (order.attempt, order.payment);
        if before.map(payment) != Some(payment(self)) {
            let ended = self.ended(at);
            match self.payment {
                PaymentStatus::Submitting => {}
                PaymentStatus::Succeeded => sums.approved = ended,
                PaymentStatus::Declined => sums.declined = ended,
                PaymentStatus::NotSent => sums.not_sent = ended,
                PaymentStatus::Unknown => sums.unknown = ended,
            }
        }
        sums
    }

    /// Returns the attempt as one that has ended at a time.
    fn ended(&self, at: Option<Timestamp>) -> Attempts {
        let took = self.began_at.zip(at).map(|(began, ended)| ended.duration_since(began));
        match took.filter(|took| (SignedDuration::ZERO..=LONGEST).contains(took)) {
            Some(took) => {
                let milliseconds = u64::try_from(took.as_millis()).unwrap_or_default();
                Attempts { count: 1, timed: 1, milliseconds }
            }
            None => Attempts { count: 1, ..Attempts::default() },
        }
    }

    fn rank(&self) -> (u32, u8, u8, bool) {
        let payment = match self.payment {
            PaymentStatus::Submitting => 0,
            PaymentStatus::Unknown => 1,
            PaymentStatus::Succeeded | PaymentStatus::Declined | PaymentStatus::NotSent => 2,
        };
        let status = match self.status {
            OrderStatus::PendingPayment => 0,
            OrderStatus::Paid | OrderStatus::Cancelled | OrderStatus::Expired => 1,
            OrderStatus::Shipped => 2,
            OrderStatus::Delivered => 3,
            OrderStatus::Refunded => 4,
        };
        (self.attempt, payment, status, self.is_called_off)
    }
}

/// Returns whether an order with this status was paid at some time.
fn is_paid(status: OrderStatus) -> bool {
    match status {
        OrderStatus::Paid
        | OrderStatus::Shipped
        | OrderStatus::Delivered
        | OrderStatus::Refunded => true,
        OrderStatus::PendingPayment | OrderStatus::Cancelled | OrderStatus::Expired => false,
    }
}
