//! The bank: a port, so that the shop depends on a contract and not on one bank.

use async_trait::async_trait;
use domain::money::Cents;
use domain::order::OrderId;

pub mod behaviour;

/// A charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The same for every repetition of one attempt: the bank charges a key at most once.
    pub key: String,
    /// The order to pay for.
    pub order: OrderId,
    /// The amount.
    pub amount: Cents,
}

/// Returns the key of a payment attempt.
pub fn key(order: OrderId, attempt: u32) -> String {
    format!("{order}-{attempt}")
}

/// Returns the decision of a bank on a charge, if it is stated for the order and the amount of the
/// charge. A key that was voided before its charge arrived has neither.
///
/// Otherwise a decision on another charge, or of another server, could pay for an order.
pub fn confirmed(
    answer: Answer,
    charge: &Charge,
    order: Option<OrderId>,
    amount: Option<Cents>,
) -> Result<Answer, BankError> {
    let is_unstated = order.is_none() && amount.is_none();
    let is_stated = (order, amount) == (Some(charge.order), Some(charge.amount));
    if is_stated || (answer == Answer::Voided && is_unstated) {
        return Ok(answer);
    }
    let order = order.map_or_else(|| "no order".to_owned(), |order| format!("order {order}"));
    let amount =
        amount.map_or_else(|| "no amount".to_owned(), |amount| format!("{} cents", amount.0));
    Err(BankError::Mismatch(format!("{answer:?} for {order} and {amount}")))
}

/// A decision of the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The bank has charged.
    Approved,
    /// The bank has declined to charge.
    Declined,
    /// The charge was refunded, or was voided before it was made.
    Voided,
}

/// Why there is no decision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BankError {
    /// The request was certainly not sent.
    #[error("the bank was not reached: {0}")]
    NotSent(String),
    /// The request was sent, but no valid answer arrived: it may or may not have taken effect.
    #[error("the bank's answer is unknown: {0}")]
    Unknown(String),
    /// The answer states another order or amount than those of the charge, or none. The decision is
    /// as unknown as without an answer.
    #[error("the bank's answer is for another charge: {0}")]
    Mismatch(String),
    /// The key belongs to a charge for another order or amount.
    #[error("the key was used for another charge")]
    KeyReused,
    /// The bank refuses this request for this key, and would refuse every repetition. The request
    /// had no effect; an earlier one for the same key may have had.
    #[error("the bank refuses the request for good: {0}")]
    Refused(String),
}

impl BankError {
    /// Returns whether every repetition would be answered the same. The bank works: it has
    /// answered.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::KeyReused | Self::Refused(_))
    }
}

/// The port to a bank.
#[async_trait]
pub trait Bank: Send + Sync + 'static {
    /// Charges a key at most once; every repetition returns the same decision.
    async fn charge(&self, charge: &Charge) -> Result<Answer, BankError>;

    /// Returns the decision for the key of a charge; `None` if the bank has never received it.
    async fn lookup(&self, charge: &Charge) -> Result<Option<Answer>, BankError>;

    /// Voids a key: refunds what was charged, and makes the bank refuse a charge that arrives
    /// later.
    ///
    /// A charge whose outcome is unknown can therefore always be cancelled. Repetitions change
    /// nothing.
    async fn void(&self, key: &str) -> Result<(), BankError>;
}
