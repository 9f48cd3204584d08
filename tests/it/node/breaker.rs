//! The breaker of several nodes: one for all of them.

use std::time::Duration;

use actix_web::rt::time::sleep;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::peers::calls;
use super::{node, until_right};
use crate::harness::until;
use crate::redis_server::RedisServer;

#[actix_web::test]
async fn isolating_and_resetting_the_breaker_on_one_node_holds_on_all() {
    let redis = RedisServer::start();
    let nodes = [node(&redis, &[]).await, node(&redis, &[]).await, node(&redis, &[]).await];
    let admin = nodes[0].admin().await;
    let ana = nodes[0].customer("ana").await;
    for round in 0..6 {
        let [first, second, third] = [0, 1, 2].map(|node| &nodes[(round + node) % 3]);
        let at_second = ana.at(second);
        at_second.adds(2, 1).await.expect(200);
        let isolate = ("/api/breaker/isolate", json!({}));
        admin.0.at(first).send(Method::POST, isolate.0, isolate.1).await.expect(200);
        at_second.checks_out(&format!("a{round}")).await.expect_problem(503, "payment_unavailable");
        let reset = admin.0.at(third).send(Method::POST, "/api/breaker/reset", json!({})).await;
        assert_eq!(reset.expect(200).json["breaker"]["state"]["state"], "closed");
        at_second.checks_out(&format!("b{round}")).await.expect(201);
    }
}

#[actix_web::test]
async fn three_failures_on_three_nodes_open_the_breaker_and_one_call_of_all_probes() {
    let redis = RedisServer::start();
    let settings = [("BREAKER__OPEN", "2s"), ("ORDER__UNPAID_PER_USER", "10")];
    let nodes = [
        node(&redis, &settings).await,
        node(&redis, &settings).await,
        node(&redis, &settings).await,
    ];
    let admin = nodes[0].admin().await;
    let ana = nodes[0].customer("ana").await;
    let mut buyers = Vec::new();
    for number in 0..9 {
        let buyer = nodes[0].customer(&format!("buyer{number}")).await;
        buyer.adds(2, 1).await.expect(200);
        buyers.push(buyer);
    }
    admin.sets_bank("refuse").await;
    for (number, node) in nodes.iter().enumerate() {
        until_right(&admin.0.at(node), "/api/bank", |answer| answer["bank"]["mode"] == "refuse")
            .await;
        let there = ana.at(node);
        there.adds(3, 1).await.expect(200);
        there.checks_out(&format!("k{number}")).await.expect_problem(503, "payment_not_sent");
    }
    let is_open = |answer: &serde_json::Value| answer["breaker"]["state"]["state"] == "open";
    for node in &nodes {
        until_right(&admin.0.at(node), "/api/breaker", is_open).await;
    }
    admin.sets_bank("lose_request").await;
    for node in &nodes {
        until_right(&admin.0.at(node), "/api/bank", |answer| {
            answer["bank"]["mode"] == "lose_request"
        })
        .await;
    }
    sleep(Duration::from_secs(2)).await;
    let all = nodes.each_ref();
    let calls = async || calls(&admin, &all).await;
    let before = calls().await;
    let orders = buyers.iter().zip((0..).map(|number| &nodes[number % 3]));
    let orders = orders.map(async |(buyer, node)| buyer.at(node).checks_out("k").await.status);
    let mut statuses = join_all(orders).await;
    statuses.sort_unstable();
    assert_eq!(statuses.iter().filter(|status| **status == 503).count(), 8, "{statuses:?}");
    until(async || (calls().await > before).then_some(())).await;
    assert_eq!(calls().await, before + 1);
}
