//! The durations and limits that every actor works with.

use std::time::Duration;

use domain::breaker::Limits;
use domain::session::Lifetimes;

/// Durations and limits, as configured.
#[derive(Debug, Clone)]
pub struct Rules {
    /// How long sessions live.
    pub lifetimes: Lifetimes,
    /// How long an access token is valid.
    pub access_ttl: Duration,
    /// Whether failed sign-ins are throttled.
    pub throttle: bool,
    /// How long a cart is kept after its last change.
    pub cart_ttl: Duration,
    /// How long a cart actor stays active without a command.
    pub cart_sleep_after: Duration,
    /// How long an order may stay unpaid.
    pub order_expiry: Duration,
    /// When the breaker opens, and for how long.
    pub breaker: Limits,
    /// How long one call to the bank may take.
    pub bank_timeout: Duration,
    /// How many calls to the bank may run at once.
    pub bank_calls: usize,
    /// How many events the log keeps.
    pub events_max: u64,
    /// The maximum age of an event in the log.
    pub events_keep: Duration,
}
