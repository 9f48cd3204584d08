//! Actors that panic: at most the one request is refused, nothing is lost, and the next request works.

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::harness::TestShop;
use crate::metrics::counts;
use crate::people::{Answer, signs_in};
use crate::socket::Socket;

/// Every actor, and how much it does before it panics: enough to have something to lose.
const PANICS: [&str; 8] = [
    "sessions=1*off->1*panic->off",
    "users=2*off->1*panic->off",
    "catalogue=1*off->1*panic->off",
    "carts=3*off->1*panic->off",
    "cart=3*off->1*panic->off",
    "payments=1*off->1*panic->off",
    "orders=1*off->1*panic->off",
    "hub=5*off->1*panic->off",
];

/// What a shop that is to panic writes down of it.
const QUIET: [(&str, &str); 1] = [("LOG__FILTER", "off")];

#[actix_web::test]
async fn whichever_actor_panics_at_most_one_request_is_refused_and_nothing_is_lost() {
    for panics in PANICS {
        let shop = TestShop::open_to_fail(&QUIET, panics).await;
        let (admin, ana) = (shop.admin().await, shop.customer("ana").await);
        admin.sets_bank("approve").await;
        let cookie = signs_in(&shop, "ana", "correct horse").await;
        let mut refused = 0;
        for round in 1..=2_u64 {
            for pieces in 1..=3 {
                let add = json!({ "article_id": 2, "quantity": 1 });
                let add = ana.request(Method::POST, "/api/cart/items").json(&add);
                let cart = twice_at_most(add, &mut refused).await.expect(200).json["cart"].clone();
                assert_eq!(cart["item_count"], pieces, "{panics}");
            }
            let change = admin
                .0
                .request(Method::PATCH, "/api/articles/2")
                .json(&json!({ "price_cents": 100 * round }));
            twice_at_most(change, &mut refused).await.expect(200);
            let login = json!({ "username": "ana", "password": "correct horse" });
            twice_at_most(shop.request(Method::POST, "/auth/login").json(&login), &mut refused)
                .await
                .expect(200);
            let page = shop.request(Method::GET, "/orders").header("cookie", &cookie);
            twice_at_most(page, &mut refused).await.expect(200);
            let cart = twice_at_most(ana.request(Method::GET, "/api/cart"), &mut refused)
                .await
                .expect(200)
                .json;
            let order = json!({
                "cart_version": cart["cart"]["version"], "expected_total_cents": 300 * round,
                "name": "Ana", "email": "ana@example.org", "address": "1 Quay Street",
            });
            let order = ana
                .request(Method::POST, "/api/orders")
                .header("idempotency-key", round.to_string())
                .json(&order);
            let order = twice_at_most(order, &mut refused).await.expect(201).json["order"].clone();
            assert_eq!(
                (&order["status"], &order["payment"]["attempt"]),
                (&json!("paid"), &json!(1)),
                "{panics}"
            );
        }
        let orders = ana.get("/api/orders").await.expect(200).json["orders"].clone();
        let totals: Vec<_> = orders
            .as_array()
            .unwrap()
            .iter()
            .map(|order| order["total_cents"].as_u64().unwrap())
            .collect();
        assert_eq!(totals, [600, 300], "{panics}");
        assert_eq!(
            ana.get("/api/articles/2").await.expect(200).json["article"]["available"],
            9,
            "{panics}"
        );
        let actor = panics.split('=').next().unwrap();
        assert!(refused <= 1, "{panics}");
        // Carts, of which there are many, are not counted.
        if actor == "cart" {
            assert_eq!(refused, 1);
        } else {
            counts(&admin, &format!("microshop_actor_restarts_total{{actor=\"{actor}\"}}"), 1)
                .await;
        }
    }
}

#[actix_web::test]
async fn an_open_breaker_stays_open_though_its_actor_panics() {
    let shop = TestShop::open_to_fail(&QUIET, "payments=3*off->1*panic->off").await;
    let (admin, ana) = (shop.admin().await, shop.customer("ana").await);
    admin.sets_bank("refuse").await;
    for key in ["a", "b", "c"] {
        ana.adds(1, 1).await.expect(200);
        ana.checks_out(key).await.expect_problem(503, "payment_not_sent");
    }
    let breaker = admin.0.get("/api/breaker").await.expect(200).json["breaker"].clone();
    ana.adds(1, 1).await.expect(200);
    ana.checks_out("d").await.expect_problem(503, "unavailable");
    ana.checks_out("d").await.expect_problem(503, "payment_unavailable");
    assert_eq!(breaker["state"]["state"], "open");
    assert_eq!(admin.0.get("/api/breaker").await.expect(200).json["breaker"], breaker);
    assert_eq!(ana.cart().await["item_count"], 1);
}

#[actix_web::test]
async fn a_program_whose_hub_panics_is_sent_away_and_misses_nothing_when_it_comes_back() {
    let shop = TestShop::open_to_fail(&QUIET, "hub=5*off->1*panic->off").await;
    let ana = shop.customer("ana").await;
    let mut socket = Socket::open(&shop, &ana.token).await;
    socket.listens(&["cart"]).await;
    for _ in 0..10 {
        ana.adds(1, 1).await.expect(200);
    }
    let (mut versions, mut since) = (Vec::new(), 0);
    loop {
        let frame = socket.hears_json().await;
        if frame["bye"].is_object() {
            assert_eq!(frame["bye"]["code"], 1013);
            break;
        }
        versions.push(frame["data"]["version"].as_u64().unwrap());
        since = frame["id"].as_u64().unwrap();
    }
    assert_eq!(socket.is_closed().await.0, 1013);
    assert!(versions.len() < 10, "{versions:?}");
    let mut again = Socket::open(&shop, &ana.token).await;
    again.say(json!({ "subscribe": ["cart"], "since": since })).await;
    ana.adds(1, 1).await.expect(200);
    while versions.len() < 11 {
        versions.push(again.hears_of("cart.changed").await["data"]["version"].as_u64().unwrap());
    }
    assert_eq!(versions, (1..=11).collect::<Vec<_>>());
    again.hears_nothing_more().await;
}

/// The answer to a request, or if that is a refusal for now, the answer to the very next one.
async fn twice_at_most(request: RequestBuilder, refused: &mut u32) -> Answer {
    let again = request.try_clone().unwrap();
    let answer = Answer::of(request.send().await.unwrap()).await;
    if answer.status != 503 {
        return answer;
    }
    *refused += 1;
    Answer::of(again.send().await.unwrap()).await
}
