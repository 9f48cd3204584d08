//! Buckets of time: the minutes, hours and days in which events are counted, all in UTC.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

/// A series of buckets of the same length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Series {
    /// Minutes, kept for an hour.
    Minute,
    /// Hours, kept for eight days: seven days of any time zone lie in them.
    Hour,
    /// Days, kept for a year.
    Day,
}

/// A minute, hour or day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bucket {
    /// The series of the bucket.
    pub series: Series,
    /// Its number in the series, counted from the Unix epoch.
    pub number: i64,
}

/// The error for a text that names no bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this names no bucket")]
pub struct UnknownBucket;

impl Series {
    /// Every series.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// Returns the name of the series.
    pub fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// Returns the bucket that a time falls into. Times before the epoch fall into the first.
    pub fn bucket(self, at: Timestamp) -> Bucket {
        Bucket { series: self, number: at.as_second().max(0) / self.seconds() }
    }

    fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }

    /// Returns how many buckets are kept, with the current one.
    fn kept(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 8 * 24,
            Self::Day => 366,
        }
    }
}

impl Bucket {
    /// Returns the buckets that a time falls into and that are kept `now`.
    pub fn all_of(at: Timestamp, now: Timestamp) -> impl Iterator<Item = Self> {
        let buckets = Series::ALL.into_iter().map(move |series| series.bucket(at));
        buckets.filter(move |bucket| bucket.is_kept(now))
    }

    /// Returns whether the bucket is kept `now`.
    pub fn is_kept(self, now: Timestamp) -> bool {
        self.number > self.series.bucket(now).number - self.series.kept()
    }

    /// Returns when the bucket begins.
    pub fn start(self) -> Timestamp {
        let second = self.number.saturating_mul(self.series.seconds());
        Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Padded, so that keys are in the order of time.
        write!(f, "{}/{:010}", self.series.name(), self.number)
    }
}

impl FromStr for Bucket {
    type Err = UnknownBucket;

    fn from_str(text: &str) -> Result<Self, UnknownBucket> {
        let (name, number) = text.split_once('/').ok_or(UnknownBucket)?;
        let series = Series::ALL.into_iter().find(|series| series.name() == name);
        let number = number.parse().map_err(|_| UnknownBucket)?;
        Ok(Self { series: series.ok_or(UnknownBucket)?, number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_time_falls_into_the_bucket_that_begins_at_or_before_it() {
        for (series, second, number, start) in [
            (Series::Minute, 59, 0, 0),
            (Series::Minute, 60, 1, 60),
            (Series::Hour, 7_199, 1, 3_600),
            (Series::Day, 86_400, 1, 86_400),
            (Series::Day, -1, 0, 0),
        ] {
            let bucket = series.bucket(at(second));
            assert_eq!((bucket.number, bucket.start()), (number, at(start)));
            assert_eq!(bucket.to_string().parse(), Ok(bucket));
        }
        assert_eq!("week/1".parse::<Bucket>(), Err(UnknownBucket));
        assert_eq!("day".parse::<Bucket>(), Err(UnknownBucket));
        assert_eq!("day/x".parse::<Bucket>(), Err(UnknownBucket));
    }

    #[test]
    fn minutes_are_kept_for_an_hour_hours_for_eight_days_and_days_for_a_year() {
        let now = at(1_000_000_000);
        for (series, seconds) in
            [(Series::Minute, 3_600), (Series::Hour, 8 * 86_400), (Series::Day, 366 * 86_400)]
        {
            assert!(series.bucket(now).is_kept(now));
            assert!(series.bucket(at(1_000_000_000 + seconds)).is_kept(now));
            let oldest = Bucket { number: series.bucket(now).number - series.kept() + 1, series };
            assert!(oldest.is_kept(now));
            assert!(!series.bucket(at(1_000_000_000 - seconds)).is_kept(now));
        }
        assert_eq!(Bucket::all_of(at(0), now).count(), 0);
        assert_eq!(Bucket::all_of(now, now).count(), 3);
    }
}
