//! The bank as administrators see it: the last calls, and the behaviour of the simulated bank.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::order::OrderId;
use crate::payment::Outcome;

/// The behaviour of the simulated bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = Behaviour::default())]
pub struct Behaviour {
    /// The delay before each reply, in milliseconds.
    pub latency_ms: u32,
    /// What the bank does with a request.
    pub mode: Mode,
    /// The percentage of charges that the bank declines even in mode `approve`.
    #[serde(default)]
    pub decline_percent: Percent,
    /// The seed that selects these charges.
    #[serde(default)]
    pub seed: u64,
}

/// A change of the behaviour; `None` keeps a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct BehaviourChange {
    /// The delay before each reply, in milliseconds.
    pub latency_ms: Option<u32>,
    /// What the bank does with a request.
    pub mode: Option<Mode>,
    /// The percentage of charges that the bank declines.
    pub decline_percent: Option<Percent>,
    /// The seed that selects these charges.
    pub seed: Option<u64>,
}

/// What the simulated bank does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

/// A call to the bank that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EndedCall {
    /// When the call ended.
    pub at: Timestamp,
    /// What the call was for.
    pub purpose: Purpose,
    /// The key of the payment attempt: the order and the number of the attempt.
    pub key: String,
    /// The outcome; `None` if the adapter of the bank panicked.
    pub outcome: Option<Outcome>,
    /// How long the call took, in milliseconds.
    pub took_ms: u64,
}

/// What a call to the bank is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To charge an order.
    Charge,
    /// To refund an order.
    Refund,
    /// To prevent a charge, or to refund it.
    Void,
    /// To find out what became of a charge.
    Resolve,
}

/// A percentage from 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u8")]
pub struct Percent(#[schemars(range(max = 100))] u8);

/// The default is slow enough for a user to see the payment states.
impl Default for Behaviour {
    fn default() -> Self {
        Self { latency_ms: 400, mode: Mode::Approve, decline_percent: Percent(0), seed: 0 }
    }
}

impl EndedCall {
    /// Returns the order and the number of the attempt that the key names; `None` if it names none.
    pub fn attempt(&self) -> Option<(OrderId, u32)> {
        let (order, attempt) = self.key.rsplit_once('-')?;
        Some((OrderId(Uuid::parse_str(order).ok()?), attempt.parse().ok()?))
    }
}

impl BehaviourChange {
    /// Returns the behaviour after the change.
    pub fn of(self, behaviour: Behaviour) -> Behaviour {
        Behaviour {
            latency_ms: self.latency_ms.unwrap_or(behaviour.latency_ms),
            mode: self.mode.unwrap_or(behaviour.mode),
            decline_percent: self.decline_percent.unwrap_or(behaviour.decline_percent),
            seed: self.seed.unwrap_or(behaviour.seed),
        }
    }
}

impl From<Behaviour> for BehaviourChange {
    fn from(behaviour: Behaviour) -> Self {
        let Behaviour { latency_ms, mode, decline_percent, seed } = behaviour;
        Self {
            latency_ms: Some(latency_ms),
            mode: Some(mode),
            decline_percent: Some(decline_percent),
            seed: Some(seed),
        }
    }
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 8] = [
        Self::Approve,
        Self::Decline,
        Self::Refuse,
        Self::LoseRequest,
        Self::LoseAnswer,
        Self::Fail,
        Self::Hang,
        Self::Panic,
    ];

    /// Returns the name of the mode in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Decline => "decline",
            Self::Refuse => "refuse",
            Self::LoseRequest => "lose_request",
            Self::LoseAnswer => "lose_answer",
            Self::Fail => "fail",
            Self::Hang => "hang",
            Self::Panic => "panic",
        }
    }
}

impl Percent {
    /// Returns the percentage as a number.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Percent {
    type Error = &'static str;

    fn try_from(percent: u8) -> Result<Self, Self::Error> {
        if percent <= 100 { Ok(Self(percent)) } else { Err("a percentage must be from 0 to 100") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_has_the_name_that_it_has_in_json() {
        for mode in Mode::ALL {
            assert_eq!(serde_json::to_value(mode).unwrap(), mode.name());
        }
    }

    #[test]
    fn a_call_is_about_the_attempt_that_its_key_names() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let call = |key: &str| EndedCall {
            at: Timestamp::UNIX_EPOCH,
            purpose: Purpose::Charge,
            key: key.to_owned(),
            outcome: None,
            took_ms: 0,
        };
        let order = OrderId(Uuid::parse_str(id).unwrap());
        assert_eq!(call(&format!("{id}-2")).attempt(), Some((order, 2)));
        for key in ["", "2", id, "order-2"] {
            assert_eq!(call(key).attempt(), None, "{key}");
        }
    }

    #[test]
    fn a_percentage_is_at_most_a_hundred() {
        assert_eq!(Percent::try_from(100).map(Percent::get), Ok(100));
        assert!(Percent::try_from(101).is_err());
    }
}
