//! A node that is far from Redis beside one that is near.

use std::cell::Cell;
use std::time::Duration;

use futures_util::future::join;
use reqwest::Method;
use serde_json::json;

use super::node;
use crate::hanging_network::HangingNetwork;
use crate::harness::TestShop;
use crate::redis_server::RedisServer;

/// How long a packet takes from the far node to Redis.
const FAR: Duration = Duration::from_millis(10);

/// How many writes the near node makes.
const NEAR_WRITES: u32 = 150;

/// At most how many writes the near node makes for each one of the far node. Without turns, the far
/// one makes none.
const NEAR_PER_FAR: u32 = 50;

/// Opens a near node and a far one.
async fn near_and_far() -> (RedisServer, HangingNetwork, [TestShop; 2]) {
    let redis = RedisServer::start();
    let network = HangingNetwork::before(&redis);
    let near = node(&redis, &[]).await;
    let far = node(&redis, &[("STORE__URL", &network.url)]).await;
    network.is_far(FAR);
    (redis, network, [near, far])
}

/// Lets both nodes write the same until the near one has written enough, and checks that the far
/// one has written its share.
async fn both_write([near, far]: &[TestShop; 2], write: impl AsyncFn(&TestShop, u32)) {
    let ends = Cell::new(false);
    let near_writes = async {
        for number in 0..NEAR_WRITES {
            write(near, number).await;
        }
        ends.set(true);
    };
    let far_writes = async {
        let mut writes = 0;
        while !ends.get() {
            write(far, writes).await;
            writes += u32::from(!ends.get());
        }
        writes
    };
    let ((), writes) = join(near_writes, far_writes).await;
    assert!(writes * NEAR_PER_FAR >= NEAR_WRITES, "{writes} beside {NEAR_WRITES}");
}

#[actix_web::test]
async fn a_far_node_gets_its_share_of_the_writes_of_a_cart() {
    let (_redis, _network, nodes) = near_and_far().await;
    let ana = nodes[0].customer("ana").await.forgetting();
    ana.adds(2, 1).await.expect(200);
    both_write(&nodes, async |node, number| {
        let set = json!({ "quantity": 1 + number % 90 });
        ana.at(node).send(Method::PUT, "/api/cart/items/2", set).await.expect(200);
    })
    .await;
}

#[actix_web::test]
async fn a_far_node_gets_its_share_of_the_writes_of_an_article() {
    let (_redis, _network, nodes) = near_and_far().await;
    let admin = nodes[0].admin().await.0.forgetting();
    both_write(&nodes, async |node, number| {
        let change = json!({ "on_hand": 100 + number });
        admin.at(node).send(Method::PATCH, "/api/articles/2", change).await.expect(200);
    })
    .await;
}
