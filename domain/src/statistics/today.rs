//! What the desk shows of today.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::Counts;
use super::bucket::Series;
use super::sums::Sums;
use crate::breaker::State;

/// What the desk shows of today, on one node.
#[derive(Debug, Clone)]
pub struct Today {
    /// The current time.
    pub now: Timestamp,
    /// The time zone of the shop, in which its days begin.
    pub time_zone: TimeZone,
    /// The counts of orders and payments.
    pub counts: Arc<Counts>,
    /// The number of articles on sale of which few are available.
    pub low_stock: usize,
    /// The number of open sockets of the node.
    pub sockets: usize,
    /// The number of sessions and guests that have one.
    pub visitors: usize,
    /// The state of the circuit breaker.
    pub breaker: State,
    /// The version of the program.
    pub version: &'static str,
    /// The address of the node.
    pub node: String,
    /// How long the node has been running.
    pub uptime: Duration,
}

impl Today {
    /// Returns what has happened today.
    pub fn sums(&self) -> Sums {
        self.day(0).1
    }

    /// Returns what has happened in each of the last 24 hours, each with its start.
    pub fn hours(&self) -> Vec<(Timestamp, Sums)> {
        self.counts.last(Series::Hour, 24, self.now)
    }

    /// Returns what has happened on each of the last seven days, each with its start.
    pub fn days(&self) -> Vec<(Timestamp, Sums)> {
        (0..7).rev().map(|ago| self.day(ago)).collect()
    }

    /// Returns the start of the day that was so many days ago, and what happened on it. An hour
    /// belongs to the day on which it begins.
    fn day(&self, ago: i64) -> (Timestamp, Sums) {
        let start = self.midnight(ago);
        (start, self.counts.between(Series::Hour, start..self.midnight(ago - 1)))
    }

    /// Returns when the day began that was so many days ago.
    fn midnight(&self, ago: i64) -> Timestamp {
        let now = self.now.to_zoned(self.time_zone.clone());
        let day = now.checked_sub(ago.days()).and_then(|then| then.start_of_day());
        day.map_or(self.now, |day| day.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::super::bucket::Bucket;
    use super::*;

    /// Returns what is shown at a time of a shop with one order in each of the last 200 hours.
    fn today(time_zone: &str, now: &str) -> Today {
        let now = now.parse().unwrap();
        let last = Series::Hour.bucket(now).number;
        let hours = (last - 199..=last).map(|number| Bucket { series: Series::Hour, number });
        let order = Sums { placed: 1, ..Sums::default() };
        let buckets = hours.map(|hour| (hour, order)).collect();
        Today {
            now,
            time_zone: TimeZone::get(time_zone).unwrap(),
            counts: Arc::new(Counts { buckets, ..Counts::default() }),
            low_stock: 0,
            sockets: 0,
            visitors: 0,
            breaker: State::HalfOpen { until: None },
            version: "1",
            node: String::new(),
            uptime: Duration::ZERO,
        }
    }

    #[test]
    fn days_begin_at_midnight_in_the_time_zone_of_the_shop() {
        for (time_zone, now, first, hours) in [
            ("UTC", "2026-05-08T00:59:00Z", "2026-05-02T00:00:00Z", [24, 24, 24, 24, 24, 24, 1]),
            (
                "Europe/Paris",
                "2026-05-07T22:01:00Z",
                "2026-05-01T22:00:00Z",
                [24, 24, 24, 24, 24, 24, 1],
            ),
            (
                "Europe/Paris",
                "2026-03-30T09:00:00Z",
                "2026-03-23T23:00:00Z",
                [24, 24, 24, 24, 24, 23, 12],
            ),
            (
                "Europe/Paris",
                "2026-10-25T22:30:00Z",
                "2026-10-18T22:00:00Z",
                [24, 24, 24, 24, 24, 24, 25],
            ),
            (
                "Asia/Kolkata",
                "2026-05-07T18:45:00Z",
                "2026-05-01T18:30:00Z",
                [24, 24, 24, 24, 24, 24, 0],
            ),
        ] {
            let today = today(time_zone, now);
            let days = today.days();
            let placed: Vec<_> = days.iter().map(|(_, sums)| sums.placed).collect();
            assert_eq!(placed, hours, "{time_zone} {now}");
            assert_eq!(days[0].0, first.parse().unwrap(), "{time_zone} {now}");
            assert_eq!(today.sums().placed, hours[6]);
        }
    }
}
