//! Everything that the shop stores: one typed table for each kind of value.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::article::{Article, ArticleId};
use domain::bank::Behaviour;
use domain::breaker::Breaker;
use domain::cart::Cart;
use domain::money::Cents;
use domain::order::declines::Declines;
use domain::order::{NodeId, Order, OrderId};
use domain::session::{Session, SessionId};
use domain::statistics::Totals;
use domain::statistics::counted::CountedOrder;
use domain::statistics::standing::ByStatus;
use domain::statistics::sums::Sums;
use domain::user::known::KnownNetworks;
use domain::user::reset::ResetLink;
use domain::user::{User, UserId};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::activity::Commits;
use crate::clock::Clock;
use crate::failpoint::Durable;
use crate::store::{EventId, SharedStore, StoreError};
use batch::WriteBatch;
use chunk::Chunk;
use table::Table;

pub mod batch;
pub mod chunk;
pub mod codec;
pub(crate) mod index;
pub mod page;
pub mod rows;
pub mod table;

/// A user as stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    /// The user.
    pub user: User,
    /// The password's scrypt hash as a PHC string.
    pub password_hash: String,
    /// Whether the password is still the one that the first start sets.
    pub default_password: bool,
}

/// A used idempotency key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UsedKey {
    /// The fingerprint of the request.
    pub fingerprint: String,
    /// The order that the request created or changed.
    pub order: OrderId,
    /// The order with which the request was answered; `None` until it was.
    #[serde(default)]
    pub answer: Option<Order>,
}

/// What is stored of the orders of a user.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Buyer {
    /// The unpaid orders. Those that an earlier version has placed are missing.
    pub unpaid: Vec<OrderId>,
    /// The declined payments.
    #[serde(default)]
    pub declines: Declines,
    /// The number of orders of any status; `None` until those of an earlier version are counted.
    #[serde(default)]
    pub orders: Option<u64>,
    /// What the user has paid, without what was refunded; `None` until the orders of an earlier
    /// version are counted.
    #[serde(default)]
    pub spent: Option<Cents>,
    /// The number of orders by status; `None` until those of an earlier version are counted.
    #[serde(default)]
    pub by_status: Option<ByStatus>,
}

impl Buyer {
    /// Returns what is stored of a new user.
    pub fn new() -> Self {
        let by_status = Some(ByStatus::default());
        Self { orders: Some(0), spent: Some(Cents::ZERO), by_status, ..Self::default() }
    }
}

/// Every table of the shop.
#[derive(Clone)]
pub struct Tables {
    /// The store that holds the tables.
    pub store: SharedStore,
    /// The commits of this process.
    pub commits: Arc<Commits>,
    /// The end of the log after the last of them.
    pub committed: Arc<AtomicU64>,
    /// The first administrator, under `admin`; kept even if that user is deleted, so that the store
    /// is filled only once.
    pub seed: Table<UserId>,
    /// Articles, by number.
    pub articles: Table<Article>,
    /// The number of the next new article, under `next`.
    pub article_numbers: Table<u32>,
    /// The number of chunks of each copy of an uploaded picture, by hash; never removed.
    pub pictures: Table<Vec<u32>>,
    /// The chunks of uploaded pictures, by hash, width and place.
    pub picture_chunks: Table<Chunk>,
    /// Carts, by owner.
    pub carts: Table<Cart>,
    /// The keys of commands that have changed a cart, by owner and key.
    pub cart_keys: Table<()>,
    /// Users, by id.
    pub accounts: Table<Account>,
    /// The number of users, under `all`; absent until they are counted in a store of an earlier
    /// version.
    pub user_count: Table<u64>,
    /// The ids of users, by folded name.
    pub usernames: Table<UserId>,
    /// The users whose names have a look, by look; never empty.
    pub lookalikes: Table<Vec<UserId>>,
    /// The version of the looks in `lookalikes`, under `all`.
    pub lookalike_version: Table<u64>,
    /// Users by the words by which they are found, in the order of their ids.
    pub user_words: Table<UserId>,
    /// The version of the words in `user_words`, under `all`.
    pub user_index_version: Table<u64>,
    /// The links by which users set a new password, by user.
    pub reset_links: Table<ResetLink>,
    /// When users were last seen, by user.
    pub last_seen: Table<Timestamp>,
    /// Deleted users whose orders have not been anonymized or listed in `contact_orders`.
    pub deleted_users: Table<UserId>,
    /// Orders of deleted users that still need their contact data.
    pub contact_orders: Table<OrderId>,
    /// The networks from which users have signed in, by user.
    pub known_networks: Table<KnownNetworks>,
    /// Every administrator, under `all`.
    pub admins: Table<Vec<UserId>>,
    /// Sessions, by id.
    pub sessions: Table<Session>,
    /// The ids of a user's sessions, by user.
    pub user_sessions: Table<Vec<SessionId>>,
    /// Browser sessions, by the hash of their cookie.
    pub cookies: Table<SessionId>,
    /// Ended sessions, with the time when their last access token expires.
    pub revoked: Table<Timestamp>,
    /// Orders, by id, and so by age.
    pub orders: Table<Order>,
    /// All orders, and those in each stage, newest first.
    pub staged_orders: Table<OrderId>,
    /// Orders by the words by which they are found, newest first.
    pub order_words: Table<OrderId>,
    /// The version of these two and of `status_orders`, under `all`.
    pub order_index_version: Table<u64>,
    /// The orders of a user, newest first.
    pub user_orders: Table<OrderId>,
    /// The orders of a user in each status, newest first.
    pub status_orders: Table<OrderId>,
    /// The unpaid orders, the declined payments, and the numbers and the sum of the orders of
    /// users, by user; never removed.
    pub buyers: Table<Buyer>,
    /// Orders that wait for a payment or a refund.
    pub pending_orders: Table<OrderId>,
    /// The order that a version of a cart became, by owner and version.
    pub placed: Table<OrderId>,
    /// Used idempotency keys, by user and key.
    pub used_keys: Table<UsedKey>,
    /// The running nodes of a shared store. Each puts its row every second.
    pub nodes: Table<NodeId>,
    /// The breaker, under `bank`.
    pub breaker: Table<Breaker>,
    /// The behaviour that an administrator has set, under `simulated`.
    pub bank_behaviour: Table<Behaviour>,
    /// The totals of the statistics and the position of the log that they count up to, under `all`.
    pub statistics: Table<Totals>,
    /// What has happened in each minute, hour and day, by series and number.
    pub statistics_buckets: Table<Sums>,
    /// Orders as the statistics have counted them last, by id.
    pub counted_orders: Table<CountedOrder>,
}

impl Tables {
    /// Returns the tables of a store.
    pub fn new(store: SharedStore) -> Self {
        Self {
            commits: Arc::default(),
            committed: Arc::default(),
            seed: Table::new(&store, "first-start"),
            articles: Table::new(&store, "article"),
            article_numbers: Table::new(&store, "article-number"),
            pictures: Table::new(&store, "picture"),
            picture_chunks: Table::new(&store, "picture-chunk"),
            carts: Table::new(&store, "cart"),
            cart_keys: Table::new(&store, "cart-key"),
            accounts: Table::new(&store, "account"),
            user_count: Table::new(&store, "user-count"),
            usernames: Table::new(&store, "username"),
            lookalikes: Table::new(&store, "lookalike"),
            lookalike_version: Table::new(&store, "lookalike-version"),
            user_words: Table::new(&store, "user-word"),
            user_index_version: Table::new(&store, "user-index-version"),
            reset_links: Table::new(&store, "reset-link"),
            last_seen: Table::new(&store, "last-seen"),
            deleted_users: Table::new(&store, "leaver"),
            contact_orders: Table::new(&store, "contact-order"),
            known_networks: Table::new(&store, "known-networks"),
            admins: Table::new(&store, "admins"),
            sessions: Table::new(&store, "session"),
            user_sessions: Table::new(&store, "user-sessions"),
            cookies: Table::new(&store, "cookie"),
            revoked: Table::new(&store, "revoked"),
            orders: Table::new(&store, "order"),
            staged_orders: Table::new(&store, "staged-order"),
            order_words: Table::new(&store, "order-word"),
            order_index_version: Table::new(&store, "order-index-version"),
            user_orders: Table::new(&store, "user-orders"),
            status_orders: Table::new(&store, "status-order"),
            buyers: Table::new(&store, "buyer"),
            pending_orders: Table::new(&store, "pending-order"),
            placed: Table::new(&store, "placed"),
            used_keys: Table::new(&store, "used-key"),
            nodes: Table::new(&store, "node"),
            breaker: Table::new(&store, "breaker"),
            bank_behaviour: Table::new(&store, "bank-behaviour"),
            statistics: Table::new(&store, "statistics"),
            statistics_buckets: Table::new(&store, "statistics-bucket"),
            counted_orders: Table::new(&store, "counted-order"),
            store,
        }
    }

    /// Returns a table for values of another crate, such as those of the simulated bank.
    pub fn named<T: Serialize + DeserializeOwned>(&self, name: &'static str) -> Table<T> {
        Table::new(&self.store, name)
    }

    /// Returns the cart that a change starts from if its owner has none.
    ///
    /// The caller must have read that there is none before, so that the position of the log is
    /// above every version of the owner's last cart.
    pub async fn new_cart(&self, expires_at: Timestamp) -> Result<Cart, StoreError> {
        Ok(Cart::new(self.store.last_event().await?, expires_at))
    }

    /// Starts an empty batch whose events happen `now`.
    pub fn batch(&self, now: Timestamp) -> WriteBatch {
        WriteBatch::new(now)
    }

    /// Commits a batch and returns the id of the last event in the log.
    ///
    /// Batches take effect in the order in which this is called.
    pub fn commit(&self, batch: WriteBatch) -> BoxFuture<'static, Result<EventId, StoreError>> {
        let began = Clock::System.moment();
        // The store takes the batches in the order of these calls.
        let committed = self.store.commit(batch.batch);
        let commits = self.commits.clone();
        let last = self.committed.clone();
        Box::pin(async move {
            let committed = committed.await;
            commits.add(Clock::System.moment().since(began));
            last.fetch_max(*committed.as_ref().unwrap_or(&0), Ordering::Relaxed);
            committed
        })
    }

    /// Commits a batch as a durable step, which tests can interrupt right before and right after.
    pub async fn commit_step(
        &self,
        step: Durable,
        batch: WriteBatch,
    ) -> Result<EventId, StoreError> {
        self.commit_steps(&[step], batch).await
    }

    /// Commits a batch that consists of several durable steps.
    pub async fn commit_steps(
        &self,
        steps: &[Durable],
        batch: WriteBatch,
    ) -> Result<EventId, StoreError> {
        steps.iter().for_each(|step| step.reach("before"));
        let last_event = self.commit(batch).await?;
        steps.iter().for_each(|step| step.reach("after"));
        Ok(last_event)
    }
}

/// Returns the key of an article: its number, padded so that keys are in numeric order.
pub fn article_key(id: ArticleId) -> String {
    format!("{:010}", id.0)
}

/// Returns the key under which a user's order is listed: the newest comes first.
pub fn user_order_key(user: UserId, order: OrderId) -> String {
    format!("{user}/{:032x}", !order.0.as_u128())
}
