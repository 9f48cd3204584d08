//! A client whose requests go to another node each time reads what it has written.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use reqwest::cookie::Jar;
use serde_json::json;

use crate::cluster::Cluster;
use crate::harness::{client, until};
use crate::people::Person;

/// How late the nodes learn of each other's commits.
const LATE: Duration = Duration::from_millis(200);

#[actix_web::test]
async fn a_program_whose_requests_are_balanced_reads_its_own_writes() {
    let cluster = Cluster::open(&[]).await;
    let admin = cluster.nodes[0].admin().await;
    let ana = cluster.nodes[1].customer("ana").await.at_url(&cluster.url);
    let article = admin.adds_article("Lamp", 1, 1).await;
    let admin = admin.0.at_url(&cluster.url);
    cluster.network.delays_news(LATE);
    for round in 1..=4 {
        reads_every_kind(&admin, &ana, "ana", article, round).await;
    }
}

/// Writes and reads carts, prices, stock, orders and sessions, one after the other.
async fn reads_every_kind(admin: &Person, ana: &Person, name: &str, article: u64, round: u64) {
    // Carts, and their versions.
    let item = format!("/api/cart/items/{article}");
    let added = ana.adds(article, 1).await.expect(200);
    let tag = added.headers["etag"].clone();
    assert_eq!(ana.cart().await["item_count"], 1);
    let set = ana.request(Method::PUT, &item).header("if-match", tag);
    ana.receives(set.json(&json!({ "quantity": 1 }))).await.expect(200);

    // Prices and stock.
    let path = format!("/api/articles/{article}");
    let change = json!({ "price_cents": round, "on_hand": 1 });
    admin.send(Method::PATCH, &path, change).await.expect(200);
    let found = admin.get(&path).await.json["article"].clone();
    assert_eq!((&found["price_cents"], &found["available"]), (&json!(round), &json!(1)));

    // Orders.
    let cart = ana.cart().await;
    let (key, version) = (format!("k{round}"), cart["version"].as_u64().unwrap());
    let order = ana.orders(&key, version, round).await.expect(201);
    let order = order.json["order"]["id"].clone();
    let listed = ana.get("/api/orders").await.json["orders"][0]["id"].clone();
    assert_eq!((listed, ana.cart().await["item_count"].clone()), (order, json!(0)));

    // Sessions.
    let body = json!({ "username": name, "password": "correct horse" });
    // Few passwords of one address are checked at the same time.
    let late = until(async || {
        let late = ana.send(Method::POST, "/auth/login", body.clone()).await;
        (late.status != 429).then(|| late.expect(200).json)
    })
    .await;
    let refresh = json!({ "refresh_token": late["refresh_token"] });
    let late = ana.send(Method::POST, "/auth/refresh", refresh).await.expect(200).json;
    let late = ana.with(late["access_token"].as_str().unwrap());
    late.send(Method::POST, "/auth/logout", json!({})).await.expect(200);
    late.get("/auth/profile").await.expect_problem(401, "invalid_token");
}

#[actix_web::test]
async fn what_a_node_does_not_know_yet_is_no_reason_to_refuse() {
    let cluster = Cluster::open(&[]).await;
    let [first, second, _] = &cluster.nodes[..] else { panic!("three nodes") };
    let admin = first.admin().await;
    let ana = first.customer("ana").await;
    // A program that sends no position.
    let there = ana.forgetting().at(second);
    there.adds(1, 1).await.expect(200);
    there.send(Method::DELETE, "/api/cart", json!({})).await.expect(200);
    cluster.network.delays_news(LATE);
    for round in 1..=10 {
        let tag = ana.adds(1, 1).await.expect(200).headers["etag"].clone();
        let add = there.request(Method::POST, "/api/cart/items").header("if-match", tag);
        let add = add.json(&json!({ "article_id": 1, "quantity": 1 }));
        there.receives(add).await.expect(200);

        let id = admin.adds_article(&format!("Lamp {round}"), 100, 1).await;
        there.adds(id, 1).await.expect(200);
        admin.changes_article(id, json!({ "on_hand": 2 })).await.expect(200);
        there.adds(id, 1).await.expect(200);
        ana.send(Method::DELETE, "/api/cart", json!({})).await.expect(200);
        there.send(Method::DELETE, "/api/cart", json!({})).await.expect(200);
    }
}

#[actix_web::test]
async fn a_browser_whose_requests_are_balanced_sees_what_it_has_added() {
    let cluster = Cluster::open(&[]).await;
    cluster.network.delays_news(LATE);
    let visitor = client().cookie_provider(Arc::new(Jar::default())).build().unwrap();
    for quantity in 1..=9 {
        let add = visitor.post(format!("{}/cart/add/2", cluster.url));
        let add = add.header("sec-fetch-site", "same-origin").form(&[("quantity", "1")]);
        assert_eq!(add.send().await.unwrap().status(), 303);
        let page = visitor.get(format!("{}/cart", cluster.url)).send().await.unwrap();
        let page = page.text().await.unwrap();
        assert!(page.contains(&format!("value=\"{quantity}\"")), "{quantity}: {page}");
    }
}

#[actix_web::test]
async fn a_position_that_no_node_can_reach_delays_nothing() {
    let cluster = Cluster::open(&[]).await;
    let ana = cluster.nodes[0].customer("ana").await.forgetting();
    for position in ["18446744073709551615", "1000000", "-1", "x", ""] {
        let request = ana.request(Method::GET, "/api/cart").header("shop-position", position);
        ana.receives(request).await.expect(200);
    }
}

#[actix_web::test]
#[ignore = "takes minutes"]
async fn a_thousand_own_writes_of_every_kind_are_read() {
    let cluster = Cluster::open(&[]).await;
    let admin = cluster.nodes[0].admin().await;
    let mut people = Vec::new();
    for number in 0..10 {
        let name = format!("buyer{number}");
        let person = cluster.nodes[number % 3].customer(&name).await.at_url(&cluster.url);
        let article = admin.adds_article(&format!("Lamp {number}"), 1, 1).await;
        people.push((name, person, article));
    }
    let admin = admin.0.at_url(&cluster.url);
    cluster.network.delays_news(LATE);
    join_all(people.iter().map(async |(name, person, article)| {
        // Each round reads five kinds of writes.
        for round in 1..=20 {
            reads_every_kind(&admin, person, name, *article, round).await;
        }
    }))
    .await;
}

/// How many writes are read again.
const WRITES: usize = 1_000;

/// How many people make them at once.
const PEOPLE: usize = 20;

#[actix_web::test]
#[ignore = "takes a minute, and prints what it measures"]
async fn a_thousand_own_writes_are_read_and_the_position_costs_little() {
    let cluster = Cluster::open(&[]).await;
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let person = cluster.nodes[number % 3].customer(&format!("buyer{number}")).await;
        people.push(person.at_url(&cluster.url));
    }
    let with = reads_own_writes(&people, true).await;
    let without = reads_own_writes(&people, false).await;
    with.print("with the position");
    without.print("without it");
    cluster.network.delays_news(LATE);
    let late = reads_own_writes(&people, true).await;
    late.print("with it and late news");
    assert_eq!((with.stale, late.stale), (0, 0));
}

/// What a thousand reads after writes have shown.
struct Reads {
    stale: usize,
    median: Duration,
    p99: Duration,
}

impl Reads {
    fn print(&self, name: &str) {
        let Self { stale, median, p99 } = self;
        eprintln!("{name}: {stale} stale, median {median:?}, p99 {p99:?}");
    }
}

async fn reads_own_writes(people: &[Person], with_position: bool) -> Reads {
    let reads = people.iter().map(async |person| {
        let mut reads = Vec::new();
        for quantity in 1..=WRITES / PEOPLE {
            let set = json!({ "quantity": quantity });
            person.adds(2, 1).await.expect(200);
            person.send(Method::PUT, "/api/cart/items/2", set).await.expect(200);
            let forgetting = person.forgetting();
            let reader = if with_position { person } else { &forgetting };
            let began = Instant::now();
            let count = reader.cart().await["item_count"].as_u64();
            reads.push((began.elapsed(), count != Some(quantity as u64)));
        }
        reads
    });
    let mut reads = join_all(reads).await.concat();
    reads.sort_unstable();
    let stale = reads.iter().filter(|(_, is_stale)| *is_stale).count();
    let at = |part: usize| reads[reads.len() * part / 100].0;
    Reads { stale, median: at(50), p99: at(99) }
}
