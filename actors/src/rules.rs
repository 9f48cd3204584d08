//! The durations and limits that every actor works with.

use std::time::Duration;

use domain::breaker::Limits;
use domain::cart::lifetimes::CartLifetimes;
use domain::order::limits::OrderLimits;
use domain::session::Lifetimes;
use domain::user::password::PasswordRule;

/// Durations and limits, as configured.
#[derive(Debug, Clone)]
pub struct Rules {
    /// How long sessions live.
    pub lifetimes: Lifetimes,
    /// How long an access token is valid.
    pub access_ttl: Duration,
    /// Whether failed sign-ins and registrations are throttled.
    pub throttle: bool,
    /// How many users may register from one address in an hour.
    pub registrations_per_hour: u32,
    /// What new passwords are compared with.
    pub passwords: PasswordRule,
    /// How long carts are kept after their last change.
    pub carts: CartLifetimes,
    /// The most cart actors that are active.
    pub carts_in_memory: usize,
    /// How long a cart actor stays active without a command.
    pub cart_sleep_after: Duration,
    /// How long orders may stay unpaid, how many of them, and how often a payment is tried.
    pub orders: OrderLimits,
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
    /// How long the store may stay silent before no request with a session is accepted.
    pub store_silence: Duration,
}
