//! Clients that are too slow, too fast, too many or gone. They cost little and affect no other
//! client.

use std::fs;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use reqwest::Method;
use serde_json::json;

use crate::harness::{TestShop, single_node, until};
use crate::people::Admin;
use crate::socket::Socket;

mod address;
mod crowd;
mod replay;
mod turn;

/// The metric of open sockets.
const OPEN: &str = "microshop_live_sockets";

/// The metric of sockets that were too slow.
const LAGGING: &str = "microshop_live_lagging_total";

#[actix_web::test]
async fn a_slow_client_misses_no_event_and_receives_the_newest_state() {
    single_node("fills the buffers between a client and the shop");
    const CHANGES: u64 = 1_500;
    let (_shop, admin, bob, mut slow) = slow_client().await;
    for number in 1..=CHANGES {
        admin.changes_email_of(&bob, number).await;
        if number % 10 == 0 {
            admin.changes_article(1, json!({ "on_hand": number })).await.expect(200);
        }
    }
    assert!(admin.reads_metric(LAGGING).await > Some(0.0), "it was never too slow");
    let mut last_id = 0;
    let mut emails = 0;
    let mut stocks = 0;
    let mut newest_stock = 0;
    while emails < CHANGES || newest_stock < CHANGES {
        let frame = slow.receives_json().await;
        assert!(frame["reset"].is_null());
        let id = frame["id"].as_u64().unwrap();
        assert!(id > last_id, "{id} after {last_id}");
        last_id = id;
        if frame["topic"] == "users" {
            emails += 1;
            assert_eq!(frame["data"]["email"], email(emails));
        } else {
            stocks += 1;
            newest_stock = frame["data"]["on_hand"].as_u64().unwrap();
        }
    }
    assert!(stocks < CHANGES / 10, "it received every stock");
    slow.receives_nothing_more().await;
    admin.changes_email_of(&bob, CHANGES + 1).await;
    assert_eq!(slow.receives_event("user.changed").await["data"]["email"], email(CHANGES + 1));
}

#[actix_web::test]
async fn a_client_that_disconnects_while_it_catches_up_misses_nothing_when_it_resumes() {
    single_node("fills the buffers between a client and the shop");
    const STOCK: u64 = 1_234;
    let (shop, admin, bob, mut slow) = slow_client().await;
    let mut last = 0;
    while admin.reads_metric(LAGGING).await.is_none_or(|lagging| lagging == 0.0) {
        for _ in 0..50 {
            last += 1;
            admin.changes_email_of(&bob, last).await;
        }
    }
    admin.changes_article(1, json!({ "on_hand": STOCK })).await.expect(200);
    for number in 1..=10 {
        admin.changes_email_of(&bob, last + number).await;
    }
    let (since, before) = slow.receives_up_to(&email(last + 5)).await;
    slow.vanishes();
    let mut again = Socket::open(&shop, &admin.0.token).await;
    again.sends(json!({ "subscribe": ["users", "stock"], "since": since })).await;
    let (_, after) = again.receives_up_to(&email(last + 10)).await;
    assert_eq!(after.or(before), Some(STOCK));
}

#[actix_web::test]
async fn stalled_clients_are_disconnected_and_the_others_receive_every_event() {
    single_node("fills the buffers between a client and the shop");
    let shop = TestShop::open_with(&[("LIVE__STANDSTILL", "2s")]).await;
    let admin = shop.admin().await;
    let bob = admin.account_of(&shop, "bob").await;
    let mut stalled = Vec::new();
    for _ in 0..20 {
        let mut socket = Socket::slow(&shop, &admin.0.token).await;
        socket.subscribes(&["users"]).await;
        stalled.push(socket);
    }
    let mut quick = Socket::open(&shop, &admin.0.token).await;
    quick.subscribes(&["users"]).await;
    let changes = async {
        let mut number = 0;
        while admin.reads_metric(OPEN).await != Some(1.0) {
            for _ in 0..50 {
                number += 1;
                admin.changes_email_of(&bob, number).await;
            }
        }
        admin.changes_email_of(&bob, 0).await;
        number
    };
    let receives = async {
        let mut received = 0;
        loop {
            let frame = quick.receives_event("user.changed").await;
            if frame["data"]["email"] == email(0) {
                return received;
            }
            received += 1;
            assert_eq!(frame["data"]["email"], email(received));
        }
    };
    let (sent, received) = futures_util::future::join(changes, receives).await;
    assert_eq!(sent, received);
}

#[actix_web::test]
async fn sockets_of_clients_that_vanish_are_removed() {
    single_node("fills the buffers between a client and the shop");
    let shop = TestShop::open_with(&[("LIVE__SOCKETS_PER_ADDRESS", "1000")]).await;
    let admin = shop.admin().await;
    let sockets = stream::iter(0..1_000).map(|_| Socket::connect(&shop, "/api/live", &[]));
    let sockets: Vec<_> = sockets.buffer_unordered(50).collect().await;
    until(async || (admin.reads_metric(OPEN).await == Some(1_000.0)).then_some(())).await;
    sockets.into_iter().for_each(Socket::vanishes);
    until(async || (admin.reads_metric(OPEN).await == Some(0.0)).then_some(())).await;
    until(async || {
        (admin.reads_metric("microshop_live_listeners").await == Some(0.0)).then_some(())
    })
    .await;
    until(async || (half_closed_connections(&shop) == 0).then_some(())).await;
}

#[actix_web::test]
async fn a_client_that_sends_too_many_frames_is_closed_and_no_other() {
    let shop = TestShop::open_with(&[("LIVE__FRAMES", "20")]).await;
    let ana = shop.customer("ana").await;
    let mut flooding = Socket::open(&shop, &ana.token).await;
    let mut quiet = Socket::open(&shop, &ana.token).await;
    quiet.subscribes(&["cart"]).await;
    for number in 0..30 {
        flooding.sends(json!({ "ping": number })).await;
    }
    assert_eq!(flooding.is_closed().await, (1008, "rate".into()));
    ana.adds(1, 1).await.expect(200);
    assert_eq!(quiet.receives_event("cart.changed").await["data"]["item_count"], 1);
}

#[actix_web::test]
async fn sockets_over_the_limits_are_refused() {
    single_node("each node limits for itself");
    let shop =
        TestShop::open_with(&[("LIVE__SOCKETS", "3"), ("LIVE__SOCKETS_PER_SESSION", "2")]).await;
    let ana = shop.customer("ana").await;
    let bob = shop.customer("bob").await;
    let first = Socket::open(&shop, &ana.token).await;
    let _second = Socket::open(&shop, &ana.token).await;
    let refused = Socket::refusal(&shop, &ana.token).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "10");
    let _third = Socket::open(&shop, &bob.token).await;
    assert_eq!(Socket::refusal(&shop, &bob.token).await.status(), 503);
    first.vanishes();
    until(async || Socket::tries(&shop, &bob.token).await.ok()).await;
}

#[actix_web::test]
async fn clients_are_asked_to_reconnect_at_different_times_after_a_shutdown() {
    single_node("stops one node");
    let mut shop = TestShop::open().await;
    let admin = shop.admin().await;
    let mut sockets = Vec::new();
    for _ in 0..10 {
        let mut socket = Socket::open(&shop, &admin.0.token).await;
        socket.subscribes(&["system"]).await;
        sockets.push(socket);
    }
    shop.stop();
    let waits = join_all(sockets.iter_mut().map(async |socket| {
        assert_eq!(socket.receives_event("shop.closing").await["topic"], "system");
        socket.receives_json().await["bye"]["retry_after_ms"].as_u64().unwrap()
    }));
    let mut waits = waits.await;
    waits.sort_unstable();
    waits.dedup();
    assert!(waits.len() > 5 && waits.iter().all(|wait| (500..5_000).contains(wait)), "{waits:?}");
}

/// Opens a shop. Returns it with its administrator, the path of a customer's account, and a slow
/// socket that is subscribed to users and stock.
async fn slow_client() -> (TestShop, Admin, String, Socket) {
    let shop = TestShop::open_with(&[("LIVE__STANDSTILL", "10m"), ("LIVE__SILENCE", "10m")]).await;
    let admin = shop.admin().await;
    let bob = admin.account_of(&shop, "bob").await;
    let mut slow = Socket::slow(&shop, &admin.0.token).await;
    slow.subscribes(&["users", "stock"]).await;
    (shop, admin, bob, slow)
}

/// Returns how many connections the client has closed and the shop has not (`CLOSE_WAIT`, state 8
/// of `/proc/net/tcp`).
fn half_closed_connections(shop: &TestShop) -> usize {
    let port: u16 = shop.url.rsplit(':').next().unwrap().parse().unwrap();
    let all = fs::read_to_string("/proc/net/tcp").unwrap();
    let connections = all.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let local = format!(":{port:04X}");
    connections.filter(|fields| fields[1].ends_with(&local) && fields[3] == "08").count()
}

impl Socket {
    /// Receives frames up to the one in which a user has an e-mail address. Returns its id and the
    /// last stock of an article before it.
    async fn receives_up_to(&mut self, email: &str) -> (u64, Option<u64>) {
        let mut stock = None;
        loop {
            let frame = self.receives_json().await;
            let data = &frame["data"];
            let article = if frame["snapshot"] == true { &data["articles"][0] } else { data };
            stock = article["on_hand"].as_u64().or(stock);
            if data["email"] == email {
                return (frame["id"].as_u64().unwrap(), stock);
            }
        }
    }
}

impl Admin {
    /// Registers a customer and returns the path of the account.
    async fn account_of(&self, shop: &TestShop, name: &str) -> String {
        let profile = shop.customer(name).await.get("/auth/profile").await.expect(200);
        format!("/api/users/{}", profile.json["id"].as_str().unwrap())
    }

    /// Changes the e-mail address of an account.
    async fn changes_email_of(&self, account: &str, number: u64) {
        self.0.send(Method::PATCH, account, json!({ "email": email(number) })).await.expect(200);
    }
}

/// Returns an e-mail address that is so long that few changes of it fill the buffers of a
/// connection.
fn email(number: u64) -> String {
    format!("bob{number}@{}example.org", "post.".repeat(40))
}
