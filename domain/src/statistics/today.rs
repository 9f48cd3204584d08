//! What the desk shows of today.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::Counts;
use super::bucket::Series;
use super::sums::Sums;
use crate::breaker::State;

/// What the desk shows of today, on one node.
#[derive(Debug, Clone)]
pub struct Today {
    /// The current time.
    pub now: Timestamp,
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
    /// Returns what has happened since 00:00 UTC.
    pub fn sums(&self) -> Sums {
        self.counts.of(Series::Day.bucket(self.now))
    }

    /// Returns what has happened in each of the last 24 hours, each with its start.
    pub fn hours(&self) -> Vec<(Timestamp, Sums)> {
        self.counts.last(Series::Hour, 24, self.now)
    }

    /// Returns what has happened on each of the last seven days, each with its start.
    pub fn days(&self) -> Vec<(Timestamp, Sums)> {
        self.counts.last(Series::Day, 7, self.now)
    }
}
