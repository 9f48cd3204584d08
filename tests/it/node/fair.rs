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
const FAR: Duration = Duration::from_millis(5);

/// How many writes the near node makes.
const NEAR_WRITES: u32 = 150;

/// The smallest share of the writes of the near node that the far one must make in the same time.
/// Without turns it makes none.
const SHARE: u32 = 50;

/// Opens a near node and a far one.
async fn near_and_far() -> (RedisServer, HangingNetwork, [TestShop; 2]) {
    let redis = RedisServer::start();
    let network = HangingNetwork::before(&redis);
    let near = node(&redis, &[]).await;
    let far = node(&redis, &[("STORE__URL", &network.url)]).await;
    network.is_far(FAR);
    (redis, network, [near, far])
}

/// Lets two people write until the near one has written enough. Returns what the far one has.
async fn far_writes(near: impl AsyncFn(u32), far: impl AsyncFn(u32)) -> u32 {
    let ends = Cell::new(false);
    let near = async {
        for number in 0..NEAR_WRITES {
            near(number).await;
        }
        ends.set(true);
    };
    let far = async {
        let mut writes = 0;
        while !ends.get() {
            far(writes).await;
            writes += u32::from(!ends.get());
        }
        writes
    };
    join(near, far).await.1
}

#[actix_web::test]
async fn a_far_node_gets_its_share_of_the_writes_of_a_cart() {
    let (_redis, _network, nodes) = near_and_far().await;
    let ana = nodes[0].customer("ana").await.forgetting();
    ana.adds(2, 1).await.expect(200);
    let sets = async |node: &TestShop, number: u32| {
        let set = json!({ "quantity": 1 + number % 90 });
        let there = ana.forgetting().at(node);
        there.send(Method::PUT, "/api/cart/items/2", set).await.expect(200);
    };
    let writes = far_writes(
        async |number| sets(&nodes[0], number).await,
        async |number| sets(&nodes[1], number).await,
    );
    let writes = writes.await;
    assert!(writes * SHARE >= NEAR_WRITES, "{writes} beside {NEAR_WRITES}");
}
