//! How the simulated bank behaves: what it does, how fast, and whom it declines.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How the bank behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behaviour {
    /// How long it takes to answer, in milliseconds.
    pub latency_ms: u32,
    /// What it does.
    pub mode: Mode,
    /// How many of a hundred charges it declines though it approves what it can.
    #[serde(default, skip_serializing_if = "is_default")]
    pub decline_percent: Percent,
    /// Which ones these are.
    #[serde(default, skip_serializing_if = "is_default")]
    pub seed: u64,
}

/// What the bank does when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It charges.
    Approve,
    /// It declines to charge.
    Decline,
    /// It can't be reached.
    Refuse,
    /// It gets the request and never answers, without doing anything.
    LoseRequest,
    /// It does what it was asked and never answers.
    LoseAnswer,
    /// It answers that something is wrong with it, without doing anything.
    Fail,
    /// It keeps the caller waiting for ever.
    Hang,
    /// It panics in the call.
    Panic,
}

/// A part of a hundred, from 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "u8")]
pub struct Percent(u8);

impl TryFrom<u8> for Percent {
    type Error = &'static str;

    fn try_from(percent: u8) -> Result<Self, Self::Error> {
        if percent <= 100 { Ok(Self(percent)) } else { Err("a percentage is from 0 to 100") }
    }
}

/// Slow enough to be watched.
impl Default for Behaviour {
    fn default() -> Self {
        Self { latency_ms: 400, mode: Mode::Approve, decline_percent: Percent(0), seed: 0 }
    }
}

impl Behaviour {
    /// Whether the bank declines to charge for a key: chance that is the same every time, so that a test can be repeated.
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
    fn nobody_is_declined_at_nought_and_everybody_at_a_hundred() {
        assert!(declined(0, 7).iter().all(|declined| !declined));
        assert!(declined(100, 7).iter().all(|declined| *declined));
    }

    #[test]
    fn about_as_many_are_declined_as_asked_for_and_always_the_same() {
        let some = declined(30, 7);
        assert!((250..350).contains(&some.iter().filter(|declined| **declined).count()));
        assert_eq!(some, declined(30, 7));
        assert_ne!(some, declined(30, 8));
    }
}
