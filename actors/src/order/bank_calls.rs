//! Calls to the bank for stored orders, their outcomes, and the callers that wait for them.

use std::time::Duration;

use actix::{Addr, Handler, Message};
use domain::order::{Order, OrderError, OrderId};
use domain::payment::Outcome;
use domain::user::UserId;
use tokio::sync::oneshot;

use super::OrderDesk;
use crate::failure::Failure;
use crate::handling::{Detached, Exclusive};
use crate::payment::{Call, CallPermit, Request};

/// Requests an order once the bank has decided, or after `patience`.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct AwaitPayment {
    /// The buyer; another user's order is unknown.
    pub user: UserId,
    /// The order.
    pub order: OrderId,
    /// The longest wait.
    pub patience: Duration,
}

/// Stores the outcome of a payment attempt.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
struct Settle {
    order: OrderId,
    attempt: u32,
    outcome: Outcome,
}

/// Stores the outcome of a refund.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
struct SettleRefund {
    order: OrderId,
    outcome: Outcome,
}

impl Handler<Settle> for OrderDesk {
    type Result = Exclusive<Self, Order, OrderError>;

    fn handle(&mut self, settle: Settle, _: &mut Self::Context) -> Self::Result {
        let Settle { order, attempt, outcome } = settle;
        self.calling.remove(&order);
        self.change(order, self.deps.clone().settle(order, attempt, outcome))
    }
}

impl Handler<SettleRefund> for OrderDesk {
    type Result = Exclusive<Self, Order, OrderError>;

    fn handle(&mut self, settle: SettleRefund, _: &mut Self::Context) -> Self::Result {
        let SettleRefund { order, outcome } = settle;
        self.calling.remove(&order);
        self.change(order, self.deps.clone().settle_refund(order, outcome))
    }
}

impl Handler<AwaitPayment> for OrderDesk {
    type Result = Detached<Order, OrderError>;

    fn handle(&mut self, wait: AwaitPayment, _: &mut Self::Context) -> Self::Result {
        let AwaitPayment { user, order, patience } = wait;
        let deps = self.deps.clone();
        let (settled, when_settled) = oneshot::channel();
        if self.calling.contains(&order) {
            self.waiting.entry(order).or_default().push(settled);
        }
        Box::pin(async move {
            let _ = tokio::time::timeout(patience, when_settled).await;
            deps.get(user, order).await
        })
    }
}

impl OrderDesk {
    /// Calls the bank for a stored order, with a key that is the same for every repetition of the
    /// attempt.
    pub(super) fn call_bank(&mut self, order: &Order, permit: CallPermit, desk: Addr<Self>) {
        let id = order.id;
        let attempt = order.payment.attempt;
        let request = self.deps.request(order);
        let is_refund = matches!(request, Request::Void(_));
        self.calling.insert(id);
        let call = self.deps.payments.addr().send(Call { permit, request });
        // Not a future of the actor: that would run only while the mailbox is empty.
        actix::spawn(async move {
            let outcome = call.await.unwrap_or(Outcome::Unknown);
            if is_refund {
                desk.do_send(SettleRefund { order: id, outcome });
            } else {
                desk.do_send(Settle { order: id, attempt, outcome });
            }
        });
    }
}
