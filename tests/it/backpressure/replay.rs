//! Replays are counted against the rate of the client, and a failed replay ends its socket.

use reqwest::Method;
use serde_json::json;

use crate::harness::TestShop;
use crate::people::Person;
use crate::socket::Socket;

/// How many events the replays of the tests cover: three batches.
const EVENTS: usize = 600;

#[actix_web::test]
async fn a_client_that_requests_replay_after_replay_is_closed_and_one_replay_is_complete() {
    let shop = TestShop::open_with(&[("LIVE__FRAMES", "20")]).await;
    let ana = shop.customer("ana").await;
    ana.changes_the_cart(EVENTS).await;
    let mut once = Socket::open(&shop, &ana.token).await;
    once.sends(json!({ "subscribe": ["cart"], "since": 0 })).await;
    once.sends(json!({ "ping": "replayed" })).await;
    let mut replayed = 0;
    while once.receives_json().await["reply"]["pong"] != "replayed" {
        replayed += 1;
    }
    // The reply to the command comes first.
    assert_eq!(replayed, 1 + EVENTS);

    // Sixteen frames in a second are allowed; eight replays of three batches each are not.
    let mut guest = Socket::connect(&shop, "/api/live", &[]).await;
    for _ in 0..8 {
        guest.sends_if_open(json!({ "subscribe": ["catalogue"], "since": 0 })).await;
        guest.sends_if_open(json!({ "unsubscribe": ["catalogue"] })).await;
    }
    assert_eq!(guest.is_closed().await, (1008, "rate".into()));
    once.receives_nothing_more().await;
}

#[actix_web::test]
async fn an_error_of_the_store_during_a_replay_closes_the_socket_and_is_no_reset() {
    let shop = TestShop::open_to_fail(&[], "replay=return").await;
    let ana = shop.customer("ana").await;
    let mut socket = Socket::open(&shop, &ana.token).await;
    socket.sends(json!({ "subscribe": ["cart"], "since": 0 })).await;
    assert_eq!(socket.receives_json().await, json!({ "reply": { "topics": ["cart"] } }));
    assert_eq!(socket.receives_json().await["bye"]["code"], 1013);
    assert_eq!(socket.is_closed().await, (1013, "unavailable".into()));
}

impl Person {
    /// Changes the cart a number of times; each change is an event.
    async fn changes_the_cart(&self, times: usize) {
        self.adds(1, 1).await.expect(200);
        for quantity in [2, 1].into_iter().cycle().take(times - 1) {
            let body = json!({ "quantity": quantity });
            self.send(Method::PUT, "/api/cart/items/1", body).await.expect(200);
        }
    }
}
