//! What has happened in a period, as sums.

use serde::{Deserialize, Serialize};

/// What has happened in a period, or since ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// The orders that were placed.
    pub placed: u64,
    /// The orders that were paid.
    pub paid: u64,
    /// The totals of those, in cents.
    pub paid_cents: u64,
    /// The orders that were refunded.
    pub refunded: u64,
    /// The totals of those, in cents.
    pub refunded_cents: u64,
    /// The payment attempts that the bank has charged.
    pub approved: Attempts,
    /// The payment attempts that the bank has declined.
    pub declined: Attempts,
    /// The payment attempts that were never sent.
    pub not_sent: Attempts,
    /// The payment attempts whose outcome was unknown for a time; it may be known by now.
    pub unknown: Attempts,
}

/// Payment attempts with one outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    /// The number of attempts.
    pub count: u64,
    /// The number of those whose beginning is known.
    pub timed: u64,
    /// How long those took from the beginning to the outcome, in total.
    pub milliseconds: u64,
}

impl Sums {
    /// Returns the sums of two periods.
    pub fn plus(self, other: Self) -> Self {
        Self {
            placed: self.placed.saturating_add(other.placed),
            paid: self.paid.saturating_add(other.paid),
            paid_cents: self.paid_cents.saturating_add(other.paid_cents),
            refunded: self.refunded.saturating_add(other.refunded),
            refunded_cents: self.refunded_cents.saturating_add(other.refunded_cents),
            approved: self.approved.plus(other.approved),
            declined: self.declined.plus(other.declined),
            not_sent: self.not_sent.plus(other.not_sent),
            unknown: self.unknown.plus(other.unknown),
        }
    }

    /// Returns what was paid minus what was refunded, in cents. It is negative if more was refunded
    /// in the period than paid.
    pub fn revenue(self) -> i64 {
        let cents = |amount| i64::try_from(amount).unwrap_or(i64::MAX);
        cents(self.paid_cents).saturating_sub(cents(self.refunded_cents))
    }

    /// Returns the average total of the paid orders in cents, rounded down; `None` if there are
    /// none.
    pub fn average_cents(self) -> Option<u64> {
        self.paid_cents.checked_div(self.paid)
    }
}

impl Attempts {
    /// Returns the attempts of two periods.
    fn plus(self, other: Self) -> Self {
        Self {
            count: self.count.saturating_add(other.count),
            timed: self.timed.saturating_add(other.timed),
            milliseconds: self.milliseconds.saturating_add(other.milliseconds),
        }
    }

    /// Returns how long an attempt took on average; `None` if that is not known.
    pub fn average_milliseconds(self) -> Option<u64> {
        self.milliseconds.checked_div(self.timed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_revenue_of_a_day_with_more_refunds_than_payments_is_negative() {
        let sums = Sums { paid: 2, paid_cents: 500, refunded_cents: 700, ..Sums::default() };
        assert_eq!((sums.revenue(), sums.average_cents()), (-200, Some(250)));
        assert_eq!(Sums::default().average_cents(), None);
        assert_eq!(Sums { paid_cents: u64::MAX, ..sums }.plus(sums).paid_cents, u64::MAX);
    }

    #[test]
    fn the_average_time_is_that_of_the_attempts_whose_beginning_is_known() {
        let attempts = Attempts { count: 3, timed: 2, milliseconds: 50 };
        assert_eq!(attempts.average_milliseconds(), Some(25));
        assert_eq!(attempts.plus(attempts).milliseconds, 100);
        assert_eq!(Attempts::default().average_milliseconds(), None);
    }
}
