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

/// A command that a round decides.
#[derive(Debug, Clone)]
pub(super) enum Command {
    Place(PlaceOrder),
    PayAgain(PayAgain),
    Refund(OrderId),
    /// Check an unpaid order again.
    Reconcile(OrderId),
    /// Store the outcome of a payment attempt.
    Settle {
        order: OrderId,
        attempt: u32,
        kind: CallKind,
        outcome: Outcome,
    },
    /// Store the outcome of a refund.
    SettleRefund {
        order: OrderId,
        attempt: u32,
        kind: CallKind,
        outcome: Outcome,
    },
    Cancel {
        user: UserId,
        order: OrderId,
    },
    Ship(OrderId),
    Deliver(OrderId),
}

/// A decided command: the order after it.
pub(super) struct Decision {
    pub(super) order: Order,
    /// The durable step; `None` if nothing has changed.
    pub(super) step: Option<Durable>,
    /// Whether the bank is to be called for the order.
    pub(super) calls_bank: bool,
}

impl Decision {
    /// The decision that changes nothing.
    pub(super) fn unchanged(order: Order) -> Self {
        Self { order, step: None, calls_bank: false }
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
