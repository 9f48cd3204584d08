//! Everything the shop stores: one typed table for each kind of value, and changes that span them.

use std::fmt::Display;
use std::marker::PhantomData;

use domain::article::{Article, ArticleId};
use domain::breaker::Breaker;
use domain::cart::Cart;
use domain::event::{Entry, Event};
use domain::order::{Order, OrderId};
use domain::session::{Session, SessionId};
use domain::user::{User, UserId};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::failpoint::Durable;
use crate::store::{Batch, EventId, LogEntry, Put, SharedStore, StoreError, Version};

/// How many rows are read at once.
const PAGE: usize = 100;

/// A user as stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    /// The user.
    pub user: User,
    /// The password's scrypt hash as a PHC string.
    pub password_hash: String,
    /// Whether the password is still the one that every first start sets.
    pub default_password: bool,
}

/// A user who has just proved to be that user, and the version of the account the proof was checked against.
#[derive(Debug, Clone)]
pub struct VerifiedUser {
    /// The user.
    pub user: User,
    /// The version of the user's account.
    pub version: Version,
}

/// An idempotency key that was used.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UsedKey {
    /// What the request said, in short.
    pub fingerprint: String,
    /// The order that it made or changed.
    pub order: OrderId,
    /// The order as it was when the request was answered, if it was.
    #[serde(default)]
    pub answer: Option<Order>,
}

/// Every table of the shop.
#[derive(Clone)]
pub struct Tables {
    /// The store they are kept in.
    pub store: SharedStore,
    /// The administrator that the first start made, under `admin`, whether or not that user still exists.
    pub seed: Table<UserId>,
    /// Articles, by number.
    pub articles: Table<Article>,
    /// The number the next article gets, under `next`.
    pub article_numbers: Table<u32>,
    /// Carts, by owner.
    pub carts: Table<Cart>,
    /// Users, by id.
    pub accounts: Table<Account>,
    /// Users' ids, by folded name.
    pub usernames: Table<UserId>,
    /// Users who are gone, while orders of theirs still say who they were.
    pub deleted_users: Table<UserId>,
    /// Every administrator, under `all`.
    pub admins: Table<Vec<UserId>>,
    /// Sessions, by id.
    pub sessions: Table<Session>,
    /// A user's sessions, by user.
    pub user_sessions: Table<Vec<SessionId>>,
    /// Browser sessions, by the hash of their cookie.
    pub cookies: Table<SessionId>,
    /// Sessions that ended while access tokens of theirs may still be good, with when no longer.
    pub revoked: Table<Timestamp>,
    /// Orders, by id, which is by age.
    pub orders: Table<Order>,
    /// A user's orders, by user and then newest first.
    pub user_orders: Table<OrderId>,
    /// Orders that wait for their payment, or to be paid back.
    pub pending_orders: Table<OrderId>,
    /// The order a version of a cart became, by owner and version.
    pub placed: Table<OrderId>,
    /// Idempotency keys, by user and key.
    pub used_keys: Table<UsedKey>,
    /// The breaker, under `bank`.
    pub breaker: Table<Breaker>,
}

impl Tables {
    /// The tables of a store.
    pub fn new(store: SharedStore) -> Self {
        Self {
            seed: Table::new(&store, "first-start"),
            articles: Table::new(&store, "article"),
            article_numbers: Table::new(&store, "article-number"),
            carts: Table::new(&store, "cart"),
            accounts: Table::new(&store, "account"),
            usernames: Table::new(&store, "username"),
            deleted_users: Table::new(&store, "leaver"),
            admins: Table::new(&store, "admins"),
            sessions: Table::new(&store, "session"),
            user_sessions: Table::new(&store, "user-sessions"),
            cookies: Table::new(&store, "cookie"),
            revoked: Table::new(&store, "revoked"),
            orders: Table::new(&store, "order"),
            user_orders: Table::new(&store, "user-orders"),
            pending_orders: Table::new(&store, "pending-order"),
            placed: Table::new(&store, "placed"),
            used_keys: Table::new(&store, "used-key"),
            breaker: Table::new(&store, "breaker"),
            store,
        }
    }

    /// A table for somebody else's values, such as the simulated bank's.
    pub fn named<T: Serialize + DeserializeOwned>(&self, name: &'static str) -> Table<T> {
        Table::new(&self.store, name)
    }

    /// Begins a change.
    pub fn change(&self, now: Timestamp) -> WriteBatch {
        WriteBatch { batch: Batch::default(), now }
    }

    /// Does all of a change or nothing of it, and tells the id of its last event.
    ///
    /// The change takes its place behind those committed before when this is called.
    pub fn commit(&self, change: WriteBatch) -> BoxFuture<'static, Result<EventId, StoreError>> {
        self.store.commit(change.batch)
    }

    /// Does all of a change or nothing of it, as a step that tests interrupt right before and right after.
    pub async fn commit_step(
        &self,
        step: Durable,
        change: WriteBatch,
    ) -> Result<EventId, StoreError> {
        step.reach("before");
        let last = self.commit(change).await?;
        step.reach("after");
        Ok(last)
    }
}

/// The key under which an article is stored: its number, so that articles are in order.
pub fn article_key(id: ArticleId) -> String {
    format!("{:010}", id.0)
}

/// The key under which a user's order is listed: newest first.
pub fn user_order_key(user: UserId, order: OrderId) -> String {
    format!("{user}/{:032x}", !order.0.as_u128())
}

/// A value as it is stored.
#[derive(Debug, Clone)]
pub struct Row<T> {
    /// How often its key was put.
    pub version: Version,
    /// The value.
    pub value: T,
}

/// The version a key was read at: none, if it was absent.
pub fn version<T>(row: &Option<Row<T>>) -> Option<Version> {
    row.as_ref().map(|row| row.version)
}

/// Values of one kind.
pub struct Table<T> {
    name: &'static str,
    store: SharedStore,
    values: PhantomData<fn() -> T>,
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self { name: self.name, store: self.store.clone(), values: PhantomData }
    }
}

impl<T: Serialize + DeserializeOwned> Table<T> {
    fn new(store: &SharedStore, name: &'static str) -> Self {
        Self { name, store: store.clone(), values: PhantomData }
    }

    /// The row of a key.
    pub async fn get(&self, key: impl Display) -> Result<Option<Row<T>>, StoreError> {
        let found = self.store.get(&self.key(key)).await?;
        found.map(|row| Ok(Row { version: row.version, value: decode(&row.value)? })).transpose()
    }

    /// Up to `limit` rows whose keys begin with `prefix`, behind the key `after`, in order, with their keys.
    pub async fn list(
        &self,
        prefix: impl Display,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Row<T>)>, StoreError> {
        let (prefix, after) = (self.key(prefix), after.map(|after| self.key(after)));
        let rows = self.store.scan(&prefix, after.as_deref(), limit).await?;
        let own = |key: &str| key.get(self.name.len() + 1..).unwrap_or_default().to_owned();
        rows.into_iter()
            .map(|(key, row)| {
                Ok((own(&key), Row { version: row.version, value: decode(&row.value)? }))
            })
            .collect()
    }

    /// Every row in order, with its key, read page by page.
    pub async fn all(&self) -> Result<Vec<(String, Row<T>)>, StoreError> {
        self.all_of("").await
    }

    /// Every row whose key begins with `prefix`, in order, with its key, read page by page.
    pub async fn all_of(&self, prefix: impl Display) -> Result<Vec<(String, Row<T>)>, StoreError> {
        let mut rows: Vec<(String, Row<T>)> = Vec::new();
        loop {
            let after = rows.last().map(|(key, _)| key.as_str());
            let page = self.list(&prefix, after, PAGE).await?;
            if page.is_empty() {
                return Ok(rows);
            }
            rows.extend(page);
        }
    }

    fn key(&self, key: impl Display) -> String {
        format!("{}/{key}", self.name)
    }
}

/// What shall happen together or not at all.
#[derive(Debug, Clone)]
pub struct WriteBatch {
    batch: Batch,
    now: Timestamp,
}

impl WriteBatch {
    /// Puts a value under a key, if that is still at the version it was read at.
    pub fn put<T: Serialize + DeserializeOwned>(
        self,
        table: &Table<T>,
        key: impl Display,
        read_at: Option<Version>,
        value: &T,
    ) -> Result<Self, StoreError> {
        self.put_row(table.key(key), read_at, value, None)
    }

    /// Puts a value under a key, if that is still at the version it was read at, until it expires.
    pub fn put_until<T: Serialize + DeserializeOwned>(
        self,
        table: &Table<T>,
        key: impl Display,
        read_at: Option<Version>,
        value: &T,
        expires_at: Timestamp,
    ) -> Result<Self, StoreError> {
        self.put_row(table.key(key), read_at, value, Some(expires_at))
    }

    /// Makes a key absent, if it is still at the version it was read at.
    pub fn remove<T: Serialize + DeserializeOwned>(
        mut self,
        table: &Table<T>,
        key: impl Display,
        read_at: Version,
    ) -> Self {
        let key = table.key(key);
        self.batch.expect.push((key.clone(), Some(read_at)));
        self.batch.remove.push(key);
        self
    }

    /// Only if a key that stays as it is is still at the version it was read at.
    pub fn only_if<T: Serialize + DeserializeOwned>(
        mut self,
        table: &Table<T>,
        key: impl Display,
        read_at: Option<Version>,
    ) -> Self {
        self.batch.expect.push((table.key(key), read_at));
        self
    }

    /// Tells everybody.
    pub fn publish(mut self, event: &Event) -> Result<Self, StoreError> {
        self.batch.events.push(encode(&Logged { at: self.now, event })?);
        Ok(self)
    }

    fn put_row<T: Serialize>(
        mut self,
        key: String,
        read_at: Option<Version>,
        value: &T,
        expires_at: Option<Timestamp>,
    ) -> Result<Self, StoreError> {
        self.batch.expect.push((key.clone(), read_at));
        self.batch.put.push(Put { key, value: encode(value)?, expires_at });
        Ok(self)
    }
}

/// An event as it is logged: its id is its place.
#[derive(Serialize, Deserialize)]
struct Logged<E> {
    at: Timestamp,
    event: E,
}

/// The event at a place of the log.
pub fn entry(logged: &LogEntry) -> Result<Entry, StoreError> {
    let Logged { at, event } = decode(&logged.value)?;
    Ok(Entry { id: logged.id, at, event })
}

/// As MessagePack without names of fields: a quarter of the same in JSON. What a type gains later goes behind what it has,
/// with a default, and rows from before can still be read.
fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    rmp_serde::to_vec(value).map_err(unreadable)
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    rmp_serde::from_slice(bytes).map_err(unreadable)
}

fn unreadable(error: impl Display) -> StoreError {
    StoreError::Unavailable(format!("a stored value is not as expected: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_type_gains_is_at_its_default_in_rows_from_before() {
        #[derive(Serialize, Deserialize)]
        struct Before {
            kept: u8,
        }
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Now {
            kept: u8,
            #[serde(default)]
            gained: Option<String>,
        }
        let row = encode(&Before { kept: 7 }).unwrap();
        assert_eq!(decode::<Now>(&row).unwrap(), Now { kept: 7, gained: None });
    }
}
