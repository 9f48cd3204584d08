//! Throttling of password guessing (OWASP ASVS 5.0, 6.3.1).

use std::time::Duration;

use crate::moment::Moment;

/// The number of failures in a row from which each failure is followed by a wait.
const FIRST_THROTTLED: u32 = 5;

/// The wait after the first throttled failure; each further failure doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How long failures are remembered after the last one.
const MEMORY: Duration = Duration::from_secs(900);

/// The wrong passwords in a row from one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    count: u32,
    last: Moment,
}

impl Failures {
    /// The wait for an attempt that is refused because another attempt is in progress.
    pub const CONCURRENT_WAIT: Duration = FIRST_WAIT;

    /// Returns the failures after one more failure. Earlier failures count only if they are recent.
    pub fn after(earlier: Option<Self>, now: Moment) -> Self {
        let count =
            earlier.filter(|earlier| earlier.are_recent(now)).map_or(0, |earlier| earlier.count);
        Self { count: count.saturating_add(1), last: now }
    }

    /// Returns how long the next attempt has to wait, or `None` if it may be made now.
    pub fn wait(self, now: Moment) -> Option<Duration> {
        let doublings = self.count.checked_sub(FIRST_THROTTLED)?;
        let wait = 2_u32
            .checked_pow(doublings)
            .map_or(LONGEST_WAIT, |factor| FIRST_WAIT.saturating_mul(factor));
        let end = self.last + wait.min(LONGEST_WAIT);
        Some(end.since(now)).filter(|left| !left.is_zero())
    }

    /// Returns whether only one attempt at a time may follow.
    ///
    /// This holds as soon as one more failure would be throttled. Otherwise many parallel attempts
    /// could all be made before the first of them fails.
    pub fn are_suspicious(self) -> bool {
        self.count + 1 >= FIRST_THROTTLED
    }

    /// Returns whether the failures are still remembered.
    pub fn are_recent(self, now: Moment) -> bool {
        now < self.last + MEMORY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Moment {
        Moment::at(Duration::from_secs(second))
    }

    fn failures(count: u32) -> Failures {
        (0..count).fold(None, |earlier, _| Some(Failures::after(earlier, at(0)))).unwrap()
    }

    #[test]
    fn from_the_fifth_failure_on_each_wait_is_twice_as_long_up_to_five_minutes() {
        let waits = [1, 4, 5, 6, 7, 13, 14, 1_000].map(|count| failures(count).wait(at(0)));
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let longest = seconds(300);
        assert_eq!(
            waits,
            [None, None, seconds(1), seconds(2), seconds(4), seconds(256), longest, longest]
        );
    }

    #[test]
    fn after_four_failures_only_one_attempt_at_a_time_is_made() {
        assert_eq!([3, 4, 9].map(|count| failures(count).are_suspicious()), [false, true, true]);
    }

    #[test]
    fn a_wait_ends() {
        assert_eq!(failures(7).wait(at(3)), Some(Duration::from_secs(1)));
        assert_eq!(failures(7).wait(at(4)), None);
    }

    #[test]
    fn failures_are_forgotten_fifteen_minutes_after_the_last_one() {
        let old = failures(9);
        assert!(old.are_recent(at(899)) && !old.are_recent(at(900)));
        assert_eq!(Failures::after(Some(old), at(900)), Failures { count: 1, last: at(900) });
    }
}
