//! Payments: what is known of the attempts to charge for an order.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The payment of an order: its latest attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Payment {
    /// Which attempt; the first is 1.
    pub attempt: u32,
    /// What is known of it.
    pub status: PaymentStatus,
}

/// What is known of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// The bank is being asked.
    Submitting,
    /// The bank has charged.
    Succeeded,
    /// The bank has refused to charge.
    Declined,
    /// The bank was never asked.
    NotSent,
    /// The bank was asked and the answer was lost: it is asked again with the same key.
    Unknown,
}

/// How an attempt ended, or seems to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The bank has charged.
    Approved,
    /// The bank has refused to charge.
    Declined,
    /// The bank was never asked.
    NotSent,
    /// Nobody knows: the request was sent and no answer was understood.
    Unknown,
}

impl Outcome {
    /// Its name, as JSON and the metrics have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::NotSent => "not_sent",
            Self::Unknown => "unknown",
        }
    }
}

/// What an outcome makes of an attempt. There is nothing else: a question that was not sent, after one that may have
/// been heard, leaves it unknown whether the bank has charged.
pub const TRANSITIONS: [(PaymentStatus, Outcome, PaymentStatus); 6] = [
    (PaymentStatus::Submitting, Outcome::Approved, PaymentStatus::Succeeded),
    (PaymentStatus::Submitting, Outcome::Declined, PaymentStatus::Declined),
    (PaymentStatus::Submitting, Outcome::NotSent, PaymentStatus::NotSent),
    (PaymentStatus::Submitting, Outcome::Unknown, PaymentStatus::Unknown),
    (PaymentStatus::Unknown, Outcome::Approved, PaymentStatus::Succeeded),
    (PaymentStatus::Unknown, Outcome::Declined, PaymentStatus::Declined),
];

impl Payment {
    /// The attempt of that number, about to be made.
    pub fn submitting(attempt: u32) -> Self {
        Self { attempt, status: PaymentStatus::Submitting }
    }

    /// The payment after an outcome of its attempt; none if that changes nothing.
    pub fn settle(&self, outcome: Outcome) -> Option<Self> {
        let (_, _, status) =
            *TRANSITIONS.iter().find(|(from, how, _)| (*from, *how) == (self.status, outcome))?;
        Some(Self { status, ..self.clone() })
    }

    /// Whether the bank may still charge, or have charged, without the shop knowing.
    pub fn is_open(&self) -> bool {
        matches!(self.status, PaymentStatus::Submitting | PaymentStatus::Unknown)
    }
}
