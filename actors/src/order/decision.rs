//! The commands of a round, and their decisions.

use std::time::Duration;

use domain::article::ArticleError;
use domain::order::{Order, OrderError, OrderId};
use domain::payment::Outcome;
use domain::user::UserId;

use super::{PayAgain, PlaceOrder};
use crate::failpoint::Durable;
use crate::payment::CallPermit;
use crate::tables::rows::RowError;

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
pub struct Request {
    /// The key of the row that stores the request: the user and the idempotency key.
    pub(super) used_key: String,
    pub(super) fingerprint: String,
}

/// A command that a round decides.
#[derive(Debug, Clone)]
pub(super) enum Command {
    Place(PlaceOrder),
    PayAgain(PayAgain),
    Refund(OrderId),
    /// Check an unpaid order again.
    Reconcile(OrderId),
    Settle(Settle),
    /// Store the current state of an order as the answer to a request.
    Answer {
        request: Request,
        order: OrderId,
    },
    Cancel {
        user: UserId,
        order: OrderId,
    },
    Ship(OrderId),
    Deliver(OrderId),
}

/// Store the outcome of a bank call.
#[derive(Debug, Clone)]
pub(super) struct Settle {
    pub(super) order: OrderId,
    pub(super) attempt: u32,
    pub(super) kind: CallKind,
    pub(super) outcome: Outcome,
    /// The request to which the settled order is the answer.
    pub(super) request: Option<Request>,
}

/// A decided command: the order after it.
pub(super) struct Decision {
    pub(super) order: Order,
    /// The durable step; `None` if the order has not changed.
    pub(super) step: Option<Durable>,
    /// The request to which the order was stored as the answer.
    pub(super) answered: Option<Request>,
    /// Whether the bank is to be called for the order.
    pub(super) calls_bank: bool,
}

impl Decision {
    /// The decision that changes an order and calls the bank for it.
    pub(super) fn calling_bank(step: Durable, order: Order) -> Self {
        Self { step: Some(step), calls_bank: true, ..Self::unchanged(order) }
    }

    /// The durable steps.
    pub(super) fn steps(&self) -> impl Iterator<Item = Durable> {
        self.step.into_iter().chain(self.answered.as_ref().map(|_| Durable::Answer))
    }

    /// The decision that changes nothing.
    pub(super) fn unchanged(order: Order) -> Self {
        Self { order, step: None, answered: None, calls_bank: false }
    }
}

/// Why a command was not decided.
#[derive(Debug)]
pub(super) enum Undecided {
    Refused(OrderError),
    Row(RowError),
}

impl From<OrderError> for Undecided {
    fn from(error: OrderError) -> Self {
        Self::Refused(error)
    }
}

impl From<ArticleError> for Undecided {
    fn from(error: ArticleError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<RowError> for Undecided {
    fn from(error: RowError) -> Self {
        Self::Row(error)
    }
}

/// The permits of a round for calls to the bank.
#[derive(Default)]
pub(super) struct Permits {
    pub(super) held: Vec<CallPermit>,
    /// How long the bank cannot be called; `None` while every call is admitted.
    pub(super) refused: Option<Duration>,
    pub(super) used: usize,
}

impl Permits {
    /// Counts a call for the command that is being decided. Refuses it if the breaker has refused.
    pub(super) fn admit(&mut self) -> Result<(), OrderError> {
        if let Some(retry_after) = self.refused
            && self.used >= self.held.len()
        {
            return Err(OrderError::PaymentUnavailable { retry_after });
        }
        self.used += 1;
        Ok(())
    }
}
