//! The declined payments of a user, over all orders: who tries one card after another has to wait.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::OrderError;
use super::limits::{LONGEST_WAIT, OrderLimits, wait_after};
use crate::moment::is_due;
use crate::time::later;

/// How long declined payments are remembered after the last one.
const MEMORY: Duration = Duration::from_secs(86_400);

/// The recent declined payments of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Declines {
    count: u32,
    last: Option<Timestamp>,
}

impl Declines {
    /// Returns the declines after one more. Earlier ones count only if they are recent.
    pub fn after(self, now: Timestamp) -> Self {
        let is_recent = |last| !is_due(later(last, MEMORY), MEMORY, now);
        let count = if self.last.is_some_and(is_recent) { self.count } else { 0 };
        Self { count: count.saturating_add(1), last: Some(now) }
    }

    /// Returns an error if the user's next payment attempt has to wait.
    ///
    /// As many declines are free as all unpaid orders together may have attempts without a wait.
    pub fn check(&self, limits: &OrderLimits, now: Timestamp) -> Result<(), OrderError> {
        let unpaid = u32::try_from(limits.unpaid).unwrap_or(u32::MAX);
        let wait = wait_after(self.count, limits.attempts.saturating_mul(unpaid));
        let end = self.last.zip(wait).map(|(last, wait)| later(last, wait));
        match end.filter(|end| !is_due(*end, LONGEST_WAIT, now)) {
            Some(end) => {
                let retry_after = now.duration_until(end).unsigned_abs();
                Err(OrderError::TooManyAttempts { retry_after })
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::checkout::tests::NOW;
    use super::*;
    use crate::time::earlier;

    const MINUTE: Duration = Duration::from_secs(60);
    const LIMITS: OrderLimits =
        OrderLimits { expiry: MINUTE, declined_hold: MINUTE, unpaid: 3, attempts: 5 };

    fn declines(count: u32) -> Declines {
        (0..count).fold(Declines::default(), |declines, _| declines.after(NOW))
    }

    #[test]
    fn fifteen_declines_are_free_and_after_each_further_one_the_wait_is_twice_as_long() {
        for (count, minutes) in [(15, 1), (16, 2), (17, 4), (21, 60), (100, 60)] {
            let wait = |retry_after| Err(OrderError::TooManyAttempts { retry_after });
            let declines = declines(count);
            assert_eq!(declines.check(&LIMITS, NOW), wait(MINUTE * minutes), "{count}");
            assert_eq!(declines.check(&LIMITS, later(NOW, MINUTE * minutes)), Ok(()), "{count}");
        }
        assert_eq!(declines(14).check(&LIMITS, NOW), Ok(()));
        let set_back = earlier(NOW, MINUTE * 62);
        assert_eq!(declines(15).check(&LIMITS, set_back), Ok(()), "a clock set back");
    }

    #[test]
    fn declines_are_forgotten_a_day_after_the_last_one() {
        let old = declines(100);
        assert_eq!(old.after(later(NOW, MEMORY)).count, 1);
        assert_eq!(old.after(later(NOW, MEMORY - MINUTE)).count, 101);
    }
}
