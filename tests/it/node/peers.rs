//! Orders that wait for the bank: the node that placed them looks after them, and others take them
//! over once it has stopped.

use std::time::Duration;

use actix_web::rt::time::sleep;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{node, until_right};
use crate::harness::{TestShop, until};
use crate::people::{Admin, signs_in};
use crate::redis_server::RedisServer;

const ORDERS: u64 = 20;

/// How long to watch that no other node calls the bank: longer than a dead node is waited for.
const WATCHED: Duration = Duration::from_secs(6);

#[actix_web::test]
async fn a_payment_without_an_answer_is_listed_on_every_node() {
    let redis = RedisServer::start();
    let settings = [("BANK__TIMEOUT", "300ms"), ("ORDER__PATIENCE", "1s")];
    let nodes = [node(&redis, &settings).await, node(&redis, &settings).await];
    let admin = nodes[0].admin().await;
    let ana = nodes[0].customer("ana").await;
    admin.sets_bank("hang").await;
    ana.adds(1, 1).await.expect(200);
    let order = ana.checks_out("k").await.expect(202).json["order"]["id"].clone();
    for node in &nodes {
        let there = admin.0.at(node);
        let listed = until(async || {
            let list = there.get("/api/bank/unknown").await.expect(200).json;
            (list["total"] == 1).then(|| list["payments"][0]["order_id"].clone())
        });
        assert_eq!(listed.await, order);
        let page = node.request(Method::GET, "/admin/payments");
        let cookie = signs_in(node, "admin", "admin").await;
        let page = page.header("cookie", cookie).send().await.unwrap().text().await.unwrap();
        assert!(page.contains(order.as_str().unwrap()), "{page}");
    }
}

#[actix_web::test]
async fn the_orders_of_a_node_that_stopped_are_taken_over_by_one_other_node_each() {
    let redis = RedisServer::start();
    let settings =
        [("BANK__TIMEOUT", "1m"), ("ORDER__PATIENCE", "0s"), ("ORDER__UNPAID_PER_USER", "20")];
    let mut first = node(&redis, &settings).await;
    let second = node(&redis, &settings).await;
    let admin = first.admin().await;
    let ana = first.customer("ana").await;
    let lamp = admin.adds_article("Lamp", 100, ORDERS).await;
    let slow = json!({ "latency_ms": 60_000, "mode": "approve" });
    admin.0.send(Method::PUT, "/api/bank", slow).await.expect(200);
    for number in 0..ORDERS {
        ana.adds(lamp, 1).await.expect(200);
        ana.checks_out(&format!("k{number}")).await.expect(202);
    }
    admin.sets_bank("approve").await;
    let third = node(&redis, &settings).await;
    let others = [&second, &third];
    for node in others {
        let is_quick = |answer: &Value| answer["bank"]["latency_ms"] == 0;
        until_right(&admin.0.at(node), "/api/bank", is_quick).await;
    }
    sleep(WATCHED).await;
    assert_eq!(calls(&admin, &others).await, 0);

    first.kill();
    let there = ana.at(&second);
    let is_paid = async || {
        let orders = there.get("/api/orders?limit=20").await.expect(200).json["orders"].clone();
        let orders = orders.as_array().unwrap().clone();
        let paid = orders.iter().filter(|order| order["status"] == "paid").count() as u64;
        (paid == ORDERS).then_some(())
    };
    until(is_paid).await;
    assert_eq!(calls(&admin, &others).await, ORDERS);
}

#[actix_web::test]
async fn what_has_expired_is_removed_from_a_shop_without_commands() {
    let redis = RedisServer::start();
    let _shop = node(&redis, &[]).await;
    for row in 0..30 {
        redis.ask(&format!("HSET {{shop}}:values old/{row} 1234567812345678"));
        redis.ask(&format!("ZADD {{shop}}:names 0 old/{row}"));
        redis.ask(&format!("ZADD {{shop}}:expiries 1 old/{row}"));
    }
    until(async || (redis.ask("ZCOUNT {shop}:expiries 1 1") == ":0").then_some(())).await;
    assert_eq!(redis.ask("HEXISTS {shop}:values old/29"), ":0");
}

/// Counts the calls of nodes to the bank.
pub(super) async fn calls(admin: &Admin, nodes: &[&TestShop]) -> u64 {
    let lists = nodes.iter().map(async |node| {
        admin.0.at(node).get("/api/bank/calls").await.json["total"].as_u64().unwrap()
    });
    join_all(lists).await.iter().sum()
}
