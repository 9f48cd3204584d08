//! The order desk.
//!
//! Owns: which orders wait for their payment, and who waits to hear of it; orders are in the store.
//! Serves: checkout, buyers, administrators; one change at a time.
//! Tells: `order.placed`, `order.changed`, `article.changed`, `cart.changed`.
//! Restart: orders that wait for their payment are read again, and the bank is asked again with the same key.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, AtomicResponse, Context, ContextFutureSpawner, Handler,
    Message, ResponseFuture, WrapFuture,
};
use domain::order::{Checkout, Order, OrderError, OrderId};
use domain::payment::Outcome;
use domain::user::UserId;
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::oneshot;

use crate::ask::{Atomic, Failure, Observe, Observed};
use crate::failpoint;
use crate::payment::{Call, CallPermit, Request};
use crate::store::StoreError;

pub use desk::Desk;
pub use once::{Answer, Claim, Claimed, InHand};

mod desk;
mod draft;
mod once;

/// How often the desk looks for orders whose time is over and for payments whose end nobody knows.
const TICK: Duration = Duration::from_secs(1);

/// How long the bank is left alone at most before it is asked again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How often the desk reads which orders wait, for those it was never told of.
const READ_EVERY: Duration = Duration::from_secs(60);

/// A request that is made once however often it is sent (draft-ietf-httpapi-idempotency-key-header).
#[derive(Debug, Clone)]
pub struct Once {
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
    pub once: Once,
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
    pub once: Once,
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

/// Asks the bank again for an order that waits for its word, or lets an unpaid order expire.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
struct Revisit(OrderId);

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

/// When to look at an order again.
struct Look {
    at: Timestamp,
    /// How often that was done since the bank was asked.
    tries: u32,
}

/// The actor that keeps orders.
pub struct OrderDesk {
    desk: Desk,
    /// Orders that wait for their payment or to be paid back, and when to look at each again.
    pending: HashMap<OrderId, Look>,
    /// Orders for which the bank is being asked.
    calling: HashSet<OrderId>,
    /// Requests that are being answered.
    in_hand: HashSet<String>,
    /// Who waits to hear of an order's payment.
    waiting: HashMap<OrderId, Vec<oneshot::Sender<()>>>,
}

impl OrderDesk {
    /// A desk with the orders of the store.
    pub fn new(desk: Desk) -> Self {
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
        let pending = self.desk.clone().pending().into_actor(self);
        pending
            .map(|pending: Result<Vec<OrderId>, StoreError>, desk, ctx| match pending {
                Ok(orders) => {
                    let at_once = orders.into_iter().map(|order| (order, Look { at: Timestamp::MIN, tries: 0 }));
                    desk.pending.extend(at_once);
                }
                Err(error) => {
                    tracing::error!(%error, "the orders that wait for their payment can't be read");
                    ctx.stop();
                }
            })
            .wait(ctx);
        ctx.run_interval(TICK, |desk, ctx| desk.tick(ctx));
        ctx.run_interval(READ_EVERY, |desk, ctx| desk.read_again(ctx));
        self.forget_leavers(ctx);
        ctx.run_interval(READ_EVERY, |desk, ctx| desk.forget_leavers(ctx));
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

impl Handler<Revisit> for OrderDesk {
    type Result = Atomic<Self, Order, OrderError>;

    fn handle(&mut self, Revisit(order): Revisit, _: &mut Self::Context) -> Self::Result {
        self.submit(self.desk.clone().revisit(order))
    }
}

impl Handler<Settle> for OrderDesk {
    type Result = Atomic<Self, Order, OrderError>;

    fn handle(&mut self, Settle { order, attempt, outcome }: Settle, _: &mut Self::Context) -> Self::Result {
        self.calling.remove(&order);
        self.change(order, self.desk.clone().settle(order, attempt, outcome))
    }
}

impl Handler<CancelOrder> for OrderDesk {
    type Result = Atomic<Self, Order, OrderError>;

    fn handle(&mut self, CancelOrder { user, order }: CancelOrder, _: &mut Self::Context) -> Self::Result {
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

    fn handle(&mut self, PaidBack { order, outcome }: PaidBack, _: &mut Self::Context) -> Self::Result {
        self.calling.remove(&order);
        let desk = self.desk.clone();
        self.change(order, async move {
            match outcome {
                Outcome::Approved => desk.paid_back(order).await,
                Outcome::Declined | Outcome::NotSent | Outcome::Unknown => Ok(desk.row(order).await?.value),
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

    fn handle(&mut self, GetOrder { user, order }: GetOrder, _: &mut Self::Context) -> Self::Result {
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

    fn handle(&mut self, AwaitPayment { user, order, patience }: AwaitPayment, _: &mut Self::Context) -> Self::Result {
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
        AtomicResponse::new(Box::pin(submitted.into_actor(self).map(|submitted: Result<Submitted, _>, desk, ctx| {
            let Submitted { order, permit } = submitted?;
            desk.remember(&order);
            if let Some(permit) = permit {
                desk.call(&order, permit, ctx.address());
            }
            Ok(order)
        })))
    }

    /// Changes an order while the desk does nothing else, then tells who waits for it.
    fn change(
        &mut self,
        id: OrderId,
        changed: impl Future<Output = Result<Order, Failure<OrderError>>> + 'static,
    ) -> Atomic<Self, Order, OrderError> {
        AtomicResponse::new(Box::pin(changed.into_actor(self).map(move |changed: Result<Order, _>, desk, _| {
            let order = changed?;
            desk.remember(&order);
            desk.waiting.remove(&id);
            Ok(order)
        })))
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

    fn remember(&mut self, order: &Order) {
        let now = self.desk.clock.now();
        let look = if !order.awaits_money() {
            None
        } else if order.payment.is_open() || order.is_to_be_paid_back() {
            let tries = self.pending.get(&order.id).map_or(0, |look| look.tries);
            Some(Look { at: now + pause(order.id, tries), tries })
        } else {
            Some(Look { at: order.expires_at, tries: 0 })
        };
        match look {
            Some(look) => self.pending.insert(order.id, look),
            None => self.pending.remove(&order.id),
        };
    }

    /// Finds orders that another process left behind, or whose commit was made though its answer was lost.
    fn read_again(&self, ctx: &mut Context<Self>) {
        let at = self.desk.clock.now() + READ_EVERY;
        let pending = self.desk.clone().pending().into_actor(self);
        pending
            .map(move |pending: Result<Vec<OrderId>, StoreError>, desk, _| match pending {
                Ok(orders) => {
                    for order in orders {
                        desk.pending.entry(order).or_insert(Look { at, tries: 0 });
                    }
                }
                Err(error) => tracing::error!(%error, "the orders that wait for their payment can't be read"),
            })
            .spawn(ctx);
    }

    /// What can't be done now, for instance because somebody else does it, is done next time.
    fn forget_leavers(&self, ctx: &mut Context<Self>) {
        let forgotten = self.desk.clone().forget_leavers().into_actor(self);
        forgotten
            .map(|forgotten: Result<(), StoreError>, _, _| {
                if let Err(error) = forgotten {
                    tracing::warn!(%error, "users who are gone can't be read");
                }
            })
            .spawn(ctx);
    }

    fn tick(&mut self, ctx: &mut Context<Self>) {
        let now = self.desk.clock.now();
        for (order, look) in &mut self.pending {
            if look.at <= now && !self.calling.contains(order) {
                look.tries = look.tries.saturating_add(1);
                look.at = now + pause(*order, look.tries);
                ctx.notify(Revisit(*order));
            }
        }
    }
}

/// How long to leave the bank alone: twice as long each time, and not as long for every order.
fn pause(order: OrderId, tries: u32) -> Duration {
    let pause = TICK.saturating_mul(1 << tries.min(5)).min(LONGEST_PAUSE);
    let jitter = (order.0.as_u128() % 256) as u32;
    pause + pause * jitter / 1024
}

impl From<OrderError> for Failure<OrderError> {
    fn from(error: OrderError) -> Self {
        Self::Refused(error)
    }
}
