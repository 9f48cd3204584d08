//! Commands of the API that are repeated with the same idempotency key.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use actix_web::rt::time::sleep;
use futures_util::future::join;
use reqwest::Method;
use serde_json::{Value, json};

use crate::hanging_network::HangingNetwork;
use crate::harness::{TestShop, single_node, until};
use crate::node;
use crate::people::{Answer, Person};
use crate::redis_server::RedisServer;

/// Sends a command with a key.
async fn sends(person: &Person, key: &str, path: &str, body: Value) -> Answer {
    let request = person.request(Method::POST, path).header("idempotency-key", key);
    person.receives(request.json(&body)).await
}

/// The command to add a piece to the cart.
fn piece(article: u64) -> Value {
    json!({ "article_id": article, "quantity": 1 })
}

#[actix_web::test]
async fn a_repeated_command_takes_effect_once_and_gets_the_same_answer() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    let bob = shop.customer("bob").await;
    let first = sends(&ana, "k", "/api/cart/items", piece(1)).await.expect(200);
    for _ in 0..3 {
        let again = sends(&ana, "k", "/api/cart/items", piece(1)).await.expect(200);
        assert_eq!(
            (again.json, &again.headers["etag"]),
            (first.json.clone(), &first.headers["etag"])
        );
        assert_eq!(again.headers["content-type"], "application/json");
    }
    assert_eq!(ana.cart().await["item_count"], 1);
    sends(&ana, "k", "/api/cart/items", piece(2))
        .await
        .expect_problem(422, "idempotency_key_reused");
    let cleared = ana.request(Method::DELETE, "/api/cart").header("idempotency-key", "k");
    ana.receives(cleared).await.expect_problem(422, "idempotency_key_reused");
    sends(&ana, "clé", "/api/cart/items", piece(1))
        .await
        .expect_problem(400, "invalid_idempotency_key");
    assert_eq!(ana.cart().await["item_count"], 1);
    // Keys belong to a user, and a refused command may be repeated.
    sends(&bob, "k", "/api/cart/items", piece(1)).await.expect(200);
    sends(&bob, "new", "/api/cart/items", piece(99)).await.expect_problem(404, "article_not_found");
    sends(&bob, "new", "/api/cart/items", piece(1)).await.expect(200);
    assert_eq!(bob.cart().await["item_count"], 2);

    let lamp = json!({ "name": "Lamp", "price_cents": 100, "on_hand": 1 });
    let added = sends(&admin.0, "k", "/api/articles", lamp.clone()).await.expect(201);
    let again = sends(&admin.0, "k", "/api/articles", lamp).await.expect(201);
    assert_eq!((again.json, &again.headers["location"]), (added.json, &added.headers["location"]));
    let user = json!({ "username": "eve", "password": "correct horse", "role": "customer" });
    let eve = sends(&admin.0, "eve", "/api/users", user.clone()).await.expect(201).json;
    assert_eq!(sends(&admin.0, "eve", "/api/users", user).await.expect(201).json, eve);
    let path = format!("/api/users/{}/reset-link", eve["user"]["id"].as_str().unwrap());
    let links = [
        sends(&admin.0, "link", &path, json!({})).await.json,
        sends(&admin.0, "link", &path, json!({})).await.json,
    ];
    assert_ne!(links[0], links[1]);
}

#[actix_web::test]
async fn a_command_whose_client_is_gone_takes_effect_once_with_its_repetitions() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let host = shop.url.trim_start_matches("http://");
    for round in 1..=10 {
        let key = format!("k{round}");
        let body = piece(2).to_string();
        let request = format!(
            "POST /api/cart/items HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n\
             idempotency-key: {key}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            ana.token,
            body.len()
        );
        let mut gone = TcpStream::connect(host).unwrap();
        gone.write_all(request.as_bytes()).unwrap();
        drop(gone);
        let answered = until(async || {
            let again = sends(&ana, &key, "/api/cart/items", piece(2)).await;
            (again.status != 409).then_some(again)
        });
        assert_eq!(answered.await.expect(200).json["cart"]["item_count"], round);
    }
}

#[actix_web::test]
async fn a_command_is_repeated_until_it_is_answered_and_takes_effect_once() {
    let redis = RedisServer::start();
    let network = HangingNetwork::before(&redis);
    let shop = node::node(&redis, &[("STORE__URL", &network.url)]).await;
    let ana = shop.customer("ana").await;
    for round in 1..=9 {
        // The reply to the commit of the key, of the command or of the answer.
        network.loses_reply(round % 3 + 1);
        let key = format!("k{round}");
        let answered = until(async || {
            let answer = sends(&ana, &key, "/api/cart/items", piece(2)).await;
            assert_ne!(answer.status, 409);
            (answer.status == 200).then_some(answer)
        });
        assert_eq!(answered.await.json["cart"]["item_count"], round);
        // The server goes on storing the answer if its first try failed: 409 until then.
        let again = until(async || {
            let again = sends(&ana, &key, "/api/cart/items", piece(2)).await;
            (again.status != 409).then(|| again.expect(200))
        });
        assert_eq!(again.await.json["cart"]["item_count"], round);
    }
}

#[actix_web::test]
async fn a_command_that_a_crash_interrupted_is_repeated_and_counts_once() {
    single_node("nginx answers for a shop that is down");
    let mut shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    for round in 1..=8_u64 {
        let key = format!("k{round}");
        let first = join(sends_to_crash(&ana, &key), async {
            sleep(Duration::from_micros(400 * round)).await;
            shop.kill();
        });
        first.await;
        shop.start_again();
        let again = sends(&ana, &key, "/api/cart/items", piece(2)).await.expect(200);
        assert_eq!(again.json["cart"]["item_count"], round);
    }
}

/// Sends the command to add a piece, which may not be answered.
async fn sends_to_crash(person: &Person, key: &str) {
    let request = person.request(Method::POST, "/api/cart/items").header("idempotency-key", key);
    let _ = request.json(&piece(2)).send().await;
}

#[actix_web::test]
async fn a_command_that_arrives_at_two_nodes_takes_effect_once() {
    let redis = RedisServer::start();
    let nodes = [node::node(&redis, &[]).await, node::node(&redis, &[]).await];
    let ana = nodes[0].customer("ana").await;
    for round in 1..=10 {
        let [here, there] = nodes.each_ref().map(|node| ana.at(node));
        let key = format!("k{round}");
        let (first, second) = join(
            sends(&here, &key, "/api/cart/items", piece(2)),
            sends(&there, &key, "/api/cart/items", piece(2)),
        )
        .await;
        let statuses = [first.status.as_u16(), second.status.as_u16()];
        assert!(statuses.contains(&200), "{statuses:?}");
        assert!(statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
        assert_eq!(there.cart().await["item_count"], round);
    }
}
