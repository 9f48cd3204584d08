//! The orders of the walk: one in every state.

use std::cell::Cell;

use reqwest::Method;
use serde_json::{Value, json};

use super::long;
use crate::harness::{TestShop, until};
use crate::people::{Admin, Answer, Person};

/// The settings of the shop: no order expires, and the bank may fail and take its time.
const SETTINGS: [(&str, &str); 9] = [
    ("AUTH__THROTTLE", "false"),
    ("LOG__FILTER", "error"),
    ("BANK__CALLS", "100"),
    ("BANK__TIMEOUT", "60s"),
    ("BREAKER__FAILURES", "1000000"),
    ("ORDER__EXPIRY", "24h"),
    ("ORDER__DECLINED_HOLD", "24h"),
    ("ORDER__PATIENCE", "200ms"),
    ("ORDER__UNPAID_PER_USER", "1000"),
];

/// The article of every order.
const ORDERED: u64 = 4;

/// How many orders a page of the list shows.
const ONE_PAGE: usize = 20;

/// The place of the setting that says when an unpaid order expires.
const EXPIRY: usize = 5;

/// The orders of a customer: the state of each and its id.
pub(super) struct Orders {
    placed: Vec<(&'static str, String)>,
    keys: Cell<u32>,
}

impl Orders {
    /// Opens a shop in which orders expire at once.
    pub(super) async fn shop() -> TestShop {
        let mut settings = SETTINGS;
        settings[EXPIRY].1 = "1s";
        TestShop::open_with(&settings).await
    }

    /// Places an order in every state. The shop starts again between two of them.
    pub(super) async fn of(mut shop: TestShop, customer: &Person) -> (TestShop, Admin, Self) {
        let mut orders = Self { placed: Vec::new(), keys: Cell::new(0) };
        let admin = shop.admin().await;
        admin.changes_article(ORDERED, json!({ "on_hand": 1_000 })).await.expect(200);
        admin.sets_bank("refuse").await;
        let expired = orders.places("expired", customer).await;
        until(async || (status(customer, &expired).await == "expired").then_some(())).await;
        shop.stop();
        shop.set(SETTINGS[EXPIRY].0, SETTINGS[EXPIRY].1);
        shop.start_again();

        admin.sets_bank("approve").await;
        for _ in 0..ONE_PAGE {
            orders.order(customer).await;
        }
        admin.sets_bank("refuse").await;
        orders.places("not sent", customer).await;
        admin.sets_bank("decline").await;
        orders.places("declined", customer).await;
        let cancelled = orders.places("cancelled", customer).await;
        moves(customer, &cancelled, "cancel").await;
        admin.sets_bank("approve").await;
        for (state, steps) in [
            ("paid", &[][..]),
            ("shipped", &["ship"]),
            ("delivered", &["ship", "deliver"]),
            ("refunded", &["refund"]),
        ] {
            let id = orders.places(state, customer).await;
            for step in steps {
                moves(&admin.0, &id, step).await;
            }
        }
        admin.sets_bank("fail").await;
        orders.places("unknown", customer).await;
        let cancelling = orders.places("cancelled soon", customer).await;
        moves(customer, &cancelling, "cancel").await;
        (shop, admin, orders)
    }

    /// Returns the state and the id of every order; the first one was never paid.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        let unpaid_first = self.placed.iter().skip(1).chain(self.placed.iter().take(1));
        unpaid_first.map(|(state, id)| (*state, id.as_str()))
    }

    /// Places an order that the bank does not answer for a minute.
    pub(super) async fn submits(&self, admin: &Admin, customer: &Person) -> String {
        let hang = json!({ "latency_ms": 0, "mode": "hang" });
        admin.0.send(Method::PUT, "/api/bank", hang).await.expect(200);
        let id = self.order(customer).await;
        admin.sets_bank("fail").await;
        id
    }

    async fn places(&mut self, state: &'static str, customer: &Person) -> String {
        let id = self.order(customer).await;
        self.placed.push((state, id.clone()));
        id
    }

    async fn order(&self, customer: &Person) -> String {
        self.keys.set(self.keys.get() + 1);
        customer.delete("/api/cart").await.expect(200);
        customer.adds(ORDERED, 1).await.expect(200);
        let cart = customer.cart().await;
        let body = json!({
            "cart_version": cart["version"], "expected_total_cents": cart["total_cents"],
            "name": long("Wolkenbruch"),
            "email": format!("{}@{}.example", long("ana"), &long("mail")[1..]),
            "address": format!("{}\n29200 {}", long("Landstrasse"), long("Hafenstadt")),
        });
        let key = format!("tour-{}", self.keys.get());
        let request = customer.request(Method::POST, "/api/orders");
        request.header("idempotency-key", key).json(&body).send().await.unwrap();
        let orders = customer.get("/api/orders").await.expect(200).json;
        orders["orders"][0]["id"].as_str().unwrap().to_owned()
    }
}

async fn status(customer: &Person, id: &str) -> Value {
    customer.get(&format!("/api/orders/{id}")).await.expect(200).json["order"]["status"].clone()
}

async fn moves(person: &Person, id: &str, step: &str) {
    let path = format!("/api/orders/{id}/{step}");
    let request = person.request(Method::POST, &path).header("idempotency-key", &path);
    let answer = Answer::to(request).await;
    assert!(answer.status.is_success(), "{step}: {}", answer.json);
}
