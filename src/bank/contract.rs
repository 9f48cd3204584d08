//! The HTTP contract between a shop and a bank, the same types for both sides.
//!
//! `POST /charges` requests a charge, `GET /charges/{key}` returns the decision, and
//! `DELETE /charges/{key}` voids a key. A reply states the decision twice, by its HTTP status and
//! by its field `status`. A reply of another server, such as a proxy or a captive portal, is
//! therefore not mistaken for a decision.
//!
//! A decision also states the order and the amount of the charge. The shop compares both, so a
//! decision on another charge is none on this one. Only the decision on a key that was voided
//! before its charge arrived, and the reply to `DELETE`, state neither.
//!
//! A bank may also refuse a request for one key for good, with a status of the class 4xx: repeating
//! the request would change nothing ([`is_refusal`]). Such a reply needs no body, unless its status
//! is one of those in the table of [`Status::http_status`].

use actors::bank::{Answer, Charge};
use domain::money::Cents;
use domain::order::OrderId;
use serde::{Deserialize, Serialize};

/// The body of a request for a charge.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChargeRequest {
    /// The idempotency key, the same for every repetition of an attempt.
    pub idempotency_key: String,
    /// The order to pay for.
    pub order_id: OrderId,
    /// The amount.
    pub amount_cents: Cents,
}

/// The body of a reply. A bank may add fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankReply {
    /// The decision, or why there is none.
    pub status: Status,
    /// The bank's id of the charge. Every approved charge has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charge_id: Option<String>,
    /// The order of the charge; required in a decision on a charge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// The amount of the charge; required in a decision on a charge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_cents: Option<Cents>,
}

/// The field `status` of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The bank has charged.
    Approved,
    /// The bank has declined to charge.
    Declined,
    /// The charge was refunded, or was voided before it was made.
    Voided,
    /// The key belongs to a charge for another order or amount.
    KeyReused,
    /// The bank has not received the key.
    NotFound,
}

/// Returns whether an HTTP status says that repeating the request changes nothing.
///
/// These statuses of the class 4xx do not: 401 and 407 concern the access of the shop, 408 and 425
/// the time, and 429 the load.
pub fn is_refusal(http_status: u16) -> bool {
    matches!(http_status, 400..=499) && !matches!(http_status, 401 | 407 | 408 | 425 | 429)
}

/// Returns whether a decision is sent with an HTTP status.
pub fn is_of_decision(http_status: u16) -> bool {
    matches!(http_status, 200 | 402 | 404 | 409 | 422)
}

impl Status {
    /// Returns the HTTP status of a reply to `POST` and `GET`. A successful `DELETE` returns
    /// `voided` with 200.
    pub fn http_status(self) -> u16 {
        match self {
            Self::Approved => 200,
            Self::Declined => 402,
            Self::NotFound => 404,
            Self::Voided => 409,
            Self::KeyReused => 422,
        }
    }
}

impl From<Answer> for Status {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Approved => Self::Approved,
            Answer::Declined => Self::Declined,
            Answer::Voided => Self::Voided,
        }
    }
}

impl From<Status> for BankReply {
    fn from(status: Status) -> Self {
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
