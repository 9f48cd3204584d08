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
use domain::list::ListPage;
use domain::order::checkout::Checkout;
use domain::order::stage::Stage;
use domain::order::unknown::UnknownPayment;
use domain::order::{Order, OrderError, OrderId, OrderStatus};
use domain::user::Author;
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
pub(crate) mod buyer;
pub mod commands;
mod decision;
mod desk;
mod idempotency;
pub mod index;
mod list;
mod peers;
mod reconcile;
mod round;
mod rows;
mod times;
mod transitions;
mod unknown;

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
    /// The order.
    pub order: OrderId,
    /// Identifies the request.
    pub idempotency_key: IdempotencyKey,
    /// How long to wait for the bank, as for [`PlaceOrder`].
    pub patience: Option<Duration>,
    /// The administrator.
    pub by: Author,
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

/// Cancels an unpaid order of any user.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct CancelAnyOrder {
    /// The order.
    pub order: OrderId,
    /// The administrator.
    pub by: Author,
}

/// Replaces the note about an order, which only administrators see.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct NoteOrder {
    /// The order.
    pub order: OrderId,
    /// The note; an empty text removes it.
    pub text: String,
    /// The administrator.
    pub by: Author,
}

/// Marks a paid order as shipped.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct ShipOrder {
    /// The order.
    pub order: OrderId,
    /// The administrator.
    pub by: Author,
}

/// Marks a shipped order as delivered.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct DeliverOrder {
    /// The order.
    pub order: OrderId,
    /// The administrator.
    pub by: Author,
}

/// Requests an order of a user.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct GetOrder {
    /// The buyer; another user's order is unknown.
    pub user: UserId,
    /// The order.
    pub order: OrderId,
}

/// Requests an order of any user.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct GetAnyOrder(pub OrderId);

/// Requests a page of all orders, newest first, with its place in the list.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<ListPage<Order, OrderId>, Failure<OrderError>>")]
pub struct PageAllOrders {
    /// The stage of the orders; `None` for any.
    pub stage: Option<Stage>,
    /// The beginnings of words by which the orders are found; if there are none, all are.
    pub search: String,
    /// The order after which the page starts; `None` starts with the newest.
    pub after: Option<OrderId>,
    /// The most orders to return.
    pub limit: usize,
}

/// Requests the orders of a user, newest first.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Vec<Order>, Failure<OrderError>>")]
pub struct ListOrders {
    /// The buyer.
    pub user: UserId,
    /// The status of the orders; `None` lists those of any status.
    pub status: Option<OrderStatus>,
    /// The order after which the list starts; `None` starts with the newest.
    pub after: Option<OrderId>,
    /// The most orders to return.
    pub limit: usize,
}

/// Requests a page of the orders of a user, newest first, with its place in the list.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<ListPage<Order, OrderId>, Failure<OrderError>>")]
pub struct PageOrders {
    /// The buyer.
    pub user: UserId,
    /// The order after which the page starts; `None` starts with the newest.
    pub after: Option<OrderId>,
    /// The most orders to return.
    pub limit: usize,
}

/// Requests the number of orders of a user.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<u64, Failure<OrderError>>")]
pub struct CountOrders {
    /// The buyer.
    pub user: UserId,
    /// The status of the orders; `None` counts those of any status.
    pub status: Option<OrderStatus>,
}

/// Requests the unknown payments that this node or another one is looking up, the oldest order
/// first, and their number.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<(u64, Vec<UnknownPayment>), Failure<OrderError>>")]
pub struct ListUnknown {
    /// The most payments to return.
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
    /// The number of commands that wait for the next round.
    pub queued: usize,
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
        let RefundOrder { order, idempotency_key, patience, by } = refund;
        let admin = by.id;
        let submit = Submit(Command::Refund { order, by });
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
        self.enqueue(Command::Cancel { user: Some(user), order, by: None }, ctx)
    }
}

impl Handler<CancelAnyOrder> for OrderDesk {
    type Result = Detached<Order, OrderError>;

    fn handle(&mut self, cancel: CancelAnyOrder, ctx: &mut Self::Context) -> Self::Result {
        let CancelAnyOrder { order, by } = cancel;
        self.enqueue(Command::Cancel { user: None, order, by: Some(by) }, ctx)
    }
}

impl Handler<NoteOrder> for OrderDesk {
    type Result = Detached<Order, OrderError>;

    fn handle(&mut self, note: NoteOrder, ctx: &mut Self::Context) -> Self::Result {
        self.enqueue(Command::Note(note), ctx)
    }
}

impl Handler<ShipOrder> for OrderDesk {
    type Result = Detached<Order, OrderError>;

    fn handle(&mut self, ship: ShipOrder, ctx: &mut Self::Context) -> Self::Result {
        self.enqueue(Command::Ship(ship), ctx)
    }
}

impl Handler<DeliverOrder> for OrderDesk {
    type Result = Detached<Order, OrderError>;

    fn handle(&mut self, deliver: DeliverOrder, ctx: &mut Self::Context) -> Self::Result {
        self.enqueue(Command::Deliver(deliver), ctx)
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

impl Handler<GetAnyOrder> for OrderDesk {
    type Result = Detached<Order, OrderError>;

    fn handle(&mut self, GetAnyOrder(order): GetAnyOrder, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().get_any(order))
    }
}

impl Handler<PageAllOrders> for OrderDesk {
    type Result = Detached<ListPage<Order, OrderId>, OrderError>;

    fn handle(&mut self, page: PageAllOrders, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().page_all(page))
    }
}

impl Handler<ListOrders> for OrderDesk {
    type Result = Detached<Vec<Order>, OrderError>;

    fn handle(&mut self, list: ListOrders, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().list(list))
    }
}

impl Handler<PageOrders> for OrderDesk {
    type Result = Detached<ListPage<Order, OrderId>, OrderError>;

    fn handle(&mut self, page: PageOrders, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.deps.clone().page(page))
    }
}

impl Handler<CountOrders> for OrderDesk {
    type Result = Detached<u64, OrderError>;

    fn handle(&mut self, count: CountOrders, _: &mut Self::Context) -> Self::Result {
        let deps = self.deps.clone();
        Box::pin(async move { deps.count(count.user, count.status).await })
    }
}

impl Handler<ListUnknown> for OrderDesk {
    type Result = Detached<(u64, Vec<UnknownPayment>), OrderError>;

    fn handle(
        &mut self,
        ListUnknown { limit }: ListUnknown,
        _: &mut Self::Context,
    ) -> Self::Result {
        let own = self.next_tries();
        let deps = self.deps.clone();
        Box::pin(async move { Ok(deps.unknown_payments(own, limit).await?) })
    }
}

impl Handler<Observe<OrdersState>> for OrderDesk {
    type Result = MessageResult<Observe<OrdersState>>;

    fn handle(&mut self, _: Observe<OrdersState>, _: &mut Self::Context) -> Self::Result {
        let pending = self.pending.len();
        let queued = self.queue.waiting();
        MessageResult(OrdersState { pending, calling: self.calling.len(), queued })
    }
}

impl From<OrderError> for Failure<OrderError> {
    fn from(error: OrderError) -> Self {
        Self::Refused(error)
    }
}
