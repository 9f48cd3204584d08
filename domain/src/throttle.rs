//! Slowing down whoever guesses passwords (OWASP ASVS 5.0, 6.3.1).

use std::time::Duration;

use jiff::Timestamp;

/// How many failures in a row are free.
const FREE: u32 = 5;

/// How long to wait after the first failure that isn't; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// How long to wait at most.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How long after the last failure all are forgotten.
const MEMORY: Duration = Duration::from_secs(900);

/// The failures in a row of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    count: u32,
    last: Timestamp,
}

impl Failures {
    /// One more failure after those before, if there were any.
    pub fn after(before: Option<Self>, now: Timestamp) -> Self {
        let count = before.filter(|before| before.count_at(now)).map_or(0, |before| before.count);
        Self { count: count.saturating_add(1), last: now }
    }

    /// How long to wait before the next try; none if it may be now.
    pub fn wait(self, now: Timestamp) -> Option<Duration> {
        let doublings = self.count.checked_sub(FREE)?;
        let wait = 2_u32
            .checked_pow(doublings)
            .map_or(LONGEST_WAIT, |factor| FIRST_WAIT.saturating_mul(factor));
        let over = self.last + wait.min(LONGEST_WAIT);
        over.duration_since(now).try_into().ok().filter(|left: &Duration| !left.is_zero())
    }

    /// Whether there are so many that only one try at a time may follow.
    pub fn are_suspicious(self) -> bool {
        self.count + 1 >= FREE
    }

    /// How long whoever comes while such a try is under way is to wait.
    pub const TURN: Duration = FIRST_WAIT;

    /// Whether they still count.
    pub fn count_at(self, now: Timestamp) -> bool {
        now < self.last + MEMORY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn failures(count: u32) -> Failures {
        (0..count).fold(None, |before, _| Some(Failures::after(before, at(0)))).unwrap()
    }

    #[test]
    fn the_first_failures_are_free_then_each_wait_is_twice_the_one_before() {
        let waits: Vec<_> =
            [1, 4, 5, 6, 7, 13, 14, 1_000].map(|count| failures(count).wait(at(0))).into();
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let longest = seconds(300);
        assert_eq!(
            waits,
            [None, None, seconds(1), seconds(2), seconds(4), seconds(256), longest, longest]
        );
    }

    #[test]
    fn after_four_failures_they_come_one_by_one() {
        assert_eq!([3, 4, 9].map(|count| failures(count).are_suspicious()), [false, true, true]);
    }

    #[test]
    fn a_wait_ends() {
        assert_eq!(failures(7).wait(at(3)), Some(Duration::from_secs(1)));
        assert_eq!(failures(7).wait(at(4)), None);
    }

    #[test]
    fn failures_are_forgotten_a_while_after_the_last() {
        let old = failures(9);
        assert!(old.count_at(at(899)) && !old.count_at(at(900)));
        assert_eq!(Failures::after(Some(old), at(900)), Failures { count: 1, last: at(900) });
    }
}
