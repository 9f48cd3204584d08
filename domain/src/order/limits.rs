//! The limits of unpaid orders: how long stock is reserved for nothing, and how often a payment is
//! tried.

use std::time::Duration;

use jiff::Timestamp;

use super::{Order, OrderError, OrderStatus};
use crate::moment::is_due;
use crate::money::Cents;
use crate::payment::PaymentStatus;
use crate::time::later;

/// The wait before the first attempt beyond the limit; each further attempt doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(60);

/// The longest wait before an attempt.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// The limits of unpaid orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderLimits {
    /// How long an order may stay unpaid.
    pub expiry: Duration,
    /// How long an order may stay unpaid after a declined payment, within `expiry`.
    pub declined_hold: Duration,
    /// How many unpaid orders a user may have.
    pub unpaid: usize,
    /// How many payment attempts of an order may follow each other without a wait.
    pub attempts: u32,
}

impl OrderLimits {
    /// Returns an error if a user with this many unpaid orders may not place another.
    pub fn check_unpaid(&self, unpaid: usize) -> Result<(), OrderError> {
        if unpaid < self.unpaid {
            Ok(())
        } else {
            Err(OrderError::TooManyUnpaid { most: self.unpaid })
        }
    }
}

/// Returns how long the next attempt has to wait after this many, of which some are free; `None` if
/// it may follow at once.
pub(super) fn wait_after(attempts: u32, free: u32) -> Option<Duration> {
    let doublings = attempts.checked_sub(free)?;
    let factor = 2_u32.saturating_pow(doublings);
    Some(FIRST_WAIT.saturating_mul(factor).min(LONGEST_WAIT))
}

impl Order {
    /// Returns whether the order holds stock and is not paid.
    pub fn is_unpaid(&self) -> bool {
        self.status == OrderStatus::PendingPayment
    }

    /// Returns what the shop has earned with the order: its total if it is paid and not refunded.
    pub fn revenue(&self) -> Cents {
        match self.status {
            OrderStatus::Paid | OrderStatus::Shipped | OrderStatus::Delivered => self.total,
            OrderStatus::PendingPayment
            | OrderStatus::Cancelled
            | OrderStatus::Expired
            | OrderStatus::Refunded => Cents::ZERO,
        }
    }

    /// Returns an error if the next payment attempt has to wait.
    pub fn check_wait(&self, now: Timestamp) -> Result<(), OrderError> {
        match self.wait(now) {
            Some(after) => {
                let retry_after = now.duration_until(after).unsigned_abs();
                Err(OrderError::TooManyAttempts { retry_after })
            }
            None => Ok(()),
        }
    }

    /// Returns the order without a wait that is over.
    pub fn without_past_wait(self, now: Timestamp) -> Self {
        Self { pay_after: self.wait(now), ..self }
    }

    /// Returns when the next payment attempt may begin; `None` if it may begin now.
    fn wait(&self, now: Timestamp) -> Option<Timestamp> {
        self.pay_after.filter(|after| !is_due(*after, LONGEST_WAIT, now))
    }

    /// Returns the order whose latest attempt begins now. It has its whole time to pay again, and
    /// the attempt after the last free one has to wait.
    pub fn attempted(self, limits: &OrderLimits, now: Timestamp) -> Self {
        let expires_at = self.expires_at.max(later(self.created_at, limits.expiry));
        let wait = wait_after(self.payment.attempt, limits.attempts);
        Self { expires_at, pay_after: wait.map(|wait| later(now, wait)), ..self }
    }

    /// Returns the order whose latest attempt ends now. If it was declined, the order expires
    /// earlier: its stock is reserved for a buyer who may not be able to pay.
    pub fn ended(self, limits: &OrderLimits, now: Timestamp) -> Self {
        if !self.is_unpaid() || self.payment.status != PaymentStatus::Declined {
            return self;
        }
        let expires_at = self.expires_at.min(later(now, limits.declined_hold));
        Self { expires_at, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::super::checkout::tests::{NOW, placed};
    use super::*;
    use crate::payment::{Outcome, Payment};
    use crate::time::earlier;

    const MINUTE: Duration = Duration::from_secs(60);
    const LIMITS: OrderLimits = OrderLimits {
        expiry: Duration::from_secs(15 * 60),
        declined_hold: Duration::from_secs(3 * 60),
        unpaid: 3,
        attempts: 5,
    };

    fn at(minutes: u32) -> Timestamp {
        later(NOW, MINUTE * minutes)
    }

    fn settled(outcome: Outcome, now: Timestamp) -> Order {
        placed().settle(1, outcome).unwrap().0.ended(&LIMITS, now)
    }

    #[test]
    fn an_order_is_unpaid_until_it_is_paid() {
        let declined = settled(Outcome::Declined, NOW);
        let paid = settled(Outcome::Approved, NOW);
        assert_eq!([placed(), declined, paid].map(|it| it.is_unpaid()), [true, true, false]);
    }

    #[test]
    fn a_user_has_no_more_unpaid_orders_than_the_limit() {
        assert_eq!(LIMITS.check_unpaid(2), Ok(()));
        for unpaid in [3, 4] {
            let refused = Err(OrderError::TooManyUnpaid { most: 3 });
            assert_eq!(LIMITS.check_unpaid(unpaid), refused);
        }
    }

    #[test]
    fn a_declined_order_expires_earlier_but_never_later_than_an_unpaid_one() {
        assert_eq!(settled(Outcome::Declined, at(2)).expires_at, at(5));
        assert_eq!(settled(Outcome::Declined, at(14)).expires_at, at(15));
        for outcome in [Outcome::NotSent, Outcome::Unknown, Outcome::Approved] {
            assert_eq!(settled(outcome, at(2)).expires_at, at(15), "{outcome:?}");
        }
    }

    #[test]
    fn a_new_attempt_has_the_whole_time_to_pay_again() {
        let again = settled(Outcome::Declined, at(2)).pay_again().unwrap();
        assert_eq!(again.clone().attempted(&LIMITS, at(4)).expires_at, at(15));
        let shorter = OrderLimits { expiry: MINUTE, ..LIMITS };
        assert_eq!(again.attempted(&shorter, at(4)).expires_at, at(5));
    }

    #[test]
    fn five_attempts_follow_each_other_and_each_further_one_waits_twice_as_long() {
        let attempt = |attempt| {
            let order = Order { payment: Payment::submitting(attempt), ..placed() };
            order.attempted(&LIMITS, NOW)
        };
        for (number, minutes) in [(5, 1), (6, 2), (7, 4), (10, 32), (11, 60), (u32::MAX, 60)] {
            let order = attempt(number);
            let wait = |retry_after| Err(OrderError::TooManyAttempts { retry_after });
            assert_eq!(order.check_wait(NOW), wait(MINUTE * minutes), "{number}");
            assert_eq!(order.check_wait(at(minutes)), Ok(()), "{number}");
        }
        for number in 1..5 {
            assert_eq!(attempt(number).check_wait(NOW), Ok(()), "{number}");
        }
        assert_eq!(attempt(5).check_wait(earlier(NOW, MINUTE * 61)), Ok(()), "a clock set back");
    }
}
