//! Clients that are too slow, too loud, too many, or gone: they cost little, and nobody else notices.

use std::fs;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use reqwest::Method;
use serde_json::json;

use crate::harness::{TestShop, until};
use crate::people::Admin;
use crate::socket::Socket;

/// The sockets that are open.
const OPEN: &str = "microshop_live_sockets";

/// How often a socket was too slow.
const LAGGING: &str = "microshop_live_lagging_total";

#[actix_web::test]
async fn a_reader_that_was_too_slow_misses_no_event_and_learns_the_newest_state() {
    const CHANGES: u64 = 1_500;
    let (_shop, admin, bob, mut slow) = slow_reader().await;
    for number in 1..=CHANGES {
        admin.sends_mail_to(&bob, number).await;
        if number % 10 == 0 {
            admin.changes_article(1, json!({ "on_hand": number })).await.expect(200);
        }
    }
    assert!(admin.reads_metric(LAGGING).await > Some(0.0), "it was never too slow");
    let (mut number, mut told, mut stock, mut stocks) = (0, 0, 0, 0);
    while number < CHANGES || stock < CHANGES {
        let frame = slow.hears_json().await;
        assert!(frame["reset"].is_null());
        let id = frame["id"].as_u64().unwrap();
        assert!(id > told, "{id} after {told}");
        told = id;
        match frame["topic"].as_str().unwrap() {
            "users" => {
                number += 1;
                assert_eq!(frame["data"]["email"], mail(number));
            }
            _ => {
                stocks += 1;
                stock = frame["data"]["on_hand"].as_u64().unwrap();
            }
        }
    }
    assert!(stocks < CHANGES / 10, "it heard of every stock");
    slow.hears_nothing_more().await;
    admin.sends_mail_to(&bob, CHANGES + 1).await;
    assert_eq!(slow.hears_of("user.changed").await["data"]["email"], mail(CHANGES + 1));
}

#[actix_web::test]
async fn a_reader_that_goes_while_it_catches_up_misses_nothing_when_it_comes_back() {
    const STOCK: u64 = 1_234;
    let (shop, admin, bob, mut slow) = slow_reader().await;
    let mut last = 0;
    while admin.reads_metric(LAGGING).await.is_none_or(|lagging| lagging == 0.0) {
        for _ in 0..50 {
            last += 1;
            admin.sends_mail_to(&bob, last).await;
        }
    }
    admin.changes_article(1, json!({ "on_hand": STOCK })).await.expect(200);
    for number in 1..=10 {
        admin.sends_mail_to(&bob, last + number).await;
    }
    let (since, before) = slow.hears_to(&mail(last + 5)).await;
    slow.vanishes();
    let mut again = Socket::open(&shop, &admin.0.token).await;
    again.say(json!({ "subscribe": ["users", "stock"], "since": since })).await;
    let (_, after) = again.hears_to(&mail(last + 10)).await;
    assert_eq!(after.or(before), Some(STOCK));
}

#[actix_web::test]
async fn readers_that_stopped_are_cut_and_the_others_hear_everything() {
    let shop = TestShop::open_with(&[("LIVE__STANDSTILL", "2s")]).await;
    let admin = shop.admin().await;
    let bob = admin.account_of(&shop, "bob").await;
    let mut stopped = Vec::new();
    for _ in 0..20 {
        let mut socket = Socket::slow(&shop, &admin.0.token).await;
        socket.listens(&["users"]).await;
        stopped.push(socket);
    }
    let mut quick = Socket::open(&shop, &admin.0.token).await;
    quick.listens(&["users"]).await;
    let changes = async {
        let mut number = 0;
        while admin.reads_metric(OPEN).await != Some(1.0) {
            for _ in 0..50 {
                number += 1;
                admin.sends_mail_to(&bob, number).await;
            }
        }
        admin.sends_mail_to(&bob, 0).await;
        number
    };
    let hears = async {
        let mut heard = 0;
        loop {
            let frame = quick.hears_of("user.changed").await;
            if frame["data"]["email"] == mail(0) {
                return heard;
            }
            heard += 1;
            assert_eq!(frame["data"]["email"], mail(heard));
        }
    };
    let (sent, heard) = futures_util::future::join(changes, hears).await;
    assert_eq!(sent, heard);
}

#[actix_web::test]
async fn who_goes_without_a_word_leaves_nothing_behind() {
    let shop = TestShop::open().await;
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
    until(async || (waiting_to_be_closed(&shop) == 0).then_some(())).await;
}

#[actix_web::test]
async fn a_client_that_is_too_loud_is_sent_away_and_no_other() {
    let shop = TestShop::open_with(&[("LIVE__FRAMES", "20")]).await;
    let ana = shop.customer("ana").await;
    let (mut loud, mut quiet) =
        (Socket::open(&shop, &ana.token).await, Socket::open(&shop, &ana.token).await);
    quiet.listens(&["cart"]).await;
    for number in 0..30 {
        loud.say(json!({ "ping": number })).await;
    }
    assert_eq!(loud.is_closed().await, (1008, "rate".into()));
    ana.adds(1, 1).await.expect(200);
    assert_eq!(quiet.hears_of("cart.changed").await["data"]["item_count"], 1);
}

#[actix_web::test]
async fn nobody_has_more_sockets_than_allowed() {
    let shop =
        TestShop::open_with(&[("LIVE__SOCKETS", "3"), ("LIVE__SOCKETS_PER_SESSION", "2")]).await;
    let (ana, bob) = (shop.customer("ana").await, shop.customer("bob").await);
    let first = Socket::open(&shop, &ana.token).await;
    let _second = Socket::open(&shop, &ana.token).await;
    let refused = Socket::refusal(&shop, &ana.token).await;
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["retry-after"]),
        (429, &"10".parse().unwrap())
    );
    let _third = Socket::open(&shop, &bob.token).await;
    assert_eq!(Socket::refusal(&shop, &bob.token).await.status(), 503);
    first.vanishes();
    until(async || Socket::tries(&shop, &bob.token).await.ok()).await;
}

#[actix_web::test]
async fn when_the_shop_closes_not_everybody_is_told_to_come_back_at_once() {
    let mut shop = TestShop::open().await;
    let admin = shop.admin().await;
    let mut sockets = Vec::new();
    for _ in 0..10 {
        let mut socket = Socket::open(&shop, &admin.0.token).await;
        socket.listens(&["system"]).await;
        sockets.push(socket);
    }
    shop.stop();
    let waits = join_all(sockets.iter_mut().map(async |socket| {
        assert_eq!(socket.hears_of("shop.closing").await["topic"], "system");
        socket.hears_json().await["bye"]["retry_after_ms"].as_u64().unwrap()
    }));
    let mut waits = waits.await;
    waits.sort_unstable();
    waits.dedup();
    assert!(waits.len() > 5 && waits.iter().all(|wait| (500..5_000).contains(wait)), "{waits:?}");
}

/// A shop, its administrator, the account of a customer, and a socket that reads slowly what happens to accounts and stock.
async fn slow_reader() -> (TestShop, Admin, String, Socket) {
    let shop = TestShop::open_with(&[("LIVE__STANDSTILL", "10m"), ("LIVE__SILENCE", "10m")]).await;
    let admin = shop.admin().await;
    let bob = admin.account_of(&shop, "bob").await;
    let mut slow = Socket::slow(&shop, &admin.0.token).await;
    slow.listens(&["users", "stock"]).await;
    (shop, admin, bob, slow)
}

/// How many of the shop's connections the other side has closed and the shop has not (state 8 of `/proc/net/tcp`).
fn waiting_to_be_closed(shop: &TestShop) -> usize {
    let port: u16 = shop.url.rsplit(':').next().unwrap().parse().unwrap();
    let all = fs::read_to_string("/proc/net/tcp").unwrap();
    let of_shop = all.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    of_shop
        .filter(|fields| fields[1].ends_with(&format!(":{port:04X}")) && fields[3] == "08")
        .count()
}

impl Socket {
    /// Hears until somebody has an address; the id of that frame, and the stock of the first article that was told last.
    async fn hears_to(&mut self, email: &str) -> (u64, Option<u64>) {
        let mut stock = None;
        loop {
            let frame = self.hears_json().await;
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
    /// The path of a new customer's account.
    async fn account_of(&self, shop: &TestShop, name: &str) -> String {
        let profile = shop.customer(name).await.get("/auth/profile").await.expect(200);
        format!("/api/users/{}", profile.json["id"].as_str().unwrap())
    }

    /// Changes the address of an account.
    async fn sends_mail_to(&self, account: &str, number: u64) {
        self.0.send(Method::PATCH, account, json!({ "email": mail(number) })).await.expect(200);
    }
}

/// An address so long that few changes of it fill what waits on the way to a reader.
fn mail(number: u64) -> String {
    format!("bob{number}@{}example.org", "post.".repeat(40))
}
