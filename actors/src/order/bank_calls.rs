//! Calls to the bank for stored orders, their outcomes, and the callers that wait for them.

use std::time::Duration;

use actix::{Addr, Handler, Message};
use domain::moment::Moment;
use domain::order::{Order, OrderError, OrderId};
use domain::payment::Outcome;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::OrderDesk;
use super::commands::OrderDeps;
use super::decision::{CallKind, Command, KeyedRequest, Settle};
use crate::failure::Failure;
use crate::handling::Detached;
use crate::payment::{Call, CallPermit, Request, Wanted};
use crate::rounds::Rounds;

/// How often to look whether a call of another node has ended.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Waits until the bank call of an order has ended, at most `patience`.
///
/// Returns the order if it is stored as the answer to `request`.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Option<Order>, Failure<OrderError>>")]
pub struct AwaitPayment {
    /// The order.
    pub order: OrderId,
    /// The longest wait.
    pub patience: Duration,
    /// The request that waits for its answer, if the answer is to be stored.
    pub request: Option<KeyedRequest>,
}

/// A caller that waits for the end of a bank call; dropping it wakes the caller.
pub(super) struct Waiter {
    request: Option<KeyedRequest>,
    answer: oneshot::Sender<Order>,
}

/// A running or waiting call to the bank.
pub(super) struct RunningCall {
    attempt: u32,
    kind: CallKind,
    wanted: Wanted,
}

impl RunningCall {
    /// Withdraws a charge that waits in line.
    pub(super) fn withdraw_charge(&self) {
        if self.kind == CallKind::Charge {
            self.wanted.withdraw();
        }
    }
}

/// Reports how a bank call ended; `None` if it was not made.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct CallEnded {
    order: OrderId,
    attempt: u32,
    kind: CallKind,
    outcome: Option<Outcome>,
}

impl Handler<CallEnded> for OrderDesk {
    type Result = ();

    fn handle(&mut self, ended: CallEnded, ctx: &mut Self::Context) {
        let CallEnded { order, attempt, kind, outcome } = ended;
        let Some(outcome) = outcome else {
            self.remove_call(order, attempt, kind);
            self.check_soon(order);
            return self.enqueue_check(order, ctx);
        };
        let request = self.request_for(order, attempt, kind);
        let settle = Settle { order, attempt, kind, outcome, request };
        self.enqueue_own(Command::Settle(settle), ctx);
    }
}

impl Handler<AwaitPayment> for OrderDesk {
    type Result = Detached<Option<Order>, OrderError>;

    fn handle(&mut self, wait: AwaitPayment, _: &mut Self::Context) -> Self::Result {
        let AwaitPayment { order, patience, request } = wait;
        if !self.calling.contains_key(&order) {
            let deps = self.deps.clone();
            return Box::pin(async move {
                let _ = timeout(patience, deps.await_other_node(order)).await;
                Ok(None)
            });
        }
        let (answer, answered) = oneshot::channel();
        self.waiting.entry(order).or_default().push(Waiter { request, answer });
        Box::pin(async move { Ok(timeout(patience, answered).await.ok().and_then(Result::ok)) })
    }
}

impl OrderDeps {
    /// Waits while another node looks after an order that waits for the bank.
    async fn await_other_node(self, order: OrderId) {
        if !self.shared.tables.store.is_shared() {
            return;
        }
        while let Ok(Some(order)) = self.shared.tables.orders.get(order).await
            && order.value.waits_for_bank()
            && order.value.node != Some(self.peers.node())
        {
            sleep(LOOK_EVERY).await;
        }
    }
}

impl OrderDesk {
    /// Calls the bank for a stored order, with a key that is the same for every repetition of the
    /// attempt.
    pub(super) fn call_bank(&mut self, order: &Order, permit: CallPermit, desk: Addr<Self>) {
        let id = order.id;
        let attempt = order.payment.attempt;
        let request = self.deps.request(order);
        let kind = match &request {
            Request::Charge(_) => CallKind::Charge,
            Request::Void(_) | Request::Resolve(_) => CallKind::Resolve,
            Request::Refund(_) => CallKind::Refund,
        };
        let is_charge = kind == CallKind::Charge;
        let wanted = Wanted::until(if is_charge { self.expiry(order) } else { Moment::NEVER });
        let running = RunningCall { attempt, kind, wanted: wanted.clone() };
        if let Some(replaced) = self.calling.insert(id, running) {
            replaced.withdraw_charge();
        }
        let call = self.deps.payments.addr().send(Call { permit, request, wanted });
        // Not a future of the actor: that would run only while the mailbox is empty.
        actix::spawn(async move {
            let outcome = call.await.unwrap_or(Some(Outcome::Unknown));
            desk.do_send(CallEnded { order: id, attempt, kind, outcome });
        });
    }

    /// Returns the request that waits for the end of this call; `None` if a later call of the order
    /// has replaced it.
    fn request_for(&self, order: OrderId, attempt: u32, kind: CallKind) -> Option<KeyedRequest> {
        self.calling.get(&order).filter(|call| call.attempt == attempt && call.kind == kind)?;
        let mut waiting = self.waiting.get(&order)?.iter();
        waiting.find(|waiter| !waiter.answer.is_closed())?.request.clone()
    }

    /// Wakes the callers that wait for an order. Those whose request is `answered` get the order.
    pub(super) fn wake(&mut self, order: &Order, answered: Option<&KeyedRequest>) {
        for Waiter { request, answer } in self.waiting.remove(&order.id).unwrap_or_default() {
            if request.is_some() && request.as_ref() == answered {
                // The caller may have given up.
                let _ = answer.send(order.clone());
            }
        }
    }

    /// Removes a call that has ended, unless a later one of the order has replaced it.
    pub(super) fn remove_call(&mut self, order: OrderId, attempt: u32, kind: CallKind) {
        let is_this = |call: &RunningCall| call.attempt == attempt && call.kind == kind;
        if self.calling.get(&order).is_some_and(is_this) {
            self.calling.remove(&order);
        }
    }
}

impl Drop for OrderDesk {
    /// Withdraws the charges in line: the next desk could not withdraw them.
    fn drop(&mut self) {
        self.calling.values().for_each(RunningCall::withdraw_charge);
    }
}
