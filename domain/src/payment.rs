//! Payments: what is known of the attempts to charge for an order.

use serde::{Deserialize, Serialize};

/// The payment of an order: its latest attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Which attempt; the first is 1.
    pub attempt: u32,
    /// What is known of it.
    pub status: PaymentStatus,
}

/// What is known of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

impl From<Outcome> for PaymentStatus {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Approved => Self::Succeeded,
            Outcome::Declined => Self::Declined,
            Outcome::NotSent => Self::NotSent,
            Outcome::Unknown => Self::Unknown,
        }
    }
}

impl Payment {
    /// The attempt of that number, about to be made.
    pub fn submitting(attempt: u32) -> Self {
        Self { attempt, status: PaymentStatus::Submitting }
    }

    /// Whether the bank may still charge, or have charged, without the shop knowing.
    pub fn is_open(&self) -> bool {
        matches!(self.status, PaymentStatus::Submitting | PaymentStatus::Unknown)
    }
}
