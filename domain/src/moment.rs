//! Time that a step of the clock does not change, and what a step means for stored times.
//!
//! The clock of the calendar can jump: it is set, a virtual machine is restored, a machine starts
//! before it has asked for the time. What is short and in memory is therefore measured in
//! [moments](Moment). A stored time is judged by how far it lies ahead: further than its setting
//! allows, it was written while the clock was wrong, and counts as due.

use std::ops::Add;
use std::time::Duration;

use jiff::Timestamp;

/// How far a stored time may lie ahead of the clock before the clock counts as set back.
///
/// The clocks of nodes differ by less, and so does a correction that a running clock gets.
pub const LEEWAY: Duration = Duration::from_secs(60);

/// How much longer than needed the store keeps what must not come back (ended sessions, the
/// generations of refresh tokens, and used keys): seven days. A clock that is ahead by less removes
/// none of them early.
pub const KEPT_AFTER_EXPIRY: Duration = Duration::from_secs(604_800);

/// A moment on a monotonic clock: the time since a start that is the same for a whole process.
///
/// A moment means nothing in another process, so it is never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Duration);

impl Moment {
    /// The first moment.
    pub const START: Self = Self(Duration::ZERO);

    /// A moment that never comes.
    pub const NEVER: Self = Self(Duration::MAX);

    /// Returns the moment at a time since the start.
    pub const fn at(since_start: Duration) -> Self {
        Self(since_start)
    }

    /// Returns the time since the start.
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// Returns the time since another moment, zero if that is not earlier.
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

/// Returns whether a stored time has come, or lies further ahead than `setting` allows.
///
/// `setting` is the longest time by which it can lie ahead when it is written.
pub fn is_due(time: Timestamp, setting: Duration, now: Timestamp) -> bool {
    now >= time || now.duration_until(time).unsigned_abs() > setting.saturating_add(LEEWAY)
}

/// Returns whether a stored time that was the present when it was written lies ahead now, by more
/// than the clocks of nodes differ.
pub fn is_ahead(written_at: Timestamp, now: Timestamp) -> bool {
    written_at > now && is_due(written_at, Duration::ZERO, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_time_further_ahead_than_its_setting_counts_as_due() {
        let setting = Duration::from_secs(3);
        for (time, due) in [(-1, true), (0, true), (1, false), (63, false), (64, true)] {
            assert_eq!(is_due(at(time), setting, at(0)), due, "{time}");
        }
        assert!(is_due(Timestamp::MAX, setting, Timestamp::MIN));
        assert!(!is_due(Timestamp::MAX, Duration::MAX, Timestamp::MIN));
    }

    #[test]
    fn a_time_lies_ahead_if_it_is_later_than_the_leeway_allows() {
        for (time, ahead) in [(-100, false), (0, false), (60, false), (61, true)] {
            assert_eq!(is_ahead(at(time), at(0)), ahead, "{time}");
        }
    }

    #[test]
    fn the_time_between_moments_is_never_negative() {
        let later = Moment::START + Duration::from_secs(5);
        assert_eq!(later.since(Moment::START), later.since_start());
        assert_eq!(Moment::START.since(later), Duration::ZERO);
        assert_eq!(Moment::NEVER + Duration::from_secs(1), Moment::NEVER);
    }
}
