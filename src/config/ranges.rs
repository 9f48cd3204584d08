//! The range of every number and every duration, as `config/default.toml` states it.
//!
//! The limits are wide: they refuse only what makes the shop useless or overflows. In particular no
//! duration is so long that a time in it lies after the year 9999.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use domain::session::LONGEST_ACCESS_TTL;

use super::{Config, duration};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const YEAR: Duration = Duration::from_secs(365 * 86_400);
const TEN_YEARS: Duration = Duration::from_secs(3_650 * 86_400);

/// A setting and its range.
pub(super) struct Ranged {
    /// The key, such as `cart.ttl`.
    pub(super) key: &'static str,
    value: Amount,
    least: Amount,
    most: Amount,
}

/// A value that has a range.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Amount {
    Number(u64),
    Time(Duration),
}

impl Ranged {
    pub(super) fn is_kept(&self) -> bool {
        self.least <= self.value && self.value <= self.most
    }

    /// Whether the setting is a number, and this one is allowed.
    pub(super) fn contains(&self, number: u64) -> bool {
        let number = Amount::Number(number);
        self.least <= number && number <= self.most
    }

    /// Returns the range as text, such as `1s to 24h`.
    pub(super) fn range(&self) -> String {
        format!("{} to {}", self.least, self.most)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Time(time) => f.write_str(&duration::text(*time)),
        }
    }
}

/// Returns every setting that has a range.
pub(super) fn ranges(config: &Config) -> Vec<Ranged> {
    [server(config), auth(config), payment(config), live(config)].into_iter().flatten().collect()
}

fn server(Config { server, store, events, .. }: &Config) -> Vec<Ranged> {
    vec![
        number("server.workers", server.workers as u64, 0..=256),
        number("server.reads_per_client", server.reads_per_client as u64, 1..=1_000),
        time("server.body_timeout", server.body_timeout, SECOND..=10 * MINUTE),
        time("server.drain", server.drain, Duration::ZERO..=10 * MINUTE),
        number("store.cache_mib", store.cache_mib, 1..=1_000_000),
        time("store.silence", store.silence, 2 * SECOND..=MINUTE),
        number("store.replicas", store.replicas.into(), 0..=16),
        time("store.max_clock_offset", store.max_clock_offset, SECOND..=DAY),
        number("events.max", events.max, 10..=1_000_000_000),
        time("events.keep", events.keep, SECOND..=TEN_YEARS),
    ]
}

fn auth(Config { auth, .. }: &Config) -> Vec<Ranged> {
    vec![
        time("auth.key_rotation", auth.key_rotation, SECOND / 1_000..=TEN_YEARS),
        time("auth.access_ttl", auth.access_ttl, SECOND..=LONGEST_ACCESS_TTL),
        time("auth.refresh_ttl", auth.refresh_ttl, SECOND..=YEAR),
        time("auth.refresh_max", auth.refresh_max, SECOND..=TEN_YEARS),
        time("auth.refresh_grace", auth.refresh_grace, Duration::ZERO..=5 * MINUTE),
        time("auth.session_idle", auth.session_idle, SECOND..=YEAR),
        time("auth.session_max", auth.session_max, SECOND..=YEAR),
        number("auth.scrypt_log_n", auth.scrypt_log_n.into(), 10..=18),
        number("auth.registrations_per_hour", auth.registrations_per_hour.into(), 1..=1_000_000),
    ]
}

fn payment(Config { bank, breaker, cart, guests, order, .. }: &Config) -> Vec<Ranged> {
    vec![
        time("bank.timeout", bank.timeout, SECOND / 100..=MINUTE),
        number("bank.calls", bank.calls as u64, 1..=10_000),
        number("breaker.failures", breaker.failures.into(), 1..=1_000_000),
        time("breaker.open", breaker.open, SECOND / 100..=DAY),
        number("guests.per_minute", guests.per_minute as u64, 1..=1_000_000),
        number("guests.commands_per_minute", guests.commands_per_minute as u64, 1..=1_000_000),
        time("cart.ttl", cart.ttl, SECOND..=TEN_YEARS),
        time("cart.guest_ttl", cart.guest_ttl, SECOND..=TEN_YEARS),
        number("cart.in_memory", cart.in_memory as u64, 1..=10_000_000),
        time("cart.sleep_after", cart.sleep_after, SECOND / 100..=DAY),
        time("order.expiry", order.expiry, SECOND..=YEAR),
        time("order.declined_hold", order.declined_hold, SECOND..=YEAR),
        number("order.unpaid_per_user", order.unpaid_per_user as u64, 1..=1_000),
        number("order.attempts", order.attempts.into(), 1..=1_000),
        time("order.patience", order.patience, Duration::ZERO..=MINUTE),
    ]
}

fn live(Config { live, .. }: &Config) -> Vec<Ranged> {
    vec![
        time("live.ping", live.ping, SECOND..=HOUR),
        time("live.silence", live.silence, 3 * SECOND..=2 * HOUR),
        time("live.standstill", live.standstill, 2 * SECOND..=HOUR),
        number("live.sockets", live.sockets as u64, 1..=1_000_000),
        number("live.sockets_per_session", live.sockets_per_session as u64, 1..=1_000_000),
        number("live.sockets_per_address", live.sockets_per_address as u64, 1..=1_000_000),
        number("live.frames", live.frames.into(), 1..=1_000_000),
    ]
}

fn number(key: &'static str, value: u64, range: RangeInclusive<u64>) -> Ranged {
    let [value, least, most] = [value, *range.start(), *range.end()].map(Amount::Number);
    Ranged { key, value, least, most }
}

fn time(key: &'static str, value: Duration, range: RangeInclusive<Duration>) -> Ranged {
    let [value, least, most] = [value, *range.start(), *range.end()].map(Amount::Time);
    Ranged { key, value, least, most }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::DEFAULT;
    use super::*;

    /// Returns the comment above each key of `default.toml`.
    fn comments() -> BTreeMap<String, String> {
        let mut section = "";
        let mut comment = String::new();
        let mut found = BTreeMap::new();
        for line in DEFAULT.lines() {
            if let Some(text) = line.strip_prefix("# ") {
                comment = format!("{comment} {text}");
            } else if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']');
            } else if let Some((key, _)) = line.split_once(" = ") {
                found.insert(format!("{section}.{key}"), std::mem::take(&mut comment));
            } else {
                comment.clear();
            }
        }
        found
    }

    #[test]
    fn the_comment_of_every_ranged_setting_states_its_range_and_no_other_comment_does() {
        let mut comments = comments();
        for ranged in ranges(&Config::defaults().unwrap()) {
            let comment = comments.remove(ranged.key).unwrap();
            let stated = format!(" Range: {}.", ranged.range());
            assert!(comment.ends_with(&stated), "{}: {comment}, not{stated}", ranged.key);
        }
        let others: Vec<_> = comments.values().filter(|text| text.contains("Range:")).collect();
        assert!(others.is_empty(), "{others:?}");
    }

    #[test]
    fn no_duration_of_a_setting_leads_after_the_last_year() {
        let now = jiff::Timestamp::constant(4_000_000_000, 0);
        for ranged in ranges(&Config::defaults().unwrap()) {
            if let Amount::Time(longest) = ranged.most {
                assert!(now.checked_add(10 * longest).is_ok(), "{}", ranged.key);
            }
        }
    }
}
