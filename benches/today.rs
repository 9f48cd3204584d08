//! Compares the first page of the desk in a shop with few orders and in one with many.
//!
//! `cargo bench --bench today` writes both shops, loads `GET /admin` of one and the other in turn,
//! and prints the median times and their ratio. The orders and their counts are written to the
//! stores directly; `ORDERS` sets the larger number, a million by default.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a benchmark fails by panicking, and prints its results"
)]

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use actors::clock::{Clock, new_id};
use actors::tables::Tables;
use domain::article::ArticleId;
use domain::money::Cents;
use domain::order::{Order, OrderId, OrderItem, OrderStatus, Requested};
use domain::payment::{Outcome, Payment};
use domain::quantity::Quantity;
use domain::statistics::Counts;
use domain::user::UserId;
use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use microshop::private::restrict_new_files;
use microshop::store::{Options, open};
use reqwest::{Client, redirect};
use tempfile::TempDir;

/// The number of orders of the smaller shop.
const FEW: u64 = 1_000;
/// How often each page is loaded.
const LOADS: usize = 300;
/// How many orders one commit writes, and how many commits wait for the store at the same time.
const ORDERS: usize = 500;
const COMMITS: usize = 8;

fn main() {
    restrict_new_files();
    let many = env::var("ORDERS").map_or(1_000_000, |orders| orders.parse().unwrap());
    actix_web::rt::System::new().block_on(async {
        let shops = [Shop::open(FEW).await, Shop::open(many).await];
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..LOADS {
            for (shop, times) in shops.iter().zip(&mut times) {
                times.push(shop.loads().await);
            }
        }
        let [few, large] = times.map(|mut times| {
            times.sort();
            times[times.len() / 2]
        });
        println!("GET /admin with {FEW} orders: median {few:?}");
        println!("GET /admin with {many} orders: median {large:?}");
        println!("ratio {:.2}", large.as_secs_f64() / few.as_secs_f64());
    });
}

/// A running shop, at which an administrator is signed in.
struct Shop {
    process: Child,
    _folder: TempDir,
    url: String,
    cookie: String,
    http: Client,
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Shop {
    async fn open(orders: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let began = Instant::now();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        fill(&format!("sled:{}", folder.path().join("data/shop").display()), orders).await;
        println!("{orders} orders written in {:.1} s", began.elapsed().as_secs_f64());
        let mut process = Command::new(env!("CARGO_BIN_EXE_microshop"))
            .current_dir(folder.path())
            .env("MICROSHOP_SERVER__BIND", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().rsplit(' ').next().unwrap().to_owned();
        let http = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        let login = http.post(format!("{url}/login"));
        let login = login.form(&[("username", "admin"), ("password", "admin")]);
        let response = login.send().await.unwrap();
        let cookies = response.headers().get_all("set-cookie").iter();
        let cookies = cookies.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap());
        let cookie = cookies.collect::<Vec<_>>().join("; ");
        let shop = Self { process, _folder: folder, url, cookie, http };
        let page = shop.page().await;
        assert!(page.contains(&format!("<dd>{orders}</dd>")), "{page}");
        shop
    }

    async fn page(&self) -> String {
        let page = self.http.get(format!("{}/admin", self.url)).header("cookie", &self.cookie);
        let response = page.send().await.unwrap();
        assert!(response.status().is_success(), "{response:?}");
        response.text().await.unwrap()
    }

    /// Loads the page, and returns how long that took.
    async fn loads(&self) -> Duration {
        let began = Instant::now();
        self.page().await;
        began.elapsed()
    }
}

/// Writes orders of today, and their counts, to a new store.
async fn fill(url: &str, orders: u64) {
    let options = Options {
        events_max: 200_000,
        events_keep: Duration::from_secs(86_400),
        ..Options::default()
    };
    let store = open(url, &options, Clock::default()).await.unwrap();
    let tables = Tables::new(store);
    let now = Clock::default().now();
    let mut counts = Counts::default();
    let batches = (0..orders).step_by(ORDERS).map(|first| {
        let mut batch = tables.batch(now);
        for _ in first..orders.min(first + ORDERS as u64) {
            let order = order(now);
            counts.recount(&order, None, now);
            batch.put(&tables.orders, order.id, None, &order).unwrap();
        }
        tables.commit(batch)
    });
    let written = stream::iter(batches).buffer_unordered(COMMITS);
    written
        .for_each(async |committed| {
            committed.unwrap();
        })
        .await;
    let mut batch = tables.batch(now);
    batch.put(&tables.statistics, "all", None, &counts.totals).unwrap();
    for (bucket, sums) in &counts.buckets {
        batch.put(&tables.statistics_buckets, bucket, None, sums).unwrap();
    }
    tables.commit(batch).await.unwrap();
}

/// Returns a paid order of one article.
fn order(now: Timestamp) -> Order {
    let item = OrderItem {
        article: ArticleId(1),
        name: "Lamp".into(),
        quantity: Quantity::ONE,
        unit_price: Cents(1_250),
        line_total: Cents(1_250),
    };
    let order = Order {
        id: OrderId(new_id(now)),
        user: UserId(uuid::Uuid::nil()),
        status: OrderStatus::PendingPayment,
        items: vec![item],
        total: Cents(1_250),
        contact: None,
        payment: Payment::submitting(1),
        cart_version: 1,
        created_at: now,
        expires_at: now,
        requested: Requested::None,
        pay_after: None,
        steps: Vec::new(),
        note: None,
        node: None,
    };
    order.settle(1, Outcome::Approved).unwrap().0
}
