//! What a shop and a bank say to each other over HTTP, the same for both sides.
//!
//! `POST /charges` asks for a charge, `GET /charges/{key}` what was decided, `DELETE /charges/{key}` voids. Whatever is
//! decided is said twice, by a status and by a word, so that nobody else's answer (a proxy's, a portal's) is taken for it.

use actors::bank::{Answer, Charge};
use domain::money::Cents;
use domain::order::OrderId;
use serde::{Deserialize, Serialize};

/// What a bank is asked to charge.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChargeRequest {
    /// The same for every repetition of one attempt.
    pub idempotency_key: String,
    /// What for.
    pub order_id: OrderId,
    /// How much.
    pub amount_cents: Cents,
}

/// What a bank answers; a bank may say more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// What it is about, in a word.
    pub status: Word,
    /// The bank's own number of a charge; there is one for whatever is approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charge_id: Option<String>,
    /// What the charge was for, if the bank says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// How much was asked for, if the bank says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_cents: Option<Cents>,
}

/// What a bank answers, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// It has charged.
    Approved,
    /// It has declined to charge.
    Declined,
    /// Nothing is charged, whatever was before.
    Voided,
    /// The key is that of a charge for another order or amount.
    KeyReused,
    /// It has not heard of the key.
    NotFound,
}

impl Word {
    /// The HTTP status with which the word is said of a charge; a successful `DELETE` says `voided` with 200.
    pub fn status(self) -> u16 {
        match self {
            Self::Approved => 200,
            Self::Declined => 402,
            Self::NotFound => 404,
            Self::Voided => 409,
            Self::KeyReused => 422,
        }
    }
}

impl From<Answer> for Word {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Approved => Self::Approved,
            Answer::Declined => Self::Declined,
            Answer::Voided => Self::Voided,
        }
    }
}

impl From<Word> for Said {
    fn from(status: Word) -> Self {
        Self { status, charge_id: None, order_id: None, amount_cents: None }
    }
}

impl From<&Charge> for ChargeRequest {
    fn from(charge: &Charge) -> Self {
        Self {
            idempotency_key: charge.key.clone(),
            order_id: charge.order,
            amount_cents: charge.amount,
        }
    }
}

impl From<ChargeRequest> for Charge {
    fn from(request: ChargeRequest) -> Self {
        Self { key: request.idempotency_key, order: request.order_id, amount: request.amount_cents }
    }
}
