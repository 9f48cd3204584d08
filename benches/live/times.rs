//! The delivery times of changes.

use std::fmt;
use std::time::Duration;

use crate::subscribers::Subscribers;

/// How long changes took to reach every subscriber, shortest first.
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Prints the times of some subscribers' changes, and what they have missed.
    pub(crate) fn report(server: &str, subscribers: &Subscribers) -> Self {
        let mut times = subscribers.times();
        times.sort_unstable();
        let times = Self(times);
        println!("{server}: until all have received it: {times}");
        let delivered = subscribers.delivered();
        println!("{server}: {delivered} of {} changes reached all", subscribers.expected());
        let missing = subscribers.missing();
        missing.iter().take(10).for_each(|missing| println!("  {missing}"));
        if missing.len() > 10 {
            println!("  and {} more", missing.len() - 10);
        }
        times
    }

    /// Returns the median in seconds; NaN if no change reached every subscriber.
    pub(crate) fn median(&self) -> f64 {
        self.at(50).map_or(f64::NAN, |time| time.as_secs_f64())
    }

    fn at(&self, percent: usize) -> Option<Duration> {
        self.0.get(self.0.len().checked_sub(1)? * percent / 100).copied()
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99, max] = [50, 99, 100].map(|percent| self.at(percent).unwrap_or_default());
        write!(f, "p50 {p50:.1?}, p99 {p99:.1?}, max {max:.1?} of {}", self.0.len())
    }
}
