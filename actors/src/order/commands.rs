//! What the order desk does, step by step: read, decide, commit.
//!
//! Each step decides on rows it has just read and commits against their versions, so whoever changed
//! one of them meanwhile, on this node or another, makes the commit fail and the step begin again.

use std::time::Duration;

use domain::article::ArticleError;
use domain::cart::{Cart, Item, Owner};
use domain::order::{Order, OrderError, OrderId, OrderStatus, StockMove};
use domain::payment::{Outcome, PaymentStatus};
use domain::user::UserId;

use super::idempotency::used_key;
use super::write::OrderWrite;
use super::{IdempotencyKey, ListOrders, PayAgain, PlaceOrder, Submitted};
use crate::article::CatalogueSnapshot;
use crate::ask::{Child, Failure};
use crate::bank::{self, Charge};
use crate::cart::CartRegistry;
use crate::clock::{Clock, new_id};
use crate::failpoint::Durable;
use crate::payment::{Admit, CallPermit, PaymentGateway, Request};
use crate::store::StoreError;
use crate::tables::{Row, Tables, UsedKey, WriteBatch, user_order_key, version};

/// How long an idempotency key is remembered.
const KEYS_KEPT: Duration = Duration::from_secs(72 * 3_600);

type Result<T> = std::result::Result<T, Failure<OrderError>>;

/// What the order desk needs to work.
#[derive(Clone)]
pub struct OrderDeps {
    /// Where orders are kept.
    pub tables: Tables,
    /// The articles as everybody sees them.
    pub snapshot: CatalogueSnapshot,
    /// The carts that orders are made of.
    pub carts: Child<CartRegistry>,
    /// Who talks to the bank.
    pub payments: Child<PaymentGateway>,
    /// Tells the time.
    pub clock: Clock,
    /// How long an order may stay unpaid.
    pub expiry: Duration,
    /// How long an untouched cart is kept.
    pub cart_ttl: Duration,
}

impl OrderDeps {
    /// Makes an order of a cart: reserves the stock, empties the cart and promises to ask the bank, in one commit.
    pub(super) async fn place(self, place: PlaceOrder) -> Result<Submitted> {
        let PlaceOrder { user, checkout, idempotency_key } = place;
        if let Some(order) = self.made_before(user, &idempotency_key).await? {
            return Ok(Submitted { order, permit: None });
        }
        let owner = Owner::User(user);
        let placed_key = format!("{owner}/{}", checkout.cart_version);
        if let Some(placed) = self.tables.placed.get(&placed_key).await? {
            let order = self.row(placed.value).await?.value;
            return Ok(Submitted { order, permit: None });
        }
        let account = self.tables.accounts.get(user).await?.ok_or(OrderError::NoBuyer)?;
        let permit = self.permit().await?;
        let now = self.clock.now();
        let read = self.tables.carts.get(&owner).await?;
        let cart = read.as_ref().map_or_else(|| Cart::empty(now), |row| row.value.clone());
        let stock = self.stock(cart.items.iter().map(|item| item.article)).await?;
        let id = OrderId(new_id(now));
        let (order, articles) =
            Order::place(id, user, &cart, stock.articles(), checkout, now, self.expiry)?;
        let tables = &self.tables;
        let draft = self.draft().with(|change| {
            let change = change.only_if(&tables.accounts, user, Some(account.version));
            let change = change.put(&tables.user_orders, user_order_key(user, id), None, &id)?;
            let change =
                change.put_until(&tables.placed, &placed_key, None, &id, now + self.cart_ttl)?;
            self.use_key(change, user, &idempotency_key, id)
        })?;
        let draft =
            draft.cart(&owner, &read, cart.clear(now + self.cart_ttl))?.stock(&stock, articles)?;
        draft.order(None, &order).await?.commit(Durable::Place).await?;
        Ok(Submitted { order, permit: Some(permit) })
    }

    /// Begins a new attempt to have an order paid.
    pub(super) async fn pay_again(
        self,
        PayAgain { user, order: id, idempotency_key }: PayAgain,
    ) -> Result<Submitted> {
        let row = self.own(user, id).await?;
        if self.made_before(user, &idempotency_key).await?.is_some() {
            return Ok(Submitted { order: row.value, permit: None });
        }
        let order = row.value.pay_again()?;
        let permit = self.permit().await?;
        let draft = self.draft().with(|change| self.use_key(change, user, &idempotency_key, id))?;
        draft.order(Some(row.version), &order).await?.commit(Durable::PayAgain).await?;
        Ok(Submitted { order, permit: Some(permit) })
    }

    /// Looks after an order that waits for its payment: asks the bank again, or lets it expire.
    pub(super) async fn revisit(self, id: OrderId) -> Result<Submitted> {
        let row = self.row(id).await?;
        let is_over = self.clock.now() >= row.value.expires_at;
        match row.value.status {
            OrderStatus::PendingPayment if row.value.payment.is_open() => {
                let permit = self.permit().await?;
                // Whoever asked before may have been heard, and isn't here any more to say so.
                let order = self.settle(id, row.value.payment.attempt, Outcome::Unknown).await?;
                let permit = (order.payment.status == PaymentStatus::Unknown).then_some(permit);
                Ok(Submitted { order, permit })
            }
            OrderStatus::PendingPayment if is_over => {
                Ok(Submitted { order: self.expire(row).await?, permit: None })
            }
            _ if row.value.is_to_be_paid_back() => {
                Ok(Submitted { permit: Some(self.permit().await?), order: row.value })
            }
            _ => Ok(Submitted { order: row.value, permit: None }),
        }
    }

    /// Writes down how an attempt to charge ended.
    pub(super) async fn settle(self, id: OrderId, attempt: u32, outcome: Outcome) -> Result<Order> {
        let row = self.row(id).await?;
        match row.value.settle(attempt, outcome) {
            Some((order, stock)) => self.advance(Durable::Settle, row, order, stock).await,
            None => Ok(row.value),
        }
    }

    /// Calls off an order of a user.
    pub(super) async fn cancel(self, user: UserId, id: OrderId) -> Result<Order> {
        let row = self.own(user, id).await?;
        let (order, stock) = row.value.cancel()?;
        self.advance(Durable::Cancel, row, order, stock).await
    }

    /// Sends a paid order.
    pub(super) async fn ship(self, id: OrderId) -> Result<Order> {
        let row = self.row(id).await?;
        let (order, stock) = row.value.ship()?;
        self.advance(Durable::Ship, row, order, stock).await
    }

    /// Has a shipped order arrive.
    pub(super) async fn deliver(self, id: OrderId) -> Result<Order> {
        let row = self.row(id).await?;
        let (order, stock) = row.value.deliver()?;
        self.advance(Durable::Deliver, row, order, stock).await
    }

    /// Promises to have the bank pay an order back.
    pub(super) async fn refund(self, id: OrderId) -> Result<Submitted> {
        let row = self.row(id).await?;
        let order = row.value.refund()?;
        if order == row.value {
            return Ok(Submitted { order, permit: None });
        }
        let permit = self.permit().await?;
        let order = self.advance(Durable::Refund, row, order, StockMove::None).await?;
        Ok(Submitted { order, permit: Some(permit) })
    }

    /// Writes down that the bank has paid an order back.
    pub(super) async fn paid_back(self, id: OrderId) -> Result<Order> {
        let row = self.row(id).await?;
        match row.value.paid_back() {
            Some((order, stock)) => self.advance(Durable::PaidBack, row, order, stock).await,
            None => Ok(row.value),
        }
    }

    /// The row of an order of a user; anybody else's does not exist.
    pub(super) async fn own(&self, user: UserId, id: OrderId) -> Result<Row<Order>> {
        let row = self.row(id).await?;
        if row.value.user == user { Ok(row) } else { Err(OrderError::Unknown.into()) }
    }

    /// A user's orders, newest first.
    pub(super) async fn list(
        self,
        ListOrders { user, after, limit }: ListOrders,
    ) -> Result<Vec<Order>> {
        let after = after.map(|order| user_order_key(user, order));
        let ids = self.tables.user_orders.list(format!("{user}/"), after.as_deref(), limit).await?;
        let rows = ids.into_iter().map(|(_, row)| self.row(row.value));
        let rows = futures_util::future::try_join_all(rows).await?;
        Ok(rows.into_iter().map(|row| row.value).collect())
    }

    /// Has the orders of users who are gone say no more whose they were, each as soon as its goods have arrived.
    pub(super) async fn anonymize_deleted_users(self) -> std::result::Result<(), StoreError> {
        for (_, leaver) in self.tables.deleted_users.all().await? {
            match self.forget(&leaver).await {
                // Another node does the same, or the next round will.
                Ok(()) | Err(Failure::Conflict) => {}
                Err(error) => {
                    tracing::warn!(user = %leaver.value, %error, "orders still say whose they were")
                }
            }
        }
        Ok(())
    }

    async fn forget(&self, Row { version, value: user }: &Row<UserId>) -> Result<()> {
        let mut all_are_anonymous = true;
        for (_, listed) in self.tables.user_orders.all_of(format!("{user}/")).await? {
            let row = self.row(listed.value).await?;
            if row.value.needs_contact() {
                all_are_anonymous = false;
            } else if row.value.contact.is_some() {
                let draft = self.draft().order(Some(row.version), &row.value.anonymous()).await?;
                draft.commit(Durable::Forget).await?;
            }
        }
        if all_are_anonymous {
            let change = self.tables.change(self.clock.now());
            self.tables.commit(change.remove(&self.tables.deleted_users, user, *version)).await?;
        }
        Ok(())
    }

    /// Every order that waits for its payment, or to be paid back.
    pub(super) async fn pending(self) -> std::result::Result<Vec<OrderId>, StoreError> {
        let rows = self.tables.pending_orders.all().await?;
        Ok(rows.into_iter().map(|(_, row)| row.value).collect())
    }

    /// What the bank is asked for an order, with a key that names the attempt.
    pub(super) fn request(&self, order: &Order) -> Request {
        let key = bank::key(order.id, order.payment.attempt);
        if order.is_to_be_paid_back() {
            Request::Void(key)
        } else {
            Request::Charge(Charge { key, order: order.id, amount: order.total })
        }
    }

    async fn expire(&self, row: Row<Order>) -> Result<Order> {
        let (order, stock_move) = row.value.expire(self.clock.now())?;
        let stock = self.stock(order.items.iter().map(|item| item.article)).await?;
        let articles = stock_move.apply(&order, stock.articles()).map_err(OrderError::from)?;
        let draft = self.with_goods_in_cart(self.draft().stock(&stock, articles)?, &order).await?;
        draft.order(Some(row.version), &order).await?.commit(Durable::Expire).await?;
        Ok(order)
    }

    /// A draft that puts what an order was for back in its buyer's cart, unless the buyer is gone.
    async fn with_goods_in_cart<'a>(
        &self,
        draft: OrderWrite<'a>,
        order: &Order,
    ) -> Result<OrderWrite<'a>> {
        let Some(account) = self.tables.accounts.get(order.user).await? else { return Ok(draft) };
        let (now, owner) = (self.clock.now(), Owner::User(order.user));
        let read = self.tables.carts.get(&owner).await?;
        let cart = read.as_ref().map_or_else(|| Cart::empty(now), |row| row.value.clone());
        let items = order.items.iter().map(|item| Item {
            article: item.article,
            name: item.name.clone(),
            unit_price: item.unit_price,
            quantity: item.quantity,
        });
        let returned = Cart { items: items.collect(), ..Cart::empty(now) };
        let draft = draft.with(|change| {
            Ok(change.only_if(&self.tables.accounts, order.user, Some(account.version)))
        })?;
        Ok(draft.cart(&owner, &read, cart.merge(&returned, now + self.cart_ttl))?)
    }

    /// Stores an order as it is to be, with its stock.
    async fn advance(
        &self,
        step: Durable,
        row: Row<Order>,
        order: Order,
        stock_move: StockMove,
    ) -> Result<Order> {
        if order == row.value {
            return Ok(order);
        }
        let ids = order.items.iter().map(|item| item.article);
        let stock = self.stock(ids.filter(|_| stock_move != StockMove::None)).await?;
        let articles = stock_move.apply(&order, stock.articles()).map_err(OrderError::from)?;
        self.draft()
            .stock(&stock, articles)?
            .order(Some(row.version), &order)
            .await?
            .commit(step)
            .await?;
        Ok(order)
    }

    pub(super) async fn row(&self, id: OrderId) -> Result<Row<Order>> {
        self.tables.orders.get(id).await?.ok_or_else(|| OrderError::Unknown.into())
    }

    async fn permit(&self) -> Result<CallPermit> {
        self.payments.ask(Admit).await.map_err(|failure| {
            failure.map_refused(|rejected| OrderError::PaymentUnavailable {
                retry_after: rejected.retry_after,
            })
        })
    }

    /// The order that a request with this key made, if it did already.
    async fn made_before(
        &self,
        user: UserId,
        idempotency_key: &IdempotencyKey,
    ) -> Result<Option<Order>> {
        match self.tables.used_keys.get(used_key(user, idempotency_key)).await? {
            Some(used) if used.value.fingerprint != idempotency_key.fingerprint => {
                Err(OrderError::KeyReused.into())
            }
            Some(used) => Ok(Some(self.row(used.value.order).await?.value)),
            None => Ok(None),
        }
    }

    fn use_key(
        &self,
        change: WriteBatch,
        user: UserId,
        idempotency_key: &IdempotencyKey,
        order: OrderId,
    ) -> std::result::Result<WriteBatch, StoreError> {
        let used =
            UsedKey { fingerprint: idempotency_key.fingerprint.clone(), order, answer: None };
        change.put_until(
            &self.tables.used_keys,
            used_key(user, idempotency_key),
            None,
            &used,
            self.clock.now() + KEYS_KEPT,
        )
    }

    /// Answers a request with an order, unless it was answered before.
    pub(super) async fn answer(self, key: &str, fingerprint: &str, order: Order) -> Result<Order> {
        let (used_keys, now) = (&self.tables.used_keys, self.clock.now());
        let row = used_keys.get(key).await?;
        let read_at = version(&row);
        if let Some(answer) = row.and_then(|row| row.value.answer) {
            return Ok(answer);
        }
        let used = UsedKey {
            fingerprint: fingerprint.to_owned(),
            order: order.id,
            answer: Some(order.clone()),
        };
        let change =
            self.tables.change(now).put_until(used_keys, key, read_at, &used, now + KEYS_KEPT)?;
        self.tables.commit_step(Durable::Answer, change).await?;
        Ok(order)
    }
}

impl From<ArticleError> for Failure<OrderError> {
    fn from(error: ArticleError) -> Self {
        Self::Refused(error.into())
    }
}
