//! Fills the store of a shop directly, to measure how the shop starts and replies on it, and how it
//! is checked: `cargo run --release -p benches --bin big_store -- DIRECTORY COUNT`.
//!
//! It adds `COUNT` users, each with a cart and an order, and `COUNT` events. Every order is paid
//! and has its charge, its place in the list of its user, and its idempotency key. The next start
//! indexes and counts them, after which `microshop check` finds no difference.

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use actors::bank::{Charge, key};
use actors::clock::{Clock, new_id};
use actors::store::StoreError;
use actors::tables::batch::WriteBatch;
use actors::tables::table::Table;
use actors::tables::{Account, Tables, UsedKey, user_order_key};
use domain::article::texts::Texts;
use domain::article::{Article, ArticleId, Articles};
use domain::cart::{Cart, Owner};
use domain::event::Event;
use domain::money::Cents;
use domain::order::checkout::Checkout;
use domain::order::{Contact, Order, OrderId};
use domain::payment::Outcome;
use domain::quantity::Quantity;
use domain::user::{Email, Role, User, UserId, Username};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use microshop::bank::ledger::Ledger;
use microshop::private::restrict_new_files;
use microshop::store::{Options, open};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How many commits wait for the store at the same time.
const COMMITS: usize = 512;

/// How long an idempotency key is kept.
const KEYS_KEPT: Duration = Duration::from_secs(72 * 3_600);

/// How long a cart is kept.
const CART_KEPT: Duration = Duration::from_secs(30 * 86_400);

/// Any hash: no user signs in.
const HASH: &str = "$scrypt$ln=10,r=8,p=1$c29tZXNhbHQ$mA";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    restrict_new_files();
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [directory, count] = arguments.as_slice() else {
        return Err("usage: big_store DIRECTORY COUNT".into());
    };
    let count: u64 = count.parse()?;
    let options = Options {
        events_max: count,
        events_keep: Duration::from_secs(24 * 3_600),
        ..Options::default()
    };
    let store = open(&format!("sled:{directory}"), &options, Clock::default()).await?;
    let writer = Writer { tables: Tables::new(store.clone()), now: Clock::default().now() };
    let ledger = Ledger::new(store, Clock::default());
    let began = Instant::now();
    let users = writer.users(count).await?;
    writer.orders(&ledger, &users).await?;
    writer.events(count).await?;
    writer.forget_numbers().await?;
    Ok(writeln!(io::stdout(), "written in {:.1} s", began.elapsed().as_secs_f64())?)
}

struct Writer {
    tables: Tables,
    now: Timestamp,
}

impl Writer {
    /// Writes users with their carts, and returns their ids.
    async fn users(&self, count: u64) -> Result<Vec<UserId>> {
        let written = stream::iter(0..count).map(|number| self.user(number));
        written.buffer_unordered(COMMITS).try_collect().await
    }

    async fn user(&self, number: u64) -> Result<UserId> {
        let user = User {
            id: UserId(new_id(self.now)),
            username: Username::new(format!("customer{number:07}"))?,
            email: Some(email()?),
            role: Role::Customer,
            created_at: self.now,
        };
        let id = user.id;
        let mut batch = self.tables.batch(self.now);
        batch.put(&self.tables.usernames, user.username.folded(), None, &id)?;
        let account = Account { user, password_hash: HASH.to_owned(), default_password: false };
        batch.put(&self.tables.accounts, id, None, &account)?;
        let cart = self.cart(self.now + CART_KEPT)?;
        batch.put_until(&self.tables.carts, Owner::User(id), None, &cart, cart.kept_until())?;
        self.tables.commit(batch).await?;
        Ok(id)
    }

    /// Returns a cart with one lamp.
    fn cart(&self, expires_at: Timestamp) -> Result<Cart> {
        Ok(Cart::empty(self.now).add(&lamp(), Quantity::new(1)?, expires_at)?)
    }

    /// Writes an order of each user.
    async fn orders(&self, ledger: &Ledger, users: &[UserId]) -> Result<()> {
        let written = stream::iter(users).map(|user| self.order(ledger, *user));
        written.buffer_unordered(COMMITS).try_collect().await
    }

    async fn order(&self, ledger: &Ledger, user: UserId) -> Result<()> {
        let order = self.paid_order(user)?;
        let id = order.id;
        let used = UsedKey { fingerprint: "0".repeat(64), order: id, answer: Some(order.clone()) };
        let tables = &self.tables;
        let mut batch = tables.batch(self.now);
        batch.put(&tables.orders, id, None, &order)?;
        batch.put(&tables.user_orders, user_order_key(user, id), None, &id)?;
        let used_key = format!("{user}/{id}");
        batch.put_until(&tables.used_keys, used_key, None, &used, self.now + KEYS_KEPT)?;
        tables.commit(batch).await?;
        let charge = Charge { key: key(id, 1), order: id, amount: order.total };
        ledger.decide(&charge, true).await?;
        Ok(())
    }

    fn paid_order(&self, user: UserId) -> Result<Order> {
        let article = lamp();
        let cart = self.cart(self.now)?;
        let contact = Contact::new("Ana Buyer".into(), email()?, "1 Quay Street".into())?;
        let expected_total = article.price;
        let checkout = Checkout { cart_version: cart.version, expected_total, contact };
        let id = OrderId(new_id(self.now));
        let articles = Articles::from([(article.id, article)]);
        let expiry = Duration::from_secs(900);
        let (order, _) = Order::place(id, user, &cart, articles, checkout, self.now, expiry)?;
        let (paid, _) = order.settle(1, Outcome::Approved).ok_or("the order is not open")?;
        Ok(paid)
    }

    /// Adds events to the log, which keeps the last of them.
    async fn events(&self, count: u64) -> Result<()> {
        let event = Event::ArticleChanged(lamp());
        let written = stream::iter(0..count).map(async |_| {
            let mut batch = self.tables.batch(self.now);
            batch.publish(&event)?;
            self.tables.commit(batch).await?;
            Ok::<_, StoreError>(())
        });
        let written = written.buffer_unordered(COMMITS).try_collect::<()>();
        Ok(written.await?)
    }

    /// Removes the numbers and the versions of the indexes, which no longer hold.
    async fn forget_numbers(&self) -> Result<()> {
        let tables = &self.tables;
        let mut batch = tables.batch(self.now);
        remove_all(&tables.user_count, &mut batch).await?;
        remove_all(&tables.user_index_version, &mut batch).await?;
        remove_all(&tables.order_index_version, &mut batch).await?;
        remove_all(&tables.statistics, &mut batch).await?;
        remove_all(&tables.statistics_buckets, &mut batch).await?;
        remove_all(&tables.counted_orders, &mut batch).await?;
        tables.commit(batch).await?;
        Ok(())
    }
}

async fn remove_all<T: Serialize + DeserializeOwned>(
    table: &Table<T>,
    batch: &mut WriteBatch,
) -> Result<()> {
    for (key, row) in table.all().await? {
        batch.remove(table, key, row.version);
    }
    Ok(())
}

fn email() -> Result<Email> {
    Ok(Email::new("ana@example.org")?)
}

fn lamp() -> Article {
    Article {
        id: ArticleId(1),
        name: "Lamp".into(),
        description: String::new(),
        picture: "article.svg".into(),
        price: Cents(1_250),
        on_hand: 10,
        reserved: 0,
        active: true,
        revision: 0,
        translation: Texts::default(),
        uploaded: None,
    }
}
