//! The configuration as the actors know it: durations and limits.

use actors::shop::Rules;
use domain::breaker::Limits;
use domain::session::Lifetimes;

use crate::config::Config;

/// The durations and limits of the rules.
pub fn rules(config: &Config) -> Rules {
    Rules {
        lifetimes: Lifetimes {
            browser_idle: config.auth.session_idle,
            browser_max: config.auth.session_max,
            api_idle: config.auth.refresh_ttl,
            api_max: config.auth.refresh_max,
            refresh_grace: config.auth.refresh_grace,
        },
        access_ttl: config.auth.access_ttl,
        throttle: config.auth.throttle,
        cart_ttl: config.cart.ttl,
        cart_sleep_after: config.cart.sleep_after,
        order_expiry: config.order.expiry,
        breaker: Limits { failures: config.breaker.failures, open: config.breaker.open },
        bank_timeout: config.bank.timeout,
        bank_calls: config.bank.calls,
    }
}
