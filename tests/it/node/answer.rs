//! One request that arrives at two nodes at once.

use futures_util::future::join;
use reqwest::Method;
use serde_json::json;

use super::node;
use crate::redis_server::RedisServer;

#[actix_web::test]
async fn one_key_on_two_nodes_at_once_gets_one_order_and_one_answer() {
    let redis = RedisServer::start();
    let nodes = [node(&redis, &[]).await, node(&redis, &[]).await];
    let admin = nodes[0].admin().await;
    let ana = nodes[0].customer("ana").await;
    let lamp = admin.adds_article("Lamp", 100, 100).await;
    let slow = json!({ "latency_ms": 300, "mode": "approve" });
    admin.0.send(Method::PUT, "/api/bank", slow).await.expect(200);
    for round in 0..12 {
        let version = ana.adds(lamp, 1).await.expect(200).json["cart"]["version"].as_u64().unwrap();
        let [here, there] = nodes.each_ref().map(|node| ana.at(node));
        let key = format!("k{round}");
        let (first, second) =
            join(here.orders(&key, version, 100), there.orders(&key, version, 100)).await;
        let (first, second) = (first.expect(201).json, second.expect(201).json);
        assert_eq!(first["order"]["id"], second["order"]["id"]);
        for person in [&here, &there] {
            let again = person.orders(&key, version, 100).await.expect(201).json;
            assert_eq!(again["order"], first["order"]);
        }
    }
    assert_eq!(ana.get("/api/orders").await.json["total"], 12);
}
