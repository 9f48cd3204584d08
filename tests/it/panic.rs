//! Actors that panic: at most one request is refused, no data is lost, and the next request
//! succeeds.

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::harness::TestShop;
use crate::metrics::counts;
use crate::people::{Admin, Answer, Person, signs_in};
use crate::socket::Socket;

/// A failpoint for each actor, with the number of messages it handles before it panics. By then it
/// has state that it could lose.
const PANICS: [&str; 9] = [
    "sessions=1*off->1*panic->off",
    "users=2*off->1*panic->off",
    "catalogue=1*off->1*panic->off",
    "carts=3*off->1*panic->off",
    "cart=3*off->1*panic->off",
    "payments=1*off->1*panic->off",
    "orders=1*off->1*panic->off",
    "statistics=1*off->1*panic->off",
    "hub=5*off->1*panic->off",
];

/// The settings of a shop that panics: without a log.
const QUIET: [(&str, &str); 1] = [("LOG__FILTER", "off")];

#[actix_web::test]
async fn a_panic_of_any_actor_refuses_at_most_one_request_and_loses_nothing() {
    for failpoint in PANICS {
        eprintln!("{failpoint}");
        let mut visit = Visit::begin(failpoint).await;
        for round in 1..=2 {
            visit.uses_every_actor(round).await;
        }
        visit.has_lost_nothing().await;
        let actor = failpoint.split('=').next().unwrap();
        // The metric has no entry for single carts, because there are too many of them.
        if actor == "cart" {
            assert_eq!(visit.refused, 1);
        } else {
            assert!(visit.refused <= 1);
            let restarts = format!("microshop_actor_restarts_total{{actor=\"{actor}\"}}");
            counts(&visit.admin, &restarts, 1).await;
        }
        visit.shop.stop();
        assert_eq!(visit.shop.check_findings(), "");
    }
}

#[actix_web::test]
async fn an_open_breaker_stays_open_after_its_actor_panics() {
    let settings = [QUIET[0], ("ORDER__UNPAID_PER_USER", "4")];
    let shop = TestShop::open_to_fail(&settings, "payments=3*off->1*panic->off").await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
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
async fn a_program_is_disconnected_when_the_hub_panics_and_misses_no_event_when_it_reconnects() {
    let shop = TestShop::open_to_fail(&QUIET, "hub=5*off->1*panic->off").await;
    let ana = shop.customer("ana").await;
    let mut socket = Socket::open(&shop, &ana.token).await;
    socket.subscribes(&["cart"]).await;
    let first = ana.adds(1, 1).await.expect(200).json;
    let first_version = first["cart"]["version"].as_u64().unwrap();
    for _ in 1..10 {
        ana.adds(1, 1).await.expect(200);
    }
    let mut versions = Vec::new();
    let mut since = 0;
    loop {
        let frame = socket.receives_json().await;
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
    again.sends(json!({ "subscribe": ["cart"], "since": since })).await;
    ana.adds(1, 1).await.expect(200);
    while versions.len() < 11 {
        versions
            .push(again.receives_event("cart.changed").await["data"]["version"].as_u64().unwrap());
    }
    assert_eq!(versions, (first_version..first_version + 11).collect::<Vec<_>>());
    again.receives_nothing_more().await;
}

/// A visit to a shop in which an actor panics.
struct Visit {
    shop: TestShop,
    admin: Admin,
    ana: Person,
    cookie: String,
    /// The number of refused requests.
    refused: u32,
}

impl Visit {
    async fn begin(failpoint: &str) -> Self {
        let shop = TestShop::open_to_fail(&QUIET, failpoint).await;
        let admin = shop.admin().await;
        let ana = shop.customer("ana").await;
        admin.sets_bank("approve").await;
        let cookie = signs_in(&shop, "ana", "correct horse").await;
        Self { shop, admin, ana, cookie, refused: 0 }
    }

    /// Fills the cart, changes the price, signs in, reads a page and orders three units.
    async fn uses_every_actor(&mut self, round: u64) {
        for units in 1..=3 {
            let add = json!({ "article_id": 2, "quantity": 1 });
            let add = self.ana.request(Method::POST, "/api/cart/items").json(&add);
            assert_eq!(self.send(add).await.expect(200).json["cart"]["item_count"], units);
        }
        let price = json!({ "price_cents": 100 * round });
        let change = self.admin.0.request(Method::PATCH, "/api/articles/2").json(&price);
        self.send(change).await.expect(200);
        let credentials = json!({ "username": "ana", "password": "correct horse" });
        let login = self.shop.request(Method::POST, "/auth/login").json(&credentials);
        self.send(login).await.expect(200);
        let page = self.shop.request(Method::GET, "/orders").header("cookie", &self.cookie);
        self.send(page).await.expect(200);
        let cart = self.send(self.ana.request(Method::GET, "/api/cart")).await.expect(200).json;
        let version = cart["cart"]["version"].as_u64().unwrap();
        let order = self.ana.ordering(&round.to_string(), version, 300 * round);
        let order = self.send(order).await.expect(201).json["order"].clone();
        assert_eq!(order["status"], "paid");
        assert_eq!(order["payment"]["attempt"], 1);
    }

    /// Checks that both orders exist, and that their units are sold once.
    async fn has_lost_nothing(&self) {
        let orders = self.ana.get("/api/orders").await.expect(200).json["orders"].clone();
        let totals: Vec<_> = orders
            .as_array()
            .unwrap()
            .iter()
            .map(|order| order["total_cents"].as_u64().unwrap())
            .collect();
        assert_eq!(totals, [600, 300]);
        let article = self.ana.get("/api/articles/2").await.expect(200).json["article"].clone();
        assert_eq!(article["available"], 9);
    }

    /// Sends a request, and repeats it once if the shop returns 503.
    async fn send(&mut self, request: RequestBuilder) -> Answer {
        let again = request.try_clone().unwrap();
        let answer = Answer::to(request).await;
        if answer.status != 503 {
            return answer;
        }
        self.refused += 1;
        Answer::to(again).await
    }
}
