//! Calls to the bank for stored orders, their outcomes, and the callers that wait for them.

use std::time::Duration;

use actix::{Addr, Handler, Message};
use domain::order::{Order, OrderError, OrderId};
use domain::payment::Outcome;
use domain::user::UserId;
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::OrderDesk;
use super::decision::Command;
use crate::failure::Failure;
use crate::handling::Detached;
use crate::payment::{Call, CallPermit, Request, Wanted};

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

/// Reports how a bank call ended; `None` if it was not made.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct CallEnded {
    order: OrderId,
    settle: Option<Command>,
}

impl Handler<CallEnded> for OrderDesk {
    type Result = ();

    fn handle(&mut self, CallEnded { order, settle }: CallEnded, ctx: &mut Self::Context) {
        match settle {
            Some(settle) => self.enqueue_own(settle, ctx),
            None => {
                self.calling.remove(&order);
                self.check_soon(order);
                self.enqueue_own(Command::Reconcile(order), ctx);
            }
        }
    }
}

impl Handler<AwaitPayment> for OrderDesk {
    type Result = Detached<Order, OrderError>;

    fn handle(&mut self, wait: AwaitPayment, _: &mut Self::Context) -> Self::Result {
        let AwaitPayment { user, order, patience } = wait;
        let deps = self.deps.clone();
        let (settled, when_settled) = oneshot::channel();
        if self.calling.contains_key(&order) {
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
        let is_refund = matches!(request, Request::Refund(_));
        let is_charge = matches!(request, Request::Charge(_));
        let wanted = Wanted::until(if is_charge { order.expires_at } else { Timestamp::MAX });
        self.calling.insert(id, wanted.clone());
        let call = self.deps.payments.addr().send(Call { permit, request, wanted });
        // Not a future of the actor: that would run only while the mailbox is empty.
        actix::spawn(async move {
            let outcome = call.await.unwrap_or(Some(Outcome::Unknown));
            let settle = outcome.map(|outcome| match is_refund {
                true => Command::SettleRefund { order: id, outcome },
                false => Command::Settle { order: id, attempt, outcome, is_charge },
            });
            desk.do_send(CallEnded { order: id, settle });
        });
    }
}
