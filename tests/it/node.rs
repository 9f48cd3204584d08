//! Nodes on one Redis: what a node shows and accepts after it has lost its place in the log.

use std::process::Command;
use std::time::Duration;

use actix_web::rt::time::sleep;
use reqwest::Method;
use serde_json::{Value, json};

use crate::cluster::SECRET;
use crate::hanging_network::HangingNetwork;
use crate::harness::{TestShop, until};
use crate::people::{Person, signs_in};
use crate::redis_server::{DURABLE, RedisServer};
use crate::socket::Socket;

mod answer;
mod breaker;
mod check;
mod clock;
mod failover;
mod fair;
mod outage;
mod own_writes;
mod peers;
mod rush;
mod secret;
mod tls;

/// Opens a node with settings.
pub(crate) async fn node(redis: &RedisServer, settings: &[(&str, &str)]) -> TestShop {
    let url = redis.url();
    let shared = [("STORE__URL", url.as_str()), ("AUTH__SECRET", SECRET)];
    TestShop::open_with(&[&shared[..], settings].concat()).await
}

/// Waits until a path of a node returns a value that is right.
async fn until_right(person: &Person, path: &str, is_right: impl Fn(&Value) -> bool) {
    until(async || Some(person.get(path).await.json).filter(|json| is_right(json))).await;
}

#[actix_web::test]
async fn a_node_that_missed_events_that_the_log_no_longer_holds_reads_everything_again() {
    let redis = RedisServer::start();
    let settings = [("EVENTS__MAX", "20"), ("LIVE__SILENCE", "1h")];
    let first = node(&redis, &settings).await;
    let second = node(&redis, &settings).await;
    let admin = first.admin().await;
    let ana = first.customer("ana").await;
    let bob = first.customer("bob").await;
    let (ana_there, bob_there) = (ana.at(&second), bob.at(&second));
    for person in [&ana, &bob] {
        person.adds(1, 1).await.expect(200);
        until_right(&person.at(&second), "/api/cart", |cart| cart["cart"]["item_count"] == 1).await;
    }
    let mut hers = Socket::open(&second, &ana.token).await;
    hers.subscribes(&["cart"]).await;
    let mut his = Socket::open(&second, &bob.token).await;
    his.subscribes(&["cart", "catalogue"]).await;

    second.pause();
    ana.send(Method::POST, "/auth/logout", json!({})).await.expect(200);
    bob.adds(1, 4).await.expect(200);
    admin.changes_article(2, json!({ "price_cents": 111 })).await.expect(200);
    admin.0.delete("/api/articles/3").await.expect(200);
    for price in 1..60 {
        admin.changes_article(4, json!({ "price_cents": price })).await.expect(200);
    }
    second.resume();

    until_right(&ana_there, "/auth/profile", |answer| answer["code"] == "invalid_token").await;
    until_right(&bob_there, "/api/cart", |answer| answer["cart"]["item_count"] == 5).await;
    let price = |answer: &Value| answer["article"]["price_cents"] == 111;
    until_right(&bob_there, "/api/articles/2", price).await;
    bob_there.get("/api/articles/3").await.expect_problem(404, "article_not_found");
    bob_there.adds(3, 1).await.expect_problem(404, "article_not_found");
    assert_eq!(hers.is_closed().await, (1008, "revoked".to_owned()));
    let reset = loop {
        let frame = his.receives_json().await;
        if frame["reset"].is_object() {
            break frame["reset"]["id"].clone();
        }
    };
    let cart = his.receives_event("cart.changed").await;
    assert_eq!((&cart["id"], &cart["data"]["item_count"]), (&reset, &json!(5)));
}

#[actix_web::test]
async fn nodes_follow_a_store_that_was_restored_to_an_earlier_state() {
    let mut redis = RedisServer::start();
    let nodes = [node(&redis, &[]).await, node(&redis, &[]).await];
    let admin = nodes[0].admin().await;
    let ana = nodes[0].customer("ana").await;
    ana.adds(1, 1).await.expect(200);
    admin.changes_article(2, json!({ "price_cents": 111 })).await.expect(200);
    redis.kill();
    let copy = tempfile::tempdir().unwrap();
    copies(&redis, copy.path().to_str().unwrap(), true);
    redis.start_again();
    until(async || Some(ana.adds(1, 1).await).filter(|answer| answer.status == 200)).await;
    let late = signs_in(&nodes[0], "ana", "correct horse").await;
    let late = late.split('=').next_back().unwrap();
    for node in &nodes {
        assert_eq!(account(node, late).await, 200);
    }
    admin.changes_article(2, json!({ "price_cents": 222 })).await.expect(200);
    admin.0.delete("/api/articles/3").await.expect(200);
    for there in nodes.each_ref().map(|node| ana.at(node)) {
        until_right(&there, "/api/articles/3", |answer| answer["code"] == "article_not_found")
            .await;
        until_right(&there, "/api/cart", |cart| cart["cart"]["item_count"] == 2).await;
    }

    redis.kill();
    copies(&redis, copy.path().to_str().unwrap(), false);
    redis.start_again();
    for node in &nodes {
        let there = ana.at(node);
        until_right(&there, "/api/articles/3", |answer| answer["success"] == true).await;
        until_right(&there, "/api/articles/2", |found| found["article"]["price_cents"] == 111)
            .await;
        until_right(&there, "/api/cart", |cart| cart["cart"]["item_count"] == 1).await;
        until_right(&there, "/health/ready", |answer| answer["status"] == "ready").await;
        there.adds(3, 1).await.expect(200);
        there.send(Method::DELETE, "/api/cart/items/3", json!({})).await.expect(200);
        assert_eq!(account(node, late).await, 303);
    }
}

#[actix_web::test]
async fn a_node_whose_store_was_emptied_is_not_ready_and_never_fills_it_again() {
    let redis = RedisServer::start();
    let shop = node(&redis, &[]).await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    redis.ask("FLUSHALL");
    // Nothing but the node itself notices.
    until_right(&ana, "/api/articles", |answer| answer["code"] == "unavailable").await;
    sleep(Duration::from_secs(3)).await;
    ana.adds(1, 1).await.expect_problem(503, "unavailable");
    ana.get("/health/ready").await.expect_problem(503, "unavailable");
    let article = json!({ "name": "Lamp", "price_cents": 1, "on_hand": 1 });
    admin.0.send(Method::POST, "/api/articles", article).await.expect_problem(503, "unavailable");
    assert_eq!(redis.ask("DBSIZE"), ":0");

    // Another node that begins a new shop does not change that.
    let new = node(&redis, &[]).await;
    new.admin().await;
    sleep(Duration::from_secs(3)).await;
    ana.adds(1, 1).await.expect_problem(503, "unavailable");
    ana.get("/health/ready").await.expect_problem(503, "unavailable");
    assert_eq!(new.customer("joe").await.cart().await["item_count"], 0);
}

#[actix_web::test]
async fn a_node_whose_connections_hang_connects_again_and_learns_of_ended_sessions() {
    let redis = RedisServer::start();
    let network = HangingNetwork::before(&redis);
    let first = node(&redis, &[]).await;
    let second = node(&redis, &[("STORE__URL", &network.url)]).await;
    let ana = first.customer("ana").await;
    let there = ana.at(&second);
    there.get("/auth/profile").await.expect(200);
    for _ in 0..2 {
        let late = Person::log_in(&first, "ana", "correct horse").await;
        network.hangs();
        late.send(Method::POST, "/auth/logout", json!({})).await.expect(200);
        // Without a request, the node connects again too.
        sleep(Duration::from_secs(1)).await;
        let late = late.at(&second);
        until_right(&late, "/auth/sessions", |answer| answer["code"] == "invalid_token").await;
        until(async || Some(there.adds(1, 1).await).filter(|answer| answer.status == 200)).await;
        until_right(&there, "/health/ready", |answer| answer["status"] == "ready").await;
    }
}

#[actix_web::test]
async fn a_node_whose_store_does_not_reply_decides_about_no_session() {
    let redis = RedisServer::start();
    let network = HangingNetwork::before(&redis);
    let settings = [("STORE__URL", network.url.as_str()), ("STORE__SILENCE", "2s")];
    let shop = node(&redis, &settings).await;
    let ana = shop.customer("ana").await;
    let cookie = signs_in(&shop, "ana", "correct horse").await;
    let cookie = cookie.split('=').next_back().unwrap();
    let verify = async || ana.send(Method::POST, "/auth/verify", json!({})).await;
    verify().await.expect(200);
    assert_eq!(account(&shop, cookie).await, 200);
    network.is_cut();
    until(async || Some(verify().await).filter(|answer| answer.status == 503)).await;
    verify().await.expect_problem(503, "unavailable");
    ana.get("/health/ready").await.expect_problem(503, "unavailable");
    assert_eq!(account(&shop, cookie).await, 503);
    shop.request(Method::GET, "/health/live").send().await.unwrap().error_for_status().unwrap();
    network.hangs();
    until(async || Some(verify().await).filter(|answer| answer.status == 200)).await;
    until_right(&ana, "/health/ready", |answer| answer["status"] == "ready").await;
    assert_eq!(account(&shop, cookie).await, 200);
}

#[actix_web::test]
async fn a_command_whose_reply_from_the_store_is_lost_succeeds_and_counts_once() {
    let redis = RedisServer::start();
    let network = HangingNetwork::before(&redis);
    let shop = node(&redis, &[("STORE__URL", &network.url)]).await;
    let ana = shop.customer("ana").await;
    for pieces in 1..=5 {
        network.loses_next_reply();
        let added = ana.adds(1, 1).await.expect(200);
        assert_eq!(added.json["cart"]["item_count"], pieces);
    }
    network.loses_next_reply();
    ana.checks_out("k").await.expect(201);
    assert_eq!(ana.get("/api/orders").await.json["orders"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn the_variables_of_redis_connect_with_any_password_and_address() {
    let mut redis = RedisServer::start();
    let shop = node(&redis, &[]).await;
    let port = redis.url().rsplit(':').next().unwrap().to_owned();
    for (host, password) in [("127.0.0.1", "a/b#c"), ("127.0.0.1", "a%41b"), ("::1", "p@ss:w?rd")] {
        redis.kill();
        let own = ["--bind", "127.0.0.1", "::1", "--requirepass", password];
        redis.start_again_with(&[&DURABLE[..], &own].concat());
        let mut check = shop.command(&["check"]);
        check.env_remove("MICROSHOP_STORE__URL").env("REDIS_HOST", host).env("REDIS_PORT", &port);
        let check = check.env("REDIS_PASSWORD", password).output().unwrap();
        assert!(check.status.success(), "{host}: {}", String::from_utf8_lossy(&check.stderr));
    }
}

#[actix_web::test]
async fn the_account_of_redis_in_the_documents_is_enough() {
    let redis = RedisServer::start();
    let documents = include_str!("../../docs/security.md");
    let account = documents.split_once("\nACL SETUSER").unwrap().1.split_once("```").unwrap().0;
    let account = account.split_whitespace().collect::<Vec<_>>().join(" ");
    let made = redis.ask(&format!("ACL SETUSER {account}").replace("PASSWORD", "horse"));
    assert_eq!(made, "+OK");
    let url = redis.url().replace("://", "://shop:horse@");
    let shop = node(&redis, &[("STORE__URL", &url)]).await;
    let ana = shop.customer("ana").await;
    ana.adds(1, 1).await.expect(200);
    ana.checks_out("k").await.expect(201);
    sleep(Duration::from_secs(3)).await;
    until_right(&ana, "/health/ready", |answer| answer["status"] == "ready").await;
    assert!(shop.command(&["check"]).status().unwrap().success());
}

/// Requests the account page with the secret of a session, and returns the status.
async fn account(shop: &TestShop, secret: &str) -> u16 {
    let cookie = format!("{}={secret}", shop.cookie("session"));
    let page = shop.request(Method::GET, "/account").header("cookie", cookie);
    page.send().await.unwrap().status().as_u16()
}

/// Copies the files of a stopped Redis to a folder, or back.
fn copies(redis: &RedisServer, folder: &str, there: bool) {
    let files = redis.folder().to_str().unwrap();
    let (from, to) = if there { (files, folder) } else { (folder, files) };
    let script = format!("rm -rf {to}/* && cp -a {from}/. {to}/");
    assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
}
