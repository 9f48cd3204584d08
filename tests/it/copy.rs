//! `microshop copy`: a shop moves from the embedded store to Redis, and back.

use std::process::Output;

use serde_json::Value;

use crate::cluster::SECRET;
use crate::harness::{TestShop, fails_to_start, single_node};
use crate::people::Person;
use crate::redis_server::RedisServer;

/// Runs the command in the folder of a shop. Its last line names what was copied.
fn copy(shop: &TestShop, from: &str, to: &str) -> Output {
    shop.command(&["copy", "--from", from, "--to", to]).output().unwrap()
}

/// Returns what a successful copy has printed.
fn copied(shop: &TestShop, from: &str, to: &str) -> String {
    let output = copy(shop, from, to);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Returns why a copy was refused.
fn refused(shop: &TestShop, from: &str, to: &str) -> String {
    let output = copy(shop, from, to);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[actix_web::test]
async fn a_shop_moves_to_redis_and_back_with_everything_it_holds() {
    single_node("moves the embedded store");
    let mut shop = TestShop::open_with(&[("AUTH__SECRET", SECRET)]).await;
    let ana = shop.customer("ana").await;
    ana.adds(1, 2).await.expect(200);
    let order = ana.checks_out("k").await.expect(201).json["order"].clone();
    ana.adds(2, 3).await.expect(200);
    let cart = ana.cart().await;
    let held = refused(&shop, "sled:data/shop", "sled:data/other");
    assert!(held.contains("held by another process"), "{held}");
    shop.stop();

    let redis = RedisServer::start();
    let there = copied(&shop, "sled:data/shop", &redis.url());
    shop.set("STORE__URL", &redis.url());
    shop.start_again();
    assert_eq!(shop.check_findings(), "");
    has_everything(&ana, &cart, &order).await;
    // Versions have moved too: what ana has seen is still the newest cart.
    ana.orders("again", cart["version"].as_u64().unwrap(), cart["total_cents"].as_u64().unwrap())
        .await
        .expect(201);
    ana.adds(3, 1).await.expect(200);
    let cart = ana.cart().await;
    let used = refused(&shop, &redis.url(), "sled:data/early");
    assert!(used.contains("the source has changed during the copy"), "{used}");
    shop.stop();

    let back = copied(&shop, &redis.url(), "sled:data/back");
    assert_ne!(back, there);
    assert_eq!(copied(&shop, "sled:data/back", "sled:data/again"), back);
    shop.set("STORE__URL", "sled:data/back");
    shop.start_again();
    has_everything(&ana, &cart, &order).await;
    shop.stop();
    assert_eq!(shop.check_findings(), "");
}

/// Checks that a shop has a cart and an order, under the session from before.
async fn has_everything(ana: &Person, cart: &Value, order: &Value) {
    assert_eq!(&ana.forgetting().cart().await, cart);
    let id = order["id"].as_str().unwrap();
    let found = ana.get(&format!("/api/orders/{id}")).await.expect(200);
    assert_eq!(&found.json["order"], order);
    // The key of the order is still used.
    let again = ana.orders("k", 1, 1).await;
    again.expect_problem(422, "idempotency_key_reused");
}

#[actix_web::test]
async fn a_copy_that_is_wrong_is_refused_and_half_a_copy_opens_as_no_shop() {
    single_node("copies the embedded store");
    let mut shop = TestShop::open().await;
    shop.customer("ana").await;
    shop.stop();
    let redis = RedisServer::start();
    let to_redis = redis.url();

    assert!(refused(&shop, "sled:data/new", "sled:data/other").contains("nothing to copy"));
    assert!(refused(&shop, "sled:data/shop", "sled:data/shop").contains("held"));
    let lossy = RedisServer::start_with(&["--appendonly", "no"]);
    assert!(refused(&shop, "sled:data/shop", &lossy.url()).contains("redis is not durable"));
    assert_eq!(lossy.ask("DBSIZE"), ":0");
    copied(&shop, "sled:data/shop", &to_redis);
    assert!(refused(&shop, "sled:data/shop", &to_redis).contains("is not empty"));

    // A copy that was cut off: nothing says that it has finished.
    redis.ask("SET {shop}:format copying");
    assert!(refused(&shop, &to_redis, "sled:data/third").contains("has not finished"));
    shop.set("STORE__URL", &to_redis);
    let refusal = fails_to_start(&mut shop.serving());
    assert!(refusal.contains("a copy into this store has not finished"), "{refusal}");
}
