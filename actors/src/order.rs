//! The order desk.
//!
//! Owns: which orders wait for their payment, and who waits to hear of it; orders are in the store.
//! Serves: checkout, buyers, administrators; one change at a time.
//! Tells: `order.placed`, `order.changed`, `article.changed`, `cart.changed`.
//! Restart: orders that wait for their payment are read again, and the bank is asked again with the same key.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt, Addr, AsyncContext, AtomicResponse, Context, Handler, Message,
    ResponseFuture, WrapFuture,
};
use domain::order::{Checkout, Order, OrderError, OrderId};
use domain::payment::Outcome;
use domain::user::UserId;
use serde_json::json;
use tokio::sync::oneshot;

use crate::ask::{Atomic, Failure, Observe, Observed};
use crate::failpoint;
use crate::payment::{Call, CallPermit, Request};

pub use commands::OrderDeps;
pub use idempotency::{Answer, Claim, Claimed, InHand};
use reconcile::NextCheck;

mod commands;
mod idempotency;
mod reconcile;
mod write;

/// A request that is made once however often it is sent (draft-ietf-httpapi-idempotency-key-header).
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    /// The client's key.
    pub key: String,
    /// What the request says, in short.
    pub fingerprint: String,
}

/// Makes an order of a user's cart and has it paid.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct PlaceOrder {
    /// Who buys.
    pub user: UserId,
    /// What the buyer saw and said.
    pub checkout: Checkout,
    /// Which request it is.
    pub idempotency_key: IdempotencyKey,
}

/// Has the bank asked once more to charge for an order.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct PayAgain {
    /// Whose order it must be.
    pub user: UserId,
    /// Which one.
    pub order: OrderId,
    /// Which request it is.
    pub idempotency_key: IdempotencyKey,
}

/// Calls an unpaid order off.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct CancelOrder {
    /// Whose order it must be.
    pub user: UserId,
    /// Which one.
    pub order: OrderId,
}

/// Says that a paid order is on its way.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct ShipOrder(pub OrderId);

/// Says that a shipped order has arrived.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct DeliverOrder(pub OrderId);

/// Has the bank pay an order back; what it can't do now it is asked again.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct RefundOrder(pub OrderId);

/// Asks for an order of a user.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct GetOrder {
    /// Whose order it must be.
    pub user: UserId,
    /// Which one.
    pub order: OrderId,
}

/// Asks for a user's orders, newest first.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Vec<Order>, Failure<OrderError>>")]
pub struct ListOrders {
    /// Whose.
    pub user: UserId,
    /// Behind this one.
    pub after: Option<OrderId>,
    /// How many at most.
    pub limit: usize,
}

/// Asks for an order as it is when the bank has decided, or after a while if it hasn't.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct AwaitPayment {
    /// Whose order it must be.
    pub user: UserId,
    /// Which one.
    pub order: OrderId,
    /// How long to wait.
    pub patience: Duration,
}

/// Says how an attempt to charge ended.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
struct Settle {
    order: OrderId,
    attempt: u32,
    outcome: Outcome,
}

/// Says whether the bank has paid an order back.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
struct PaidBack {
    order: OrderId,
    outcome: Outcome,
}

/// An order as stored, and the right to have the bank charge for it or pay it back, if it is to.
struct Submitted {
    order: Order,
    permit: Option<CallPermit>,
}

/// The actor that keeps orders.
pub struct OrderDesk {
    desk: OrderDeps,
    /// Orders that wait for their payment or to be paid back, and when to look at each again.
    pending: HashMap<OrderId, NextCheck>,
    /// Orders for which the bank is being asked.
    calling: HashSet<OrderId>,
    /// Requests that are being answered.
    in_hand: HashSet<String>,
    /// Who waits to hear of an order's payment.
    waiting: HashMap<OrderId, Vec<oneshot::Sender<()>>>,
}

impl OrderDesk {
    /// A desk with the orders of the store.
    pub fn new(desk: OrderDeps) -> Self {
        Self {
            desk,
            pending: HashMap::new(),
            calling: HashSet::new(),
            in_hand: HashSet::new(),
            waiting: HashMap::new(),
        }
    }
}

impl Actor for OrderDesk {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.keep_watch(ctx);
    }
}

impl Handler<PlaceOrder> for OrderDesk {
    type Result = Atomic<Self, Order, OrderError>;

    fn handle(&mut self, place: PlaceOrder, _: &mut Self::Context) -> Self::Result {
        failpoint::reach("orders");
        self.submit(self.desk.clone().place(place))
    }
}

impl Handler<PayAgain> for OrderDesk {
    type Result = Atomic<Self, Order, OrderError>;

    fn handle(&mut self, pay: PayAgain, _: &mut Self::Context) -> Self::Result {
        self.submit(self.desk.clone().pay_again(pay))
    }
}

impl Handler<Settle> for OrderDesk {
    type Result = Atomic<Self, Order, OrderError>;

    fn handle(
        &mut self,
        Settle { order, attempt, outcome }: Settle,
        _: &mut Self::Context,
    ) -> Self::Result {
        self.calling.remove(&order);
        self.change(order, self.desk.clone().settle(order, attempt, outcome))
    }
}

impl Handler<CancelOrder> for OrderDesk {
    type Result = Atomic<Self, Order, OrderError>;

    fn handle(
        &mut self,
        CancelOrder { user, order }: CancelOrder,
        _: &mut Self::Context,
    ) -> Self::Result {
        self.change(order, self.desk.clone().cancel(user, order))
    }
}

impl Handler<ShipOrder> for OrderDesk {
    type Result = Atomic<Self, Order, OrderError>;

    fn handle(&mut self, ShipOrder(order): ShipOrder, _: &mut Self::Context) -> Self::Result {
        self.change(order, self.desk.clone().ship(order))
    }
}

impl Handler<DeliverOrder> for OrderDesk {
    type Result = Atomic<Self, Order, OrderError>;

    fn handle(&mut self, DeliverOrder(order): DeliverOrder, _: &mut Self::Context) -> Self::Result {
        self.change(order, self.desk.clone().deliver(order))
    }
}

impl Handler<PaidBack> for OrderDesk {
    type Result = Atomic<Self, Order, OrderError>;

    fn handle(
        &mut self,
        PaidBack { order, outcome }: PaidBack,
        _: &mut Self::Context,
    ) -> Self::Result {
        self.calling.remove(&order);
        let desk = self.desk.clone();
        self.change(order, async move {
            match outcome {
                Outcome::Approved => desk.paid_back(order).await,
                Outcome::Declined | Outcome::NotSent | Outcome::Unknown => {
                    Ok(desk.row(order).await?.value)
                }
            }
        })
    }
}

impl Handler<RefundOrder> for OrderDesk {
    type Result = Atomic<Self, Order, OrderError>;

    fn handle(&mut self, RefundOrder(order): RefundOrder, _: &mut Self::Context) -> Self::Result {
        self.submit(self.desk.clone().refund(order))
    }
}

impl Handler<GetOrder> for OrderDesk {
    type Result = ResponseFuture<Result<Order, Failure<OrderError>>>;

    fn handle(
        &mut self,
        GetOrder { user, order }: GetOrder,
        _: &mut Self::Context,
    ) -> Self::Result {
        let desk = self.desk.clone();
        Box::pin(async move { Ok(desk.own(user, order).await?.value) })
    }
}

impl Handler<ListOrders> for OrderDesk {
    type Result = ResponseFuture<Result<Vec<Order>, Failure<OrderError>>>;

    fn handle(&mut self, list: ListOrders, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.desk.clone().list(list))
    }
}

impl Handler<AwaitPayment> for OrderDesk {
    type Result = ResponseFuture<Result<Order, Failure<OrderError>>>;

    fn handle(
        &mut self,
        AwaitPayment { user, order, patience }: AwaitPayment,
        _: &mut Self::Context,
    ) -> Self::Result {
        let desk = self.desk.clone();
        let (tell, told) = oneshot::channel();
        if self.calling.contains(&order) {
            self.waiting.entry(order).or_default().push(tell);
        }
        Box::pin(async move {
            let _ = tokio::time::timeout(patience, told).await;
            Ok(desk.own(user, order).await?.value)
        })
    }
}

impl Handler<Observe> for OrderDesk {
    type Result = Observed;

    fn handle(&mut self, _: Observe, _: &mut Self::Context) -> Observed {
        Observed(json!({ "pending": self.pending.len(), "calling": self.calling.len() }))
    }
}

impl OrderDesk {
    /// Stores an order while the desk does nothing else, then has the bank asked.
    fn submit(
        &mut self,
        submitted: impl Future<Output = Result<Submitted, Failure<OrderError>>> + 'static,
    ) -> Atomic<Self, Order, OrderError> {
        AtomicResponse::new(Box::pin(submitted.into_actor(self).map(
            |submitted: Result<Submitted, _>, desk, ctx| {
                let Submitted { order, permit } = submitted?;
                desk.remember(&order);
                if let Some(permit) = permit {
                    desk.call(&order, permit, ctx.address());
                }
                Ok(order)
            },
        )))
    }

    /// Changes an order while the desk does nothing else, then tells who waits for it.
    fn change(
        &mut self,
        id: OrderId,
        changed: impl Future<Output = Result<Order, Failure<OrderError>>> + 'static,
    ) -> Atomic<Self, Order, OrderError> {
        AtomicResponse::new(Box::pin(changed.into_actor(self).map(
            move |changed: Result<Order, _>, desk, _| {
                let order = changed?;
                desk.remember(&order);
                desk.waiting.remove(&id);
                Ok(order)
            },
        )))
    }

    /// Has the bank asked for a stored order, with a key that is the same for every repetition of the attempt.
    fn call(&mut self, order: &Order, permit: CallPermit, me: Addr<Self>) {
        let (id, attempt, request) = (order.id, order.payment.attempt, self.desk.request(order));
        let pays_back = matches!(request, Request::Void(_));
        self.calling.insert(id);
        let call = self.desk.payments.addr().send(Call { permit, request });
        // Not a future of the actor: it would wait until the mailbox is empty.
        actix::spawn(async move {
            let outcome = call.await.unwrap_or(Outcome::Unknown);
            if pays_back {
                me.do_send(PaidBack { order: id, outcome });
            } else {
                me.do_send(Settle { order: id, attempt, outcome });
            }
        });
    }
}

impl From<OrderError> for Failure<OrderError> {
    fn from(error: OrderError) -> Self {
        Self::Refused(error)
    }
}
