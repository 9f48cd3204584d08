//! Sums of a time and a duration that cannot overflow.
//!
//! The operators `+` and `-` of a time panic after the year 9999 and before the year -9999. A
//! stored time or a setting may be that large, so only this file adds them.

use std::time::Duration;

use jiff::Timestamp;

/// Returns the time this long after another, at most the last one that can be represented.
pub fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// Returns the time this long before another, at least the first one that can be represented.
pub fn earlier(time: Timestamp, by: Duration) -> Timestamp {
    time.saturating_sub(by).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_added_and_subtracted() {
        let noon = Timestamp::from_second(43_200).unwrap();
        let hour = Duration::from_secs(3_600);
        assert_eq!(later(noon, hour), Timestamp::from_second(46_800).unwrap());
        assert_eq!(earlier(noon, hour), Timestamp::from_second(39_600).unwrap());
    }

    #[test]
    fn a_sum_out_of_range_is_the_last_or_the_first_time() {
        let day = Duration::from_secs(86_400);
        for by in [day, Duration::from_secs(8_000 * 366 * 86_400), Duration::MAX] {
            assert_eq!(later(Timestamp::MAX, by), Timestamp::MAX);
            assert_eq!(earlier(Timestamp::MIN, by), Timestamp::MIN);
        }
        assert_eq!(later(Timestamp::UNIX_EPOCH, Duration::MAX), Timestamp::MAX);
        assert_eq!(earlier(Timestamp::UNIX_EPOCH, Duration::MAX), Timestamp::MIN);
    }
}
