//! Crowds: thousands of open order pages, guests that request replays without end, and a customer
//! who reads lists of orders on hundreds of connections. They slow the writes of other clients only
//! a little. Each test prints what it measures.

use std::cell::Cell;
use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;
use futures_util::future::{join, join_all};
use futures_util::stream::{self, StreamExt};
use reqwest::Method;
use serde_json::json;

use crate::harness::TestShop;
use crate::people::{Person, signs_in};
use crate::socket::Socket;

/// How many pages are open.
const PAGES: usize = 4_000;

/// How many sockets a guest has who requests replays, and how many events are in the log.
const SOCKETS: usize = 50;
const EVENTS: u64 = 7_000;

/// The event after which the replays begin. The first events add the articles of a new shop.
const SINCE: u64 = 10;

/// More events than all replays together may cover in a second.
const MAX_PER_SECOND: u64 = 250_000;

/// How many connections read lists of orders, and how many orders are in the list.
const READERS: usize = 200;
const ORDERS: usize = 100;

/// How many writes are measured, and the pause after each one.
const WRITES: usize = 1_000;
const PAUSE: Duration = Duration::from_millis(5);

#[actix_web::test]
#[ignore = "takes half a minute"]
async fn four_thousand_order_pages_and_a_change_of_the_breaker_close_no_socket() {
    let pages = PAGES.to_string();
    let shop = TestShop::open_with(&[
        ("LIVE__SOCKETS_PER_ADDRESS", &pages),
        ("LIVE__SOCKETS_PER_SESSION", &pages),
        // The test answers no pings while it measures.
        ("LIVE__SILENCE", "1h"),
    ])
    .await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    let bob = shop.customer("bob").await;
    admin.sets_bank("decline").await;
    ana.adds(1, 1).await.expect(200);
    let declined = ana.checks_out("k").await.expect_problem(402, "payment_declined");
    let order = declined.json["order"]["id"].as_str().unwrap();
    let live = format!("/live?topics=cart&shows=order:{order}&since=0");
    let cookie = signs_in(&shop, "ana", "correct horse").await;
    let headers = [("cookie", cookie.as_str())];
    let sockets = stream::iter(0..PAGES).map(|_| Socket::connect(&shop, &live, &headers));
    let mut sockets: Vec<_> = sockets.buffer_unordered(50).collect().await;
    join_all(sockets.iter_mut().map(Socket::receives)).await;

    let before = bob.times_of_writes().await;
    admin.0.send(Method::POST, "/api/breaker/isolate", json!({})).await.expect(200);
    let during = bob.times_of_writes().await;
    // No page is closed: each one is redrawn.
    let redrawn = join_all(sockets.iter_mut().map(Socket::receives)).await;
    assert!(redrawn.iter().all(|frame| frame.contains("interrompus")));
    eprintln!("p50 and p99 of writes before the change: {before:?}, after: {during:?}");
}

#[actix_web::test]
#[ignore = "takes half a minute"]
async fn a_guest_who_requests_replays_without_end_gets_few_of_them() {
    let shop = TestShop::open().await;
    let bob = shop.customer("bob").await;
    let events = stream::iter(0..EVENTS).map(|number| bob.sets_quantity(1 + number % 9));
    bob.adds(1, 1).await.expect(200);
    events.buffer_unordered(16).for_each(async |_| {}).await;
    let before = bob.times_of_writes().await;
    let is_over = Cell::new(false);
    let guests = join_all((0..SOCKETS).map(|_| replays_without_end(&shop, &is_over)));
    let begun = Instant::now();
    let measures = async {
        let during = bob.times_of_writes().await;
        is_over.set(true);
        during
    };
    let (during, replays) = join(measures, guests).await;
    eprintln!("p50 and p99 of writes before the replays: {before:?}, during: {during:?}");
    let events = replays.into_iter().sum::<u64>() * EVENTS / 2;
    let per_second = events / begun.elapsed().as_secs().max(1);
    eprintln!("replayed at least {per_second} events a second");
    assert!(per_second < MAX_PER_SECOND, "{per_second}");
}

#[actix_web::test]
#[ignore = "takes half a minute"]
async fn a_customer_who_lists_orders_on_two_hundred_connections_refuses_no_write_of_another() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    let bob = shop.customer("bob").await;
    admin.sets_bank("approve").await;
    admin.changes_article(2, json!({ "on_hand": ORDERS })).await.expect(200);
    for number in 0..ORDERS {
        ana.adds(2, 1).await.expect(200);
        ana.checks_out(&number.to_string()).await.expect(201);
    }
    let before = bob.times_of_writes().await;
    let is_over = Cell::new(false);
    let readers = join_all((0..READERS).map(|_| ana.lists_orders_until(&is_over)));
    let measures = async {
        let during = bob.times_of_writes().await;
        is_over.set(true);
        during
    };
    let begun = Instant::now();
    let (during, lists) = join(measures, readers).await;
    let per_second = lists.iter().sum::<u32>() as f64 / begun.elapsed().as_secs_f64();
    eprintln!("p50 and p99 of writes before the lists: {before:?}, during: {during:?}");
    eprintln!("{per_second:.0} lists a second");
    assert!(during.0 <= before.0 * 3, "the median was {:?}, and is {:?}", before.0, during.0);
}

/// Subscribes since an event far in the past and unsubscribes, 45 times a second, with a new socket
/// after each close. Returns the number of complete replays.
async fn replays_without_end(shop: &TestShop, is_over: &Cell<bool>) -> u64 {
    let mut replays = 0;
    'sockets: loop {
        let mut socket = Socket::connect(shop, "/api/live", &[]).await;
        loop {
            socket.sends_if_open(json!({ "subscribe": ["catalogue"], "since": SINCE })).await;
            socket.sends_if_open(json!({ "unsubscribe": ["catalogue"] })).await;
            for _reply in 0..2 {
                if socket.receives_or_ends().await.is_err() {
                    continue 'sockets;
                }
            }
            replays += 1;
            if is_over.get() {
                return replays;
            }
            sleep(Duration::from_millis(22)).await;
        }
    }
}

impl Person {
    /// Lists the orders again and again, and returns how often.
    async fn lists_orders_until(&self, is_over: &Cell<bool>) -> u32 {
        let mut lists = 0;
        while !is_over.get() {
            self.request(Method::GET, "/api/orders").send().await.unwrap().bytes().await.unwrap();
            lists += 1;
        }
        lists
    }

    /// Changes the cart, and returns how long that takes.
    async fn sets_quantity(&self, quantity: u64) -> Duration {
        let body = json!({ "quantity": quantity });
        let begun = Instant::now();
        self.send(Method::PUT, "/api/cart/items/1", body).await.expect(200);
        begun.elapsed()
    }

    /// Changes the cart again and again, and returns the median and the 99th percentile of the
    /// times.
    async fn times_of_writes(&self) -> (Duration, Duration) {
        self.adds(1, 1).await.expect(200);
        let mut times = Vec::new();
        for quantity in [2, 1].into_iter().cycle().take(WRITES) {
            times.push(self.sets_quantity(quantity).await);
            sleep(PAUSE).await;
        }
        times.sort_unstable();
        (times[WRITES / 2], times[WRITES * 99 / 100])
    }
}
