//! What programs receive on `/api/live`: snapshots, events, replays and errors.

use serde_json::{Value, json};

use crate::harness::TestShop;
use crate::socket::Socket;

mod access;
mod foreign;
mod page;

#[actix_web::test]
async fn a_program_receives_the_current_state_and_then_events_in_order() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    ana.adds(1, 2).await.expect(200);
    let mut socket = Socket::open(&shop, &ana.token).await;
    socket.sends(json!({ "subscribe": ["cart", "catalogue"] })).await;
    assert_eq!(
        socket.receives_json().await,
        json!({ "reply": { "topics": ["catalogue", "cart"] } })
    );
    let catalogue = socket.receives_json().await;
    assert_eq!(catalogue["topic"], "catalogue");
    assert_eq!(catalogue["data"]["articles"].as_array().unwrap().len(), 5);
    let cart = socket.receives_json().await;
    assert_eq!(cart["type"], "cart.changed");
    assert_eq!(cart["snapshot"], true);
    assert_eq!(cart["data"]["item_count"], 2);
    let mut last = cart["id"].as_u64().unwrap();
    for units in 3..10 {
        ana.adds(1, 1).await.expect(200);
        let event = socket.receives_json().await;
        assert_eq!(event["topic"], "cart");
        assert_eq!(event["type"], "cart.changed");
        assert_eq!(event["data"]["item_count"], units);
        assert!(event["id"].as_u64().unwrap() > last && event["at"].is_string());
        last = event["id"].as_u64().unwrap();
    }
}

#[actix_web::test]
async fn a_buyer_receives_the_events_of_an_order() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let bob = shop.customer("bob").await;
    let mut socket = Socket::open(&shop, &ana.token).await;
    let mut other = Socket::open(&shop, &bob.token).await;
    socket.subscribes(&["orders", "cart", "catalogue"]).await;
    other.subscribes(&["orders", "cart"]).await;
    ana.adds(1, 1).await.expect(200);
    let order = ana.checks_out("k").await.expect(201).json["order"].clone();
    let mut received = Vec::new();
    while received.last() != Some(&("order.changed".to_owned(), json!("paid"))) {
        let frame = socket.receives_json().await;
        assert!(frame["topic"] != "orders" || frame["data"]["id"] == order["id"]);
        let event = frame["type"].as_str().unwrap().to_owned();
        received.push((event, frame["data"]["status"].clone()));
    }
    let types: Vec<_> = received.iter().map(|(event, _)| event.as_str()).collect();
    assert_eq!(
        types,
        [
            "cart.changed",
            "cart.changed",
            "article.changed",
            "order.placed",
            "article.changed",
            "order.changed"
        ]
    );
    other.receives_nothing_more().await;
}

#[actix_web::test]
async fn an_administrator_receives_events_of_users_payments_and_the_breaker() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let mut socket = Socket::open(&shop, &admin.0.token).await;
    socket.sends(json!({ "subscribe": ["users", "payments", "breaker"] })).await;
    socket.receives_json().await;
    assert_eq!(
        socket.receives_json().await["data"]["state"],
        json!({ "state": "closed", "failures": 0 })
    );
    let ana = shop.customer("ana").await;
    let added = socket.receives_event("user.added").await;
    assert_eq!(added["topic"], "users");
    assert_eq!(added["data"]["username"], "ana");
    assert!(!added.to_string().contains("password"));
    admin.sets_bank("refuse").await;
    for key in ["a", "b", "c"] {
        ana.adds(1, 1).await.expect(200);
        ana.checks_out(key).await.expect_problem(503, "payment_not_sent");
        assert_eq!(socket.receives_event("order.placed").await["topic"], "payments");
    }
    assert_eq!(socket.receives_event("breaker.changed").await["data"]["state"]["state"], "open");
}

#[actix_web::test]
async fn a_resumed_subscription_replays_every_event_once() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    for _ in 0..20 {
        ana.adds(1, 1).await.expect(200);
    }
    let mut first = Socket::open(&shop, &ana.token).await;
    let all = first.replays(&["cart"], 0).await;
    let first_version = versions(&all)[0];
    assert_eq!(versions(&all), (first_version..first_version + 20).collect::<Vec<_>>());
    let middle = all[9]["id"].as_u64().unwrap();
    let mut second = Socket::open(&shop, &ana.token).await;
    assert_eq!(second.replays(&["cart"], middle).await, all[10..]);
}

#[actix_web::test]
async fn no_event_is_lost_or_repeated_when_a_client_connects_while_events_occur() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    ana.adds(1, 1).await.expect(200);
    let first_version = ana.cart_version().await;
    let last_version = first_version + 59;
    let adds = async {
        for _ in 0..59 {
            ana.adds(1, 1).await.expect(200);
        }
    };
    let receives = async {
        let mut received = Vec::new();
        let mut since = 0;
        while versions(&received).last() != Some(&last_version) {
            let mut socket = Socket::open(&shop, &ana.token).await;
            socket.sends(json!({ "subscribe": ["cart"], "since": since })).await;
            socket.receives_json().await;
            for _ in 0..7.min(60 - received.len()) {
                received.push(socket.receives_json().await);
            }
            since = received.last().unwrap()["id"].as_u64().unwrap();
        }
        received
    };
    let (received, ()) = futures_util::future::join(receives, adds).await;
    assert_eq!(versions(&received), (first_version..=last_version).collect::<Vec<_>>());
}

#[actix_web::test]
async fn a_client_receives_the_missed_events_after_a_restart() {
    let mut shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let mut socket = Socket::open(&shop, &ana.token).await;
    socket.subscribes(&["cart"]).await;
    ana.adds(1, 1).await.expect(200);
    let first = socket.receives_event("cart.changed").await;
    let last = first["id"].as_u64().unwrap();
    let version = first["data"]["version"].as_u64().unwrap();
    ana.adds(1, 1).await.expect(200);
    shop.kill();
    shop.start_again();
    ana.adds(1, 1).await.expect(200);
    let mut again = Socket::open(&shop, &ana.token).await;
    assert_eq!(versions(&again.replays(&["cart"], last).await), [version + 1, version + 2]);
    ana.adds(1, 1).await.expect(200);
    assert_eq!(again.receives_event("cart.changed").await["data"]["version"], version + 3);
}

#[actix_web::test]
async fn a_subscription_since_an_event_outside_the_log_is_reset() {
    let shop = TestShop::open_with(&[("EVENTS__MAX", "10")]).await;
    let ana = shop.customer("ana").await;
    for _ in 0..30 {
        ana.adds(1, 1).await.expect(200);
    }
    for since in [1, 1_000_000] {
        let mut socket = Socket::open(&shop, &ana.token).await;
        socket.sends(json!({ "subscribe": ["cart"], "since": since })).await;
        socket.receives_json().await;
        let reset = socket.receives_json().await;
        let cart = socket.receives_json().await;
        assert_eq!(reset["reset"]["id"], cart["id"]);
        assert_eq!(cart["snapshot"], true);
        assert_eq!(cart["data"]["item_count"], 30);
        assert_eq!(cart["data"]["version"], ana.cart_version().await);
    }
}

#[actix_web::test]
async fn guests_receive_events_of_the_catalogue() {
    let shop = TestShop::open().await;
    let mut guest =
        Socket::connect(&shop, "/api/live", &[("sec-websocket-protocol", "microshop.v1")]).await;
    guest.subscribes(&["catalogue"]).await;
    shop.admin().await.changes_article(1, json!({ "price_cents": 5 })).await.expect(200);
    let article = guest.receives_event("article.changed").await["data"].clone();
    assert_eq!(article["id"], 1);
    assert_eq!(article["price_cents"], 5);
}

#[actix_web::test]
async fn a_topic_named_twice_is_subscribed_to_once() {
    let shop = TestShop::open().await;
    let mut guest = Socket::connect(&shop, "/api/live", &[]).await;
    guest.sends(json!({ "subscribe": ["catalogue", "catalogue"] })).await;
    assert_eq!(guest.receives_json().await, json!({ "reply": { "topics": ["catalogue"] } }));
    assert_eq!(guest.receives_json().await["snapshot"], true);
    guest.receives_nothing_more().await;
}

#[actix_web::test]
async fn an_article_taken_off_sale_is_published_as_removed() {
    let shop = TestShop::open().await;
    let mut guest = Socket::connect(&shop, "/api/live", &[]).await;
    guest.subscribes(&["catalogue"]).await;
    shop.admin().await.changes_article(1, json!({ "active": false })).await.expect(200);
    assert_eq!(guest.receives_event("article.removed").await["data"], json!({ "id": 1 }));
}

#[actix_web::test]
async fn an_event_of_several_topics_is_sent_once_under_the_most_detailed_one() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let mut socket = Socket::open(&shop, &admin.0.token).await;
    socket.subscribes(&["catalogue", "stock", "orders", "payments"]).await;
    admin.0.adds(1, 1).await.expect(200);
    admin.0.checks_out("k").await.expect(201);
    assert_eq!(socket.receives_event("order.placed").await["topic"], "payments");
    let article = socket.receives_json().await;
    assert_eq!(article["topic"], "stock");
    assert_eq!(article["data"]["reserved"], 0);
    let order = socket.receives_json().await;
    assert_eq!(order["topic"], "payments");
    assert_eq!(order["id"], article["id"].as_u64().unwrap() + 1);
    socket.sends(json!({ "unsubscribe": ["stock", "payments"] })).await;
    assert_eq!(
        socket.receives_json().await,
        json!({ "reply": { "topics": ["catalogue", "orders"] } })
    );
    admin.changes_article(1, json!({ "on_hand": 5 })).await.expect(200);
    let changed = socket.receives_event("article.changed").await;
    assert_eq!(changed["topic"], "catalogue");
    assert_eq!(changed["data"]["on_hand"], json!(null));
}

#[actix_web::test]
async fn a_frame_that_is_not_a_command_is_answered_with_an_error() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let mut socket = Socket::open(&shop, &ana.token).await;
    for frame in [
        json!({ "subscribe": ["nothing"] }),
        json!({ "subscribe": "cart" }),
        json!({ "subscribe": ["cart"], "since": -1 }),
        json!({ "shout": true }),
        json!("hello"),
        json!(null),
        json!([["cart"], null, null, null, null]),
    ] {
        socket.sends_invalid(frame.clone()).await;
        assert!(socket.receives_json().await["error"]["code"].is_string(), "{frame}");
    }
    socket.sends(json!({ "ping": 7 })).await;
    assert_eq!(socket.receives_json().await, json!({ "reply": { "pong": 7 } }));
    socket.subscribes(&["cart"]).await;
    socket.sends(json!({ "unsubscribe": ["cart"] })).await;
    assert_eq!(socket.receives_json().await, json!({ "reply": { "topics": [] } }));
    ana.adds(1, 1).await.expect(200);
    socket.receives_nothing_more().await;
}

#[actix_web::test]
async fn a_program_receives_a_bye_when_the_server_shuts_down() {
    let mut shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let mut socket = Socket::open(&shop, &ana.token).await;
    socket.subscribes(&["cart"]).await;
    shop.stop();
    let bye = socket.receives_json().await["bye"].clone();
    assert_eq!(bye["code"], 1012);
    assert!(bye["retry_after_ms"].is_u64());
    assert_eq!(socket.is_closed().await.0, 1012);
}

impl Socket {
    /// Subscribes since an event, and returns the replayed events.
    async fn replays(&mut self, topics: &[&str], since: u64) -> Vec<Value> {
        self.sends(json!({ "subscribe": topics, "since": since })).await;
        assert_eq!(self.receives_json().await, json!({ "reply": { "topics": topics } }));
        self.sends(json!({ "ping": "replayed" })).await;
        let mut events = Vec::new();
        loop {
            let frame = self.receives_json().await;
            if frame["reply"]["pong"] == "replayed" {
                return events;
            }
            events.push(frame);
        }
    }
}

fn versions(carts: &[Value]) -> Vec<u64> {
    carts.iter().map(|cart| cart["data"]["version"].as_u64().unwrap()).collect()
}
