//! The commands that place and pay orders: read, decide, commit.
//!
//! Every command decides on rows that it has just read, and commits against their versions. If
//! one of them has changed since, on this node or another, the commit ends in a conflict and the
//! command is decided again.

use domain::article::ArticleError;
use domain::cart::{Cart, Owner};
use domain::order::transitions::StockMove;
use domain::order::{Order, OrderError, OrderId, OrderStatus};
use domain::payment::{Outcome, PaymentStatus};
use domain::user::UserId;

use super::{ListOrders, PayAgain, PlaceOrder, Submit};
use crate::ask::Child;
use crate::bank::{self, Charge};
use crate::cart::registry::CartRegistry;
use crate::clock::new_id;
use crate::failpoint::Durable;
use crate::failure::Failure;
use crate::payment::{Admit, CallPermit, PaymentGateway, Request};
use crate::shared::Shared;
use crate::tables::table::Row;
use crate::tables::user_order_key;

type Result<T> = std::result::Result<T, Failure<OrderError>>;

/// The dependencies of the order desk.
#[derive(Clone)]
pub struct OrderDeps {
    /// Store, snapshot, clock and rules.
    pub shared: Shared,
    /// The carts that become orders.
    pub carts: Child<CartRegistry>,
    /// Calls the bank.
    pub payments: Child<PaymentGateway>,
}

/// A durable order, and a permit if the bank is to be called for it.
pub(super) struct Submitted {
    pub(super) order: Order,
    pub(super) permit: Option<CallPermit>,
}

impl Submitted {
    fn without_call(order: Order) -> Self {
        Self { order, permit: None }
    }
}

impl OrderDeps {
    /// Collects the dependencies.
    pub fn new(
        shared: &Shared,
        carts: &Child<CartRegistry>,
        payments: &Child<PaymentGateway>,
    ) -> Self {
        Self { shared: shared.clone(), carts: carts.clone(), payments: payments.clone() }
    }

    /// Stores an order change that needs the bank.
    pub(super) async fn submit(self, submit: Submit) -> Result<Submitted> {
        match submit {
            Submit::Place(place) => self.place(place).await,
            Submit::PayAgain(pay) => self.pay_again(pay).await,
            Submit::Refund(order) => self.refund(order).await,
            Submit::Reconcile(order) => self.reconcile(order).await,
        }
    }

    /// Turns a cart into an order: reserves the stock, empties the cart and records the payment as
    /// submitting, in one commit.
    async fn place(self, place: PlaceOrder) -> Result<Submitted> {
        let PlaceOrder { user, checkout, idempotency_key, .. } = place;
        if let Some(order) = self.changed_before(user, &idempotency_key).await? {
            return Ok(Submitted::without_call(order));
        }
        let tables = &self.shared.tables;
        let owner = Owner::User(user);
        let placed_key = format!("{owner}/{}", checkout.cart_version);
        if let Some(placed) = tables.placed.get(&placed_key).await? {
            return Ok(Submitted::without_call(self.row(placed.value).await?.value));
        }
        let account = tables.accounts.get(user).await?.ok_or(OrderError::NoBuyer)?;
        let permit = self.permit().await?;
        let now = self.shared.clock.now();
        let rules = &self.shared.rules;
        let cart_row = tables.carts.get(&owner).await?;
        let cart = cart_row.as_ref().map_or_else(|| Cart::empty(now), |row| row.value.clone());
        let stock = self.stock(cart.items.iter().map(|item| item.article)).await?;
        let id = OrderId(new_id(now));
        let expiry = rules.order_expiry;
        let (order, articles) =
            Order::place(id, user, &cart, stock.articles(), checkout, now, expiry)?;

        let cart_expiry = now + rules.cart_ttl;
        let mut write = self.write();
        write.batch.require(&tables.accounts, user, Some(account.version));
        write.batch.put(&tables.user_orders, user_order_key(user, id), None, &id)?;
        write.batch.put_until(&tables.placed, &placed_key, None, &id, cart_expiry)?;
        self.use_key(&mut write.batch, user, &idempotency_key, id)?;
        write.put_cart(&owner, &cart_row, cart.clear(cart_expiry))?;
        write.put_stock(&stock, articles)?;
        write.put_order(None, &order).await?;
        write.commit(Durable::Place).await?;
        Ok(Submitted { order, permit: Some(permit) })
    }

    /// Starts another payment attempt.
    async fn pay_again(self, pay: PayAgain) -> Result<Submitted> {
        let PayAgain { user, order: id, idempotency_key, .. } = pay;
        let row = self.row_of(user, id).await?;
        if self.changed_before(user, &idempotency_key).await?.is_some() {
            return Ok(Submitted::without_call(row.value));
        }
        let order = row.value.pay_again()?;
        let permit = self.permit().await?;
        let mut write = self.write();
        self.use_key(&mut write.batch, user, &idempotency_key, id)?;
        write.put_order(Some(row.version), &order).await?;
        write.commit(Durable::PayAgain).await?;
        Ok(Submitted { order, permit: Some(permit) })
    }

    /// Stores the request to refund an order.
    async fn refund(self, id: OrderId) -> Result<Submitted> {
        let row = self.row(id).await?;
        let order = row.value.refund()?;
        if order == row.value {
            return Ok(Submitted::without_call(order));
        }
        let permit = self.permit().await?;
        let order = self.advance(Durable::Refund, row, order, StockMove::None).await?;
        Ok(Submitted { order, permit: Some(permit) })
    }

    /// Checks an unpaid order: calls the bank again, or lets the order expire.
    async fn reconcile(self, id: OrderId) -> Result<Submitted> {
        let row = self.row(id).await?;
        let is_overdue = self.shared.clock.now() >= row.value.expires_at;
        match row.value.status {
            OrderStatus::PendingPayment if row.value.payment.is_open() => {
                let permit = self.permit().await?;
                // An earlier call may have reached the bank, though its result never arrived.
                let order = self.settle(id, row.value.payment.attempt, Outcome::Unknown).await?;
                let permit = (order.payment.status == PaymentStatus::Unknown).then_some(permit);
                Ok(Submitted { order, permit })
            }
            OrderStatus::PendingPayment if is_overdue => {
                Ok(Submitted::without_call(self.expire(row).await?))
            }
            _ if row.value.needs_refund() => {
                Ok(Submitted { permit: Some(self.permit().await?), order: row.value })
            }
            _ => Ok(Submitted::without_call(row.value)),
        }
    }

    /// Returns an order of a user.
    pub(super) async fn get(self, user: UserId, id: OrderId) -> Result<Order> {
        Ok(self.row_of(user, id).await?.value)
    }

    /// Returns the orders of a user, newest first.
    pub(super) async fn list(self, list: ListOrders) -> Result<Vec<Order>> {
        let ListOrders { user, after, limit } = list;
        let after = after.map(|order| user_order_key(user, order));
        let user_orders = &self.shared.tables.user_orders;
        let ids = user_orders.list(format!("{user}/"), after.as_deref(), limit).await?;
        let rows = ids.into_iter().map(|(_, row)| self.row(row.value));
        let rows = futures_util::future::try_join_all(rows).await?;
        Ok(rows.into_iter().map(|row| row.value).collect())
    }

    /// Returns the request to the bank that an order needs, with a key that names the attempt.
    pub(super) fn request(&self, order: &Order) -> Request {
        let key = bank::key(order.id, order.payment.attempt);
        if order.needs_refund() {
            Request::Void(key)
        } else {
            Request::Charge(Charge { key, order: order.id, amount: order.total })
        }
    }

    pub(super) async fn row(&self, id: OrderId) -> Result<Row<Order>> {
        let row = self.shared.tables.orders.get(id).await?;
        row.ok_or_else(|| OrderError::Unknown.into())
    }

    /// Returns the row of a user's order; another user's order is unknown.
    pub(super) async fn row_of(&self, user: UserId, id: OrderId) -> Result<Row<Order>> {
        let row = self.row(id).await?;
        if row.value.user == user { Ok(row) } else { Err(OrderError::Unknown.into()) }
    }

    async fn permit(&self) -> Result<CallPermit> {
        self.payments.ask(Admit).await.map_err(|failure| {
            failure.map_refused(|rejected| OrderError::PaymentUnavailable {
                retry_after: rejected.retry_after,
            })
        })
    }
}

impl From<ArticleError> for Failure<OrderError> {
    fn from(error: ArticleError) -> Self {
        Self::Refused(error.into())
    }
}
