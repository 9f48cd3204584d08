//! How a shop handles a bank that fails.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::{Value, json};

use super::invalid_replies::{FakeBank, Reply, invalid_replies};
use super::process::BankProcess;
use crate::certificate::Certificate;
use crate::harness::{TestShop, single_node, until};
use crate::people::Person;

/// The number of orders that the shop accepts before the bank is killed.
const ORDERS_BEFORE_CRASH: usize = 20;

#[actix_web::test]
async fn an_invalid_reply_leaves_the_payment_open_until_the_bank_sends_a_valid_one() {
    let bank = FakeBank::open();
    // High limits, because the shop also looks up the earlier orders, without success.
    let settings =
        [("BANK__TIMEOUT", "300ms"), ("BANK__CALLS", "1000"), ("BREAKER__FAILURES", "100000")];
    let (shop, ana) = shop_with_bank(&bank.url, &settings).await;
    shop.admin().await.changes_article(2, json!({ "on_hand": 1_000 })).await.expect(200);
    let mut keys = BTreeSet::new();
    for (name, reply) in invalid_replies() {
        bank.replies(reply);
        ana.adds(2, 1).await.expect(200);
        let answer = ana.checks_out(&name.replace(' ', "-")).await;
        let order = &answer.json["order"];
        assert_eq!(
            (answer.status.as_u16(), &order["status"]),
            (202, &json!("pending_payment")),
            "{name}: {order}"
        );
        let payment = order["payment"]["status"].as_str().unwrap();
        assert!(["unknown", "submitting"].contains(&payment), "{name}: {payment}");
        assert_eq!(ana.cart().await["item_count"], 0, "{name}");
        keys.insert(format!("{}-1", id(order)));
    }
    assert!(bank.approved().is_empty());
    assert!(ana.order_list().await.iter().all(|order| order["status"] == "pending_payment"));
    bank.replies(Reply::Approve);
    until(async || ana.has_paid_everything().await.then_some(())).await;
    assert_eq!(bank.approved(), keys);
}

#[actix_web::test]
async fn a_simulated_bank_that_fails_hangs_or_panics_loses_no_order() {
    let settings = [("BANK__TIMEOUT", "300ms"), ("BREAKER__FAILURES", "100000")];
    let (shop, ana) = shop_with_bank("simulated", &settings).await;
    let admin = shop.admin().await;
    for mode in ["fail", "hang", "panic"] {
        admin.sets_bank(mode).await;
        ana.adds(2, 1).await.expect(200);
        let order = ana.checks_out(mode).await.expect(202).json["order"].clone();
        assert_eq!(
            (&order["status"], &order["payment"]["attempt"]),
            (&json!("pending_payment"), &json!(1)),
            "{mode}"
        );
    }
    admin.sets_bank("approve").await;
    until(async || ana.has_paid_everything().await.then_some(())).await;
}

#[actix_web::test]
async fn the_simulated_bank_rejects_invalid_behaviour_and_declines_a_percentage_of_charges() {
    single_node("each node lists its own calls to the bank");
    let (shop, ana) = shop_with_bank("simulated", &[]).await;
    let admin = shop.admin().await;
    for (field, value, code) in [
        ("decline_percent", 101, "out_of_range"),
        ("decline_percent", -1, "out_of_range"),
        ("decline_percents", 1, "unknown_field"),
    ] {
        let invalid = json!({ "latency_ms": 0, "mode": "approve", field: value });
        admin.0.send(Method::PUT, "/api/bank", invalid).await.expect_problem(422, code);
    }
    let declining =
        json!({ "latency_ms": 0, "mode": "approve", "decline_percent": 100, "seed": 7 });
    admin.0.send(Method::PUT, "/api/bank", declining.clone()).await.expect(200);
    assert_eq!(admin.0.get("/api/bank").await.expect(200).json["bank"], declining);
    ana.adds(1, 1).await.expect(200);
    let declined = ana.checks_out("k").await.expect_problem(402, "payment_declined");
    let calls = admin.0.get("/api/bank/calls").await.expect(200).json;
    assert_eq!((&calls["count"], &calls["total"]), (&json!(1), &json!(1)));
    let call = &calls["calls"][0];
    assert_eq!((&call["purpose"], &call["outcome"]), (&json!("charge"), &json!("declined")));
    let order = declined.json["order"]["id"].as_str().unwrap();
    assert_eq!(call["key"], format!("{order}-1"));
}

#[actix_web::test]
async fn a_call_during_which_the_bank_panics_is_listed_without_an_outcome() {
    let (shop, ana) = shop_with_bank("simulated", &[("ORDER__PATIENCE", "1s")]).await;
    let admin = shop.admin().await;
    admin.sets_bank("panic").await;
    ana.adds(1, 1).await.expect(200);
    ana.checks_out("k").await.expect(202);
    let calls = admin.0.get("/api/bank/calls").await.expect(200).json;
    assert_eq!(calls["calls"][0]["outcome"], json!(null));
}

#[actix_web::test]
async fn the_behaviour_of_a_bank_over_http_cannot_be_changed_through_the_shop() {
    let bank = FakeBank::open();
    let (shop, ana) = shop_with_bank(&bank.url, &[]).await;
    let admin = shop.admin().await.0;
    admin.get("/api/bank").await.expect_problem(404, "not_found");
    let behaviour = json!({ "latency_ms": 0, "mode": "decline" });
    admin.send(Method::PUT, "/api/bank", behaviour).await.expect_problem(404, "not_found");
    ana.get("/api/bank").await.expect_problem(403, "forbidden");
    ana.adds(1, 1).await.expect(200);
    ana.checks_out("k").await.expect(201);
}

#[actix_web::test]
async fn a_bank_over_https_receives_requests_only_if_its_certificate_is_trusted() {
    let trusted = Certificate::new();
    let untrusted = Certificate::new();
    let bank = FakeBank::open_with(&trusted);
    let shop_trusting = async |certificate: &Certificate| {
        shop_with_bank(&bank.url, &[("SSL_CERT_FILE", certificate.file().to_str().unwrap())]).await
    };
    let (_shop, ana) = shop_trusting(&untrusted).await;
    ana.adds(2, 1).await.expect(200);
    ana.checks_out("k").await.expect_problem(503, "payment_not_sent");
    assert!(bank.approved().is_empty());
    let (_shop, ana) = shop_trusting(&trusted).await;
    ana.adds(2, 1).await.expect(200);
    let order = ana.checks_out("k").await.expect(201).json["order"].clone();
    assert_eq!(bank.approved(), [format!("{}-1", id(&order))].into());
}

#[actix_web::test]
async fn a_bank_over_plain_http_needs_no_installed_certificates() {
    let bank = FakeBank::open();
    let (_shop, ana) = shop_with_bank(&bank.url, &[("SSL_CERT_FILE", "/dev/null")]).await;
    ana.adds(2, 1).await.expect(200);
    ana.checks_out("k").await.expect(201);
}

#[actix_web::test]
async fn a_bank_that_crashes_under_load_charges_once_for_each_order_after_its_restart() {
    let mut bank = BankProcess::open().await;
    bank.send(Method::PUT, "/behaviour", json!({ "latency_ms": 50, "mode": "approve" }))
        .await
        .expect(200);
    let (shop, ana) = shop_with_bank(&bank.url, &[("BREAKER__OPEN", "1s")]).await;
    shop.admin().await.changes_article(2, json!({ "on_hand": 10_000 })).await.expect(200);
    let mut shoppers = vec![ana];
    for name in ["bela", "cora", "dino"] {
        shoppers.push(shop.customer(name).await);
    }
    let accepted = AtomicUsize::new(0);
    let crash = async {
        until(async || (accepted.load(Ordering::SeqCst) >= ORDERS_BEFORE_CRASH).then_some(()))
            .await;
        bank.kill();
    };
    let purchases = shoppers.iter().map(|shopper| shopper.buys_until_refused(&accepted));
    join(crash, join_all(purchases)).await;
    let article = shoppers[0].get("/api/articles/2").await.expect(200).json["article"].clone();
    let accepted = accepted.into_inner();
    assert_eq!(article["available"], 10_000 - accepted, "a refused order reserves nothing");

    bank.start_again();
    bank.behaves("approve").await;
    let mut orders = Vec::new();
    for shopper in &shoppers {
        until(async || shopper.pays_again().await.then_some(())).await;
        orders.extend(shopper.order_list().await);
    }
    assert_eq!(orders.len(), accepted);
    for order in orders {
        let attempts = 1..=order["payment"]["attempt"].as_u64().unwrap();
        let statuses = join_all(attempts.map(|attempt| bank.status_of(&order, attempt))).await;
        let charges = statuses.iter().filter(|status| **status == 200).count();
        assert_eq!(charges, 1, "{order}: {statuses:?}");
        assert!(statuses.iter().all(|status| [200, 404].contains(status)), "{order}: {statuses:?}");
    }
    shoppers[0].checks_out("remaining-unit").await.expect(201);
}

impl BankProcess {
    /// Looks up a payment attempt and returns the HTTP status.
    pub(super) async fn status_of(&self, order: &Value, attempt: u64) -> u16 {
        self.lookup(&format!("{}-{attempt}", id(order))).await.status.as_u16()
    }
}

impl Person {
    /// Orders single units until the shop refuses payments. Counts the accepted orders.
    async fn buys_until_refused(&self, accepted: &AtomicUsize) {
        for number in 1.. {
            self.adds(2, 1).await.expect(200);
            let cart = self.cart().await;
            let answer = self.checks_out(&format!("order-{number}")).await;
            if answer.json["code"] == "payment_unavailable" {
                assert_eq!(
                    answer.expect_problem(503, "payment_unavailable").headers["retry-after"],
                    "1"
                );
                let after = self.cart().await;
                assert_eq!(
                    (&after["version"], &after["item_count"]),
                    (&cart["version"], &json!(1))
                );
                return;
            }
            let is_accepted = [201, 202].contains(&answer.status.as_u16())
                || answer.json["code"] == "payment_not_sent";
            assert!(is_accepted, "{}", answer.json);
            accepted.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Pays again for each order whose payment was not sent. Returns whether all orders are paid.
    async fn pays_again(&self) -> bool {
        for order in
            self.order_list().await.iter().filter(|order| order["payment"]["status"] == "not_sent")
        {
            let request = self.request(Method::POST, &format!("/api/orders/{}/pay", id(order)));
            let key = format!("{}-after-{}", id(order), order["payment"]["attempt"]);
            request.header("idempotency-key", key).send().await.unwrap();
        }
        self.has_paid_everything().await
    }

    async fn has_paid_everything(&self) -> bool {
        self.order_list().await.iter().all(|order| order["status"] == "paid")
    }

    async fn order_list(&self) -> Vec<Value> {
        let list = self.get("/api/orders?limit=100").await.expect(200).json["orders"]
            .as_array()
            .unwrap()
            .clone();
        assert!(list.len() < 100, "the list may be incomplete");
        list
    }
}

pub(super) fn id(order: &Value) -> &str {
    order["id"].as_str().unwrap()
}

/// Opens a shop with a bank, and registers a customer, who may have any number of unpaid orders.
pub(super) async fn shop_with_bank(url: &str, settings: &[(&str, &str)]) -> (TestShop, Person) {
    let own = [("BANK__URL", url), ("ORDER__UNPAID_PER_USER", "1000")];
    let shop = TestShop::open_with(&[&own, settings].concat()).await;
    let ana = shop.customer("ana").await;
    (shop, ana)
}
