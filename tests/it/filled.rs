//! A shop whose lists have many pages, in a store of an earlier version: without stored numbers.

use std::time::Duration;

use actors::clock::{Clock, new_id};
use actors::tables::batch::WriteBatch;
use actors::tables::table::{Row, Table, version};
use actors::tables::{Account, Buyer, Tables, article_key, user_order_key};
use domain::article::texts::Texts;
use domain::article::{Article, ArticleId};
use domain::order::{Order, OrderId, OrderStatus};
use domain::payment::{Payment, PaymentStatus};
use domain::user::{Role, User, UserId, Username};
use jiff::Timestamp;
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::harness::TestShop;

/// The number of articles on sale.
pub(crate) const ARTICLES: u32 = 65;
/// The number of users, the administrator included.
pub(crate) const USERS: usize = 201;
/// The number of ana's orders.
pub(crate) const ORDERS: usize = 45;

/// How many entries the lists of a shop have.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) articles: u32,
    /// The users, the administrator and ana included.
    pub(crate) users: usize,
    pub(crate) orders: usize,
}

impl TestShop {
    /// Opens a shop with many articles and users and with many orders of the customer ana.
    pub(crate) async fn open_filled() -> Self {
        Self::open_with_size(Size { articles: ARTICLES, users: USERS, orders: ORDERS }).await
    }

    /// Opens a shop of a size, in which ana has all orders.
    pub(crate) async fn open_with_size(size: Size) -> Self {
        let mut shop = Self::open().await;
        shop.admin().await.sets_bank("decline").await;
        let ana = shop.customer("ana").await;
        ana.adds(1, 1).await.expect(200);
        let declined = ana.checks_out("k").await.expect_problem(402, "payment_declined");
        let order = declined.json["order"]["id"].as_str().unwrap();
        let cancel = format!("/api/orders/{order}/cancel");
        ana.send(Method::POST, &cancel, json!({})).await.expect(200);
        shop.stop();
        fill(&shop.tables().await, size).await;
        shop.make_private();
        shop.start_again();
        shop.admin().await.sets_bank("approve").await;
        shop
    }
}

async fn fill(tables: &Tables, size: Size) {
    let now = Clock::System.now();
    let (_, Row { value: order, .. }) = tables.orders.all().await.unwrap().remove(0);
    let payment = Payment { attempt: 1, status: PaymentStatus::Declined };
    let order = Order { status: OrderStatus::Cancelled, payment, ..order };
    let mut batch = tables.batch(now);
    for age in 1..size.orders as u64 {
        let created_at = now - Duration::from_secs(3_600 * age);
        let id = OrderId(new_id(created_at));
        let older = Order { id, created_at, ..order.clone() };
        batch.put(&tables.orders, id, None, &older).unwrap();
        batch.put(&tables.user_orders, user_order_key(order.user, id), None, &id).unwrap();
    }
    for number in 0..size.users - 2 {
        let user = new_user(&format!("user {number:03}"), now);
        let id = user.id;
        batch.put(&tables.usernames, user.username.folded(), None, &id).unwrap();
        let account = Account { user, password_hash: String::new(), default_password: false };
        batch.put(&tables.accounts, id, None, &account).unwrap();
    }
    let first = tables.articles.get(article_key(ArticleId(1))).await.unwrap().unwrap().value;
    for number in 6..=size.articles {
        let id = ArticleId(number);
        let article = Article { id, name: format!("Article {number:02}"), ..first.clone() };
        let article = Article { reserved: 0, translation: Texts::default(), ..article };
        batch.put(&tables.articles, article_key(id), None, &article).unwrap();
    }
    let next = tables.article_numbers.get("next").await.unwrap();
    batch.put(&tables.article_numbers, "next", version(&next), &(size.articles + 1)).unwrap();
    forget_numbers(tables, order.user, &mut batch).await;
    tables.commit(batch).await.unwrap();
}

/// Removes the numbers and the indexes that an earlier version does not store.
async fn forget_numbers(tables: &Tables, buyer: UserId, batch: &mut WriteBatch) {
    let users = tables.user_count.get("all").await.unwrap().unwrap();
    batch.remove(&tables.user_count, "all", users.version);
    let row = tables.buyers.get(buyer).await.unwrap().unwrap();
    let uncounted = Buyer { orders: None, spent: None, by_status: None, ..row.value };
    batch.put(&tables.buyers, buyer, Some(row.version), &uncounted).unwrap();
    forget_statistics(tables, batch).await;
    remove_all(&tables.staged_orders, batch).await;
    remove_all(&tables.status_orders, batch).await;
    remove_all(&tables.order_words, batch).await;
    remove_all(&tables.order_index_version, batch).await;
    remove_all(&tables.user_words, batch).await;
    remove_all(&tables.user_index_version, batch).await;
}

/// Removes the statistics: the next start counts the orders.
async fn forget_statistics(tables: &Tables, batch: &mut WriteBatch) {
    remove_all(&tables.statistics, batch).await;
    remove_all(&tables.statistics_buckets, batch).await;
    remove_all(&tables.counted_orders, batch).await;
}

async fn remove_all<T: Serialize + DeserializeOwned>(table: &Table<T>, batch: &mut WriteBatch) {
    for (key, row) in table.all().await.unwrap() {
        batch.remove(table, key, row.version);
    }
}

fn new_user(name: &str, created_at: Timestamp) -> User {
    let (username, role) = (Username::new(name).unwrap(), Role::Customer);
    User { id: UserId(new_id(created_at)), username, email: None, role, created_at }
}
