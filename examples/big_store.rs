//! Writes a large store directly, to measure how the shop starts on it and how it is checked:
//! `cargo run --release --example big_store -- DIRECTORY ORDERS USERS EVENTS`.
//!
//! Every order is paid and has its charge, its place in the list of its user, and its idempotency
//! key, so `microshop check` finds no difference. The shop adds its articles when it starts.

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use actors::bank::{Charge, key};
use actors::clock::{Clock, new_id};
use actors::store::StoreError;
use actors::tables::{Account, Tables, UsedKey, user_order_key};
use domain::article::texts::Texts;
use domain::article::{Article, ArticleId, Articles};
use domain::cart::Cart;
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

/// How many commits wait for the store at the same time.
const COMMITS: usize = 512;

/// How long an idempotency key is kept.
const KEYS_KEPT: Duration = Duration::from_secs(72 * 3_600);

/// Any hash: no user signs in.
const HASH: &str = "$scrypt$ln=10,r=8,p=1$c29tZXNhbHQ$mA";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    restrict_new_files();
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [directory, orders, users, events] = arguments.as_slice() else {
        return Err("usage: big_store DIRECTORY ORDERS USERS EVENTS".into());
    };
    let events: u64 = events.parse()?;
    let options = Options {
        events_max: events,
        events_keep: Duration::from_secs(24 * 3_600),
        ..Options::default()
    };
    let store = open(&format!("sled:{directory}"), &options, Clock::default()).await?;
    let writer = Writer { tables: Tables::new(store.clone()), now: Clock::default().now() };
    let ledger = Ledger::new(store, Clock::default());
    let began = Instant::now();
    let users = writer.users(users.parse()?).await?;
    writer.orders(&ledger, &users, orders.parse()?).await?;
    writer.events(events).await?;
    Ok(writeln!(io::stdout(), "written in {:.1} s", began.elapsed().as_secs_f64())?)
}

struct Writer {
    tables: Tables,
    now: Timestamp,
}

impl Writer {
    /// Writes users, and returns their ids.
    async fn users(&self, count: u64) -> Result<Vec<UserId>> {
        let written = stream::iter(0..count).map(|number| self.user(number));
        written.buffer_unordered(COMMITS).try_collect().await
    }

    async fn user(&self, number: u64) -> Result<UserId> {
        let user = User {
            id: UserId(new_id(self.now)),
            username: Username::new(format!("buyer{number}"))?,
            email: Some(email()?),
            role: Role::Customer,
            created_at: self.now,
        };
        let id = user.id;
        let mut batch = self.tables.batch(self.now);
        batch.put(&self.tables.usernames, user.username.folded(), None, &id)?;
        let account = Account { user, password_hash: HASH.to_owned(), default_password: false };
        batch.put(&self.tables.accounts, id, None, &account)?;
        self.tables.commit(batch).await?;
        Ok(id)
    }

    /// Writes orders of these users, in turn.
    async fn orders(&self, ledger: &Ledger, users: &[UserId], count: usize) -> Result<()> {
        let buyers = users.iter().cycle().take(count);
        let written = stream::iter(buyers).map(|user| self.order(ledger, *user));
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
        let one = Quantity::new(1)?;
        let cart = Cart::empty(self.now).add(&article, one, self.now)?;
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
