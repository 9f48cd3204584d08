//! Orders, from checkout to delivery or refund.

use std::time::Duration;

mod called_off;
mod checkout;
mod deleted_user;
mod desk;
mod idempotency;
mod limits;
mod list;
mod payment;
mod refund;
mod refused;
mod round;

/// Longer than any pause of the order desk between two calls to the bank.
const LONGEST_PAUSE: Duration = Duration::from_secs(40);
