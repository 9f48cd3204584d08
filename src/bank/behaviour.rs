//! The configurable behaviour of the simulated bank: what it does, how fast, and which charges it
//! declines.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The behaviour of the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behaviour {
    /// The delay before each reply, in milliseconds.
    pub latency_ms: u32,
    /// What the bank does with a request.
    pub mode: Mode,
    /// The percentage of charges that the bank declines even in mode `approve`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub decline_percent: Percent,
    /// The seed that selects these charges.
    #[serde(default, skip_serializing_if = "is_default")]
    pub seed: u64,
}

/// What the bank does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Approves charges.
    Approve,
    /// Declines charges.
    Decline,
    /// Fails as if the connection had been refused.
    Refuse,
    /// Ignores the request and never replies.
    LoseRequest,
    /// Executes the request and never replies.
    LoseAnswer,
    /// Replies with an error, and does not execute the request.
    Fail,
    /// Never finishes the call.
    Hang,
    /// Panics during the call.
    Panic,
}

/// A percentage from 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "u8")]
pub struct Percent(u8);

impl TryFrom<u8> for Percent {
    type Error = &'static str;

    fn try_from(percent: u8) -> Result<Self, Self::Error> {
        if percent <= 100 { Ok(Self(percent)) } else { Err("a percentage must be from 0 to 100") }
    }
}

/// The default is slow enough for a user to see the payment states.
impl Default for Behaviour {
    fn default() -> Self {
        Self { latency_ms: 400, mode: Mode::Approve, decline_percent: Percent(0), seed: 0 }
    }
}

impl Behaviour {
    /// Whether the bank declines a charge. It depends only on the key and the seed, so that a test
    /// can be repeated.
    pub fn declines(&self, key: &str) -> bool {
        let hash = Sha256::new().chain_update(self.seed.to_le_bytes()).chain_update(key).finalize();
        let drawn =
            hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte)) % 100;
        self.mode == Mode::Decline || drawn < self.decline_percent.0.into()
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declined(decline_percent: u8, seed: u64) -> Vec<bool> {
        let behaviour =
            Behaviour { decline_percent: Percent(decline_percent), seed, ..Behaviour::default() };
        (0..1_000).map(|number| behaviour.declines(&format!("key-{number}"))).collect()
    }

    #[test]
    fn zero_percent_declines_no_charge_and_a_hundred_percent_every_charge() {
        assert!(declined(0, 7).iter().all(|declined| !declined));
        assert!(declined(100, 7).iter().all(|declined| *declined));
    }

    #[test]
    fn the_configured_percentage_of_charges_is_declined_and_always_the_same_ones() {
        let some = declined(30, 7);
        assert!((250..350).contains(&some.iter().filter(|declined| **declined).count()));
        assert_eq!(some, declined(30, 7));
        assert_ne!(some, declined(30, 8));
    }
}
