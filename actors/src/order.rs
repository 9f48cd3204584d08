//! The order desk: orders, from checkout to delivery or refund.
//!
//! Owns: when to check each unpaid order again, which callers wait for a payment, and which
//! requests are in progress; orders are in the store.
//! Serves: buyers and administrators, in rounds: every command that waits, with one commit.
//! Publishes: `order.placed`, `order.changed`, `article.changed`, `cart.changed`.
//! Restart: unpaid orders are read from the store, and the bank is called again with the same keys.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use actix::{Actor, AsyncContext, Context, Handler, Message, MessageResult};
use domain::order::checkout::Checkout;
use domain::order::{Order, OrderError, OrderId};
use domain::user::UserId;

use crate::failpoint;
use crate::failure::Failure;
use crate::handling::Detached;
use crate::observe::Observe;
use crate::rounds::{Queue, Rounds};
use bank_calls::{RunningCall, Waiter};
use commands::OrderDeps;
use decision::Command;
use idempotency::answer_once;
use reconcile::NextCheck;

mod anonymize;
pub mod bank_calls;
pub mod commands;
mod decision;
mod idempotency;
mod reconcile;
mod round;
mod rows;
mod times;
mod transitions;

/// An idempotency key (draft-ietf-httpapi-idempotency-key-header) and what it stands for.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    /// The client's key.
    pub key: String,
    /// The fingerprint of the request.
    pub fingerprint: String,
}

/// Turns a user's cart into an order and starts its payment.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct PlaceOrder {
    /// The buyer.
    pub user: UserId,
    /// What the buyer has seen and filled in.
    pub checkout: Checkout,
    /// Identifies the request.
    pub idempotency_key: IdempotencyKey,
    /// How long to wait for the bank. Without it the reply is the order as it was placed, and is
    /// not stored under the key.
    pub patience: Option<Duration>,
}

/// Starts another payment attempt for an order.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct PayAgain {
    /// The buyer; another user's order is unknown.
    pub user: UserId,
    /// The order.
    pub order: OrderId,
    /// Identifies the request.
    pub idempotency_key: IdempotencyKey,
    /// How long to wait for the bank, as for [`PlaceOrder`].
    pub patience: Option<Duration>,
}

/// Refunds an order. A refund that the bank does not confirm is retried until it does.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct RefundOrder {
    /// The administrator.
    pub admin: UserId,
    /// The order.
    pub order: OrderId,
    /// Identifies the request.
    pub idempotency_key: IdempotencyKey,
    /// How long to wait for the bank, as for [`PlaceOrder`].
    pub patience: Option<Duration>,
}

/// Cancels an unpaid order.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct CancelOrder {
    /// The buyer; another user's order is unknown.
    pub user: UserId,
    /// The order.
    pub order: OrderId,
}

/// Marks a paid order as shipped.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct ShipOrder(pub OrderId);

/// Marks a shipped order as delivered.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct DeliverOrder(pub OrderId);

/// Requests an order of a user.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct GetOrder {
    /// The buyer; another user's order is unknown.
    pub user: UserId,
    /// The order.
    pub order: OrderId,
}

/// Requests the orders of a user, newest first.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Vec<Order>, Failure<OrderError>>")]
pub struct ListOrders {
    /// The buyer.
    pub user: UserId,
    /// The order after which the list starts; `None` starts with the newest.
    pub after: Option<OrderId>,
    /// The most orders to return.
    pub limit: usize,
}

/// Runs a command in the next round.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
struct Submit(Command);

/// The observable state of the order desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrdersState {
    /// The number of orders that wait for a payment or a refund.
    pub pending: usize,
    /// The number of orders for which the bank is being called.
    pub calling: usize,
}

/// The actor that keeps orders.
pub struct OrderDesk {
    deps: OrderDeps,
    /// When to check each order that waits for a payment or a refund.
    pending: BTreeMap<OrderId, NextCheck>,
    /// Orders for which the bank is being called.
    calling: HashMap<OrderId, RunningCall>,
    /// Orders whose check waits for a round or is in one.
    checking: HashSet<OrderId>,
    /// Commands that wait for the next round.
    queue: Queue<OrderDeps, Order>,
    /// The idempotency keys of requests that are being answered.
    in_progress: HashSet<String>,
    /// Callers that wait for the end of a bank call.
    waiting: HashMap<OrderId, Vec<Waiter>>,
}

impl OrderDesk {
    /// Creates a desk; it reads the unpaid orders when it starts.
    pub fn new(deps: OrderDeps) -> Self {
        Self {
            deps,
            pending: BTreeMap::new(),
            calling: HashMap::new(),
            checking: HashSet::new(),
            queue: Queue::default(),
            in_progress: HashSet::new(),
            waiting: HashMap::new(),
        }
    }
}

impl Actor for OrderDesk {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.start_reconciling(ctx);
    }
}

impl Handler<PlaceOrder> for OrderDesk {
    type Result = Detached<Order, OrderError>;

    fn handle(&mut self, place: PlaceOrder, ctx: &mut Self::Context) -> Self::Result {
        failpoint::reach("orders");
        let key = place.idempotency_key.clone();
        let patience = place.patience;
        Box::pin(answer_once(
            ctx.address(),
            place.user,
            key,
            patience,
            Submit(Command::Place(place)),
        ))
    }
}

impl Handler<PayAgain> for OrderDesk {
    type Result = Detached<Order, OrderError>;

    fn handle(&mut self, pay: PayAgain, ctx: &mut Self::Context) -> Self::Result {
        let key = pay.idempotency_key.clone();
        let patience = pay.patience;
        Box::pin(answer_once(
            ctx.address(),
            pay.user,
            key,
            patience,
            Submit(Command::PayAgain(pay)),
        ))
    }
}

impl Handler<RefundOrder> for OrderDesk {
    type Result = Detached<Order, OrderError>;

    fn handle(&mut self, refund: RefundOrder, ctx: &mut Self::Context) -> Self::Result {
        let RefundOrder { admin, order, idempotency_key, patience } = refund;
        let submit = Submit(Command::Refund(order));
        Box::pin(answer_once(ctx.address(), admin, idempotency_key, patience, submit))
    }
}

impl Handler<Submit> for OrderDesk {
    type Result = Detached<Order, OrderError>;

    fn handle(&mut self, Submit(command): Submit, ctx: &mut Self::Context) -> Self::Result {
        self.enqueue(command, ctx)
    }
}

impl Handler<CancelOrder> for OrderDesk {
    type Result = Detached<Order, OrderError>;

    fn handle(
        &mut self,
        CancelOrder { user, order }: CancelOrder,
        ctx: &mut Self::Context,
    ) -> Self::Result {
        self.enqueue(Command::Cancel { user, order }, ctx)
    }
}

impl Handler<ShipOrder> for OrderDesk {
    type Result = Detached<Order, OrderError>;

    fn handle(&mut self, ShipOrder(order): ShipOrder, ctx: &mut Self::Context) -> Self::Result {
        self.enqueue(Command::Ship(order), ctx)
    }
}

impl Handler<DeliverOrder> for OrderDesk {
    type Result = Detached<Order, OrderError>;

    fn handle(
        &mut self,
        DeliverOrder(order): DeliverOrder,
        ctx: &mut Self::Context,
    ) -> Self::Result {
        self.enqueue(Command::Deliver(order), ctx)
    }
}

impl Handler<GetOrder> for OrderDesk {
    type Result = Detached<Order, OrderError>;

    fn handle(
        &mut self,
        GetOrder { user, order }: GetOrder,
        _: &mut Self::Context,
    ) -> Self::Result {
        Box::pin(self.deps.clone().get(user, order))
    }
}

impl Handler<ListOrders> for OrderDesk {
    type Result = Detached<Vec<Order>, OrderError>;

    fn handle(&mut self, list: ListOrders, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().list(list))
    }
}

impl Handler<Observe<OrdersState>> for OrderDesk {
    type Result = MessageResult<Observe<OrdersState>>;

    fn handle(&mut self, _: Observe<OrdersState>, _: &mut Self::Context) -> Self::Result {
        let pending = self.pending.len();
        MessageResult(OrdersState { pending, calling: self.calling.len() })
    }
}

impl From<OrderError> for Failure<OrderError> {
    fn from(error: OrderError) -> Self {
        Self::Refused(error)
    }
}
