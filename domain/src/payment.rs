//! Payments: the status of the attempts to charge for an order.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The payment of an order: its latest attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Payment {
    /// The number of the attempt; the first is 1.
    pub attempt: u32,
    /// The status of the attempt.
    pub status: PaymentStatus,
}

/// The status of an attempt to charge for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// The shop is calling the bank.
    Submitting,
    /// The bank has charged.
    Succeeded,
    /// The bank declined the charge.
    Declined,
    /// The charge was never sent to the bank.
    NotSent,
    /// The charge was sent and its answer was lost. The shop sends it again with the same key.
    Unknown,
}

/// The outcome of one call to the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The bank has charged.
    Approved,
    /// The bank declined the charge.
    Declined,
    /// The charge was never sent to the bank.
    NotSent,
    /// The charge was sent and no valid answer was received.
    Unknown,
    /// The bank refuses every request for this attempt. It has not charged now; an earlier request
    /// may have.
    Refused,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 5] =
        [Self::Approved, Self::Declined, Self::NotSent, Self::Unknown, Self::Refused];

    /// Returns the name of the outcome in JSON and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::NotSent => "not_sent",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
        }
    }
}

/// Every transition of an attempt: the status before, the outcome of a call, the status after.
///
/// Any other outcome changes nothing. In particular, `NotSent` does not settle an unknown attempt:
/// the bank may have charged for an earlier call.
pub const TRANSITIONS: [(PaymentStatus, Outcome, PaymentStatus); 7] = [
    (PaymentStatus::Submitting, Outcome::Approved, PaymentStatus::Succeeded),
    (PaymentStatus::Submitting, Outcome::Declined, PaymentStatus::Declined),
    (PaymentStatus::Submitting, Outcome::NotSent, PaymentStatus::NotSent),
    (PaymentStatus::Submitting, Outcome::Unknown, PaymentStatus::Unknown),
    (PaymentStatus::Submitting, Outcome::Refused, PaymentStatus::Declined),
    (PaymentStatus::Unknown, Outcome::Approved, PaymentStatus::Succeeded),
    (PaymentStatus::Unknown, Outcome::Declined, PaymentStatus::Declined),
];

impl Payment {
    /// Returns a new attempt with the given number.
    pub fn submitting(attempt: u32) -> Self {
        Self { attempt, status: PaymentStatus::Submitting }
    }

    /// Returns the payment after an outcome of its attempt, or `None` if the outcome changes
    /// nothing.
    pub fn settle(&self, outcome: Outcome) -> Option<Self> {
        let (_, _, status) =
            *TRANSITIONS.iter().find(|(from, how, _)| (*from, *how) == (self.status, outcome))?;
        Some(Self { status, ..self.clone() })
    }

    /// Returns whether the result of the attempt is still missing.
    ///
    /// While it is, the bank may charge or may have charged, so no other attempt may begin.
    pub fn is_open(&self) -> bool {
        matches!(self.status, PaymentStatus::Submitting | PaymentStatus::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_name_from_json() {
        for (outcome, name) in [
            (Outcome::Approved, "approved"),
            (Outcome::Declined, "declined"),
            (Outcome::NotSent, "not_sent"),
            (Outcome::Unknown, "unknown"),
            (Outcome::Refused, "refused"),
        ] {
            assert_eq!(serde_json::to_value(outcome).unwrap(), name);
            assert_eq!(outcome.name(), name);
        }
    }

    #[test]
    fn an_attempt_is_open_until_its_result_is_known_and_no_later_outcome_changes_it() {
        use PaymentStatus::*;
        for (status, is_open, settled) in [
            (Submitting, true, [Succeeded, Declined, NotSent, Unknown, Declined].map(Some)),
            (Unknown, true, [Some(Succeeded), Some(Declined), None, None, None]),
            (Succeeded, false, [None; 5]),
            (Declined, false, [None; 5]),
            (NotSent, false, [None; 5]),
        ] {
            let payment = Payment { status, ..Payment::submitting(3) };
            assert_eq!(payment.is_open(), is_open, "{status:?}");
            let expected = settled.map(|status| Some(Payment { attempt: 3, status: status? }));
            assert_eq!(Outcome::ALL.map(|outcome| payment.settle(outcome)), expected, "{status:?}");
        }
    }
}
