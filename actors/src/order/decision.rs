//! The commands of a round, and their decisions.

use std::time::Duration;

use domain::article::ArticleError;
use domain::order::{Order, OrderError, OrderId};
use domain::payment::Outcome;
use domain::user::Author;
use domain::user::UserId;

use super::{DeliverOrder, NoteOrder, PayAgain, PlaceOrder, ShipOrder};
use crate::failpoint::Durable;
use crate::payment::CallPermit;
use crate::rounds::decide::Undecided;

/// The result of a function that decides.
pub(super) type Result<T> = std::result::Result<T, Undecided<OrderError>>;

/// What a call to the bank is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallKind {
    /// To charge an order.
    Charge,
    /// To find out or to prevent a charge.
    Resolve,
    /// To refund an order.
    Refund,
}

/// A request that is answered once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedRequest {
    /// The key of the row that stores the request: the user and the idempotency key.
    pub(super) used_key: String,
    pub(super) fingerprint: String,
}

/// A command that a round decides.
#[derive(Debug, Clone)]
pub enum Command {
    /// Place an order.
    Place(PlaceOrder),
    /// Start another payment attempt.
    PayAgain(PayAgain),
    /// Refund an order.
    Refund {
        /// The order.
        order: OrderId,
        /// The administrator.
        by: Author,
    },
    /// Check an unpaid order again.
    Reconcile(OrderId),
    /// Store the outcome of a bank call.
    Settle(Settle),
    /// Store the current state of an order as the answer to a request.
    Answer {
        /// The request.
        request: KeyedRequest,
        /// The order.
        order: OrderId,
    },
    /// Cancel an order.
    Cancel {
        /// The buyer; `None` if an administrator cancels it.
        user: Option<UserId>,
        /// The order.
        order: OrderId,
        /// The administrator.
        by: Option<Author>,
    },
    /// Replace the note about an order.
    Note(NoteOrder),
    /// Mark an order as shipped.
    Ship(ShipOrder),
    /// Mark an order as delivered.
    Deliver(DeliverOrder),
}

/// Store the outcome of a bank call.
#[derive(Debug, Clone)]
pub struct Settle {
    pub(super) order: OrderId,
    pub(super) attempt: u32,
    pub(super) kind: CallKind,
    pub(super) outcome: Outcome,
    /// The request to which the settled order is the answer.
    pub(super) request: Option<KeyedRequest>,
}

/// A decided command: the order after it.
pub struct Decision {
    pub(super) order: Order,
    /// The durable step; `None` if the order has not changed.
    pub(super) step: Option<Durable>,
    /// The request to which the order was stored as the answer.
    pub(super) answered: Option<KeyedRequest>,
    /// Whether the bank is to be called for the order.
    pub(super) calls_bank: bool,
    /// The permit for that call, once the decision is durable.
    pub(super) permit: Option<CallPermit>,
}

impl Decision {
    /// The decision that changes an order and calls the bank for it.
    pub(super) fn calling_bank(step: Durable, order: Order) -> Self {
        Self { step: Some(step), calls_bank: true, ..Self::unchanged(order) }
    }

    /// The decision that changes nothing.
    pub(super) fn unchanged(order: Order) -> Self {
        Self { order, step: None, answered: None, calls_bank: false, permit: None }
    }
}

impl From<OrderError> for Undecided<OrderError> {
    fn from(error: OrderError) -> Self {
        Self::Refused(error)
    }
}

impl From<ArticleError> for Undecided<OrderError> {
    fn from(error: ArticleError) -> Self {
        Self::Refused(error.into())
    }
}

/// The permits of a round for calls to the bank.
#[derive(Default)]
pub struct Permits {
    pub(super) held: Vec<CallPermit>,
    /// How long the bank cannot be called; `None` while every call is admitted.
    pub(super) refused: Option<Duration>,
    pub(super) used: usize,
}

impl Permits {
    /// Counts a call for the command that is being decided. Refuses it if the breaker has refused.
    pub(super) fn admit(&mut self) -> Result<()> {
        if let Some(retry_after) = self.refused
            && self.used >= self.held.len()
        {
            return Err(OrderError::PaymentUnavailable { retry_after }.into());
        }
        self.used += 1;
        Ok(())
    }
}
