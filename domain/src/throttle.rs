//! Throttling of password guessing (OWASP ASVS 5.0, 6.3.1) and of registrations.
//!
//! Two rules: [`Failures`] in a row of one source cause longer and longer waits; an [`Allowance`]
//! limits what many sources do together, however they share it out.

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

/// One hour.
const HOUR: Duration = Duration::from_secs(3_600);

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

    /// Returns how long an attempt has to wait, or `None` if it may be made now, beside others
    /// that are under way.
    ///
    /// An attempt under way counts as a failure. Otherwise many parallel attempts could all be
    /// made before the first of them fails.
    pub fn wait_beside(earlier: Option<Self>, under_way: u32, now: Moment) -> Option<Duration> {
        let earlier = earlier.filter(|earlier| earlier.are_recent(now));
        let count = earlier.map_or(0, |earlier| earlier.count);
        let is_last = under_way > 0 && count.saturating_add(under_way) >= FIRST_THROTTLED;
        let concurrent = is_last.then_some(Self::CONCURRENT_WAIT);
        earlier.and_then(|earlier| earlier.wait(now)).or(concurrent)
    }

    /// Returns when the failures are forgotten.
    pub fn forgotten_at(self) -> Moment {
        self.last + MEMORY
    }

    /// Returns whether the failures are still remembered.
    pub fn are_recent(self, now: Moment) -> bool {
        now < self.forgotten_at()
    }
}

/// How much may be used at once, and how soon it comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// The number of uses at once.
    pub burst: u32,
    /// The time after which one more use is possible.
    pub pause: Duration,
}

/// What was used of an allowance: the time at which all of it has come back.
///
/// This is the generic cell rate algorithm (ITU-T I.371): one time is enough to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    back_at: Moment,
}

impl Allowance {
    /// Creates the allowance of `uses` at once and the same number in every further hour.
    pub fn per_hour(uses: u32) -> Self {
        Self { burst: uses, pause: HOUR / uses.max(1) }
    }

    /// Returns what is used after one more use, or how long that use has to wait.
    pub fn spend(self, earlier: Option<Used>, now: Moment) -> Result<Used, Duration> {
        let start = earlier.map_or(now, |earlier| earlier.back_at.max(now));
        let back_at = start + self.pause;
        let excess = back_at.since(now).saturating_sub(self.pause.saturating_mul(self.burst));
        if excess.is_zero() { Ok(Used { back_at }) } else { Err(excess) }
    }

    /// Returns what is used if one use is given back.
    pub fn give_back(self, used: Used) -> Used {
        let since_start = used.back_at.since_start().saturating_sub(self.pause);
        Used { back_at: Moment::at(since_start) }
    }
}

impl Used {
    /// Returns when nothing is used any more.
    pub fn forgotten_at(self) -> Moment {
        self.back_at
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
        let wait = |count, under_way| {
            Failures::wait_beside(Some(failures(count)), under_way, at(1)).is_some()
        };
        assert_eq!(
            [(3, 0), (3, 1), (3, 2)].map(|(count, beside)| wait(count, beside)),
            [false, false, true]
        );
        assert_eq!(
            [(4, 0), (4, 1), (5, 0), (5, 1)].map(|(count, beside)| wait(count, beside)),
            [false, true, false, true]
        );
    }

    #[test]
    fn attempts_under_way_count_as_failures_also_without_an_earlier_one() {
        let wait = |under_way| Failures::wait_beside(None, under_way, at(0));
        assert_eq!([0, 4].map(wait), [None, None]);
        assert_eq!([5, 60].map(wait), [Some(Failures::CONCURRENT_WAIT); 2]);
    }

    #[test]
    fn forgotten_failures_cause_no_wait() {
        assert_eq!(Failures::wait_beside(Some(failures(4)), 1, at(900)), None);
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

    /// Spends as often as possible at a time, and returns how often that was.
    fn spend_all(allowance: Allowance, used: &mut Option<Used>, second: u64) -> u32 {
        let mut count = 0;
        while let Ok(more) = allowance.spend(*used, at(second)) {
            *used = Some(more);
            count += 1;
        }
        count
    }

    #[test]
    fn an_allowance_is_used_at_once_and_comes_back_one_at_a_time() {
        let allowance = Allowance::per_hour(20);
        let mut used = None;
        let counts = [0, 1, 179, 180, 359, 720, 3_600, 36_000]
            .map(|second| spend_all(allowance, &mut used, second));
        assert_eq!(counts, [20, 0, 0, 1, 0, 3, 16, 20]);
    }

    #[test]
    fn the_wait_of_a_use_ends_when_one_has_come_back() {
        let allowance = Allowance::per_hour(20);
        let mut used = None;
        spend_all(allowance, &mut used, 0);
        assert_eq!(allowance.spend(used, at(100)), Err(Duration::from_secs(80)));
        assert!(allowance.spend(used, at(180)).is_ok());
    }

    #[test]
    fn a_use_that_is_given_back_can_be_used_again() {
        let allowance = Allowance::per_hour(20);
        let mut used = None;
        spend_all(allowance, &mut used, 0);
        used = used.map(|used| allowance.give_back(used));
        assert_eq!(spend_all(allowance, &mut used, 0), 1);
    }
}
