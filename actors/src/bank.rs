//! The bank: a port, so that the shop knows what it may rely on and not who answers.

use async_trait::async_trait;
use domain::money::Cents;
use domain::order::OrderId;

/// What a bank is asked to charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The same for every repetition of one attempt: the bank charges once for a key.
    pub key: String,
    /// What for.
    pub order: OrderId,
    /// How much.
    pub amount: Cents,
}

/// The key of an attempt to have an order paid.
pub fn key(order: OrderId, attempt: u32) -> String {
    format!("{order}-{attempt}")
}

/// What a bank has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It has charged.
    Approved,
    /// It has refused to charge.
    Declined,
    /// It has paid back what it had charged, or was told never to charge.
    Voided,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BankError {
    /// The bank could not be reached, so it was not asked.
    #[error("the bank was not reached: {0}")]
    NotSent(String),
    /// The bank was asked, and no answer was understood.
    #[error("the bank's answer is not known: {0}")]
    Unknown(String),
    /// The bank was asked to charge for a key with which it was asked for another order or amount before.
    #[error("the bank knows the key as another charge's")]
    KeyReused,
}

/// The port to a bank.
#[async_trait]
pub trait Bank: Send + Sync + 'static {
    /// Charges once for a key, however often it is asked, and gives the same answer every time.
    async fn charge(&self, charge: &Charge) -> Result<Answer, BankError>;

    /// What the bank has decided for a key; nothing, if it has not heard of it.
    async fn lookup(&self, key: &str) -> Result<Option<Answer>, BankError>;

    /// Sees to it that nothing is charged for a key: pays back what was, and refuses whatever charge still comes.
    ///
    /// So a charge whose fate is unknown can be called off for certain. Asking again changes nothing more.
    async fn void(&self, key: &str) -> Result<(), BankError>;
}
