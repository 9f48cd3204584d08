//! What a shop makes of its bank's troubles.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::{Value, json};

use super::certificate::Certificate;
use super::foreign::{ForeignBank, Manner, nonsense};
use super::process::BankProcess;
use crate::harness::{TestShop, until};
use crate::people::Person;

/// How many orders are accepted before the bank dies.
const BEFORE_DEATH: usize = 20;

#[actix_web::test]
async fn nonsense_leaves_an_order_open_until_the_bank_makes_sense() {
    let foreign = ForeignBank::open();
    // The orders before are asked for meanwhile, in vain.
    let settings =
        [("BANK__TIMEOUT", "300ms"), ("BANK__CALLS", "1000"), ("BREAKER__FAILURES", "100000")];
    let (shop, ana) = shop_with_bank(&foreign.url, &settings).await;
    shop.admin().await.changes_article(2, json!({ "on_hand": 1_000 })).await.expect(200);
    let mut keys = BTreeSet::new();
    for (name, manner) in nonsense() {
        foreign.will(manner);
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
    assert!(foreign.approved().is_empty());
    assert!(ana.order_list().await.iter().all(|order| order["status"] == "pending_payment"));
    foreign.will(Manner::Approves);
    until(async || ana.has_paid_everything().await.then_some(())).await;
    assert_eq!(foreign.approved(), keys);
}

#[actix_web::test]
async fn a_bank_inside_the_shop_that_fails_hangs_or_panics_harms_no_order() {
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
async fn the_bank_inside_the_shop_takes_no_odd_behaviour_and_declines_by_chance() {
    let (shop, ana) = shop_with_bank("simulated", &[]).await;
    let admin = shop.admin().await;
    for (field, value, code) in [
        ("decline_percent", 101, "out_of_range"),
        ("decline_percent", -1, "out_of_range"),
        ("decline_percents", 1, "unknown_field"),
    ] {
        let odd = json!({ "latency_ms": 0, "mode": "approve", field: value });
        admin.0.send(Method::PUT, "/api/bank", odd).await.expect_problem(422, code);
    }
    let whimsical =
        json!({ "latency_ms": 0, "mode": "approve", "decline_percent": 100, "seed": 7 });
    admin.0.send(Method::PUT, "/api/bank", whimsical.clone()).await.expect(200);
    assert_eq!(admin.0.get("/api/bank").await.expect(200).json["bank"], whimsical);
    ana.adds(1, 1).await.expect(200);
    ana.checks_out("k").await.expect_problem(402, "payment_declined");
}

#[actix_web::test]
async fn how_a_bank_elsewhere_behaves_is_its_own_business() {
    let foreign = ForeignBank::open();
    let (shop, ana) = shop_with_bank(&foreign.url, &[]).await;
    let admin = shop.admin().await.0;
    admin.get("/api/bank").await.expect_problem(404, "not_found");
    let behaviour = json!({ "latency_ms": 0, "mode": "decline" });
    admin.send(Method::PUT, "/api/bank", behaviour).await.expect_problem(404, "not_found");
    ana.get("/api/bank").await.expect_problem(403, "forbidden");
    ana.adds(1, 1).await.expect(200);
    ana.checks_out("k").await.expect(201);
}

#[actix_web::test]
async fn a_bank_asked_by_https_charges_if_its_certificate_is_trusted_and_hears_nothing_otherwise() {
    let (its_own, another) = (Certificate::new(), Certificate::new());
    let foreign = ForeignBank::open_with(&its_own);
    let trusts = async |certificate: &Certificate| {
        shop_with_bank(&foreign.url, &[("SSL_CERT_FILE", certificate.file().to_str().unwrap())])
            .await
    };
    let (_shop, ana) = trusts(&another).await;
    ana.adds(2, 1).await.expect(200);
    ana.checks_out("k").await.expect_problem(503, "payment_not_sent");
    assert!(foreign.approved().is_empty());
    let (_shop, ana) = trusts(&its_own).await;
    ana.adds(2, 1).await.expect(200);
    let order = ana.checks_out("k").await.expect(201).json["order"].clone();
    assert_eq!(foreign.approved(), [format!("{}-1", id(&order))].into());
}

#[actix_web::test]
async fn a_bank_asked_by_http_is_asked_also_where_no_certificates_are_installed() {
    let foreign = ForeignBank::open();
    let (_shop, ana) = shop_with_bank(&foreign.url, &[("SSL_CERT_FILE", "/dev/null")]).await;
    ana.adds(2, 1).await.expect(200);
    ana.checks_out("k").await.expect(201);
}

#[actix_web::test]
async fn a_bank_that_dies_under_load_is_left_alone_and_charges_once_for_each_order_when_it_is_back()
{
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
    let dies = async {
        until(async || (accepted.load(Ordering::SeqCst) >= BEFORE_DEATH).then_some(())).await;
        bank.kill();
    };
    join(dies, join_all(shoppers.iter().map(|shopper| shopper.buys_until_turned_away(&accepted))))
        .await;
    let article = shoppers[0].get("/api/articles/2").await.expect(200).json["article"].clone();
    let accepted = accepted.into_inner();
    assert_eq!(article["available"], 10_000 - accepted, "whoever was turned away took nothing");

    bank.start_again();
    bank.behaves("approve").await;
    let mut orders = Vec::new();
    for shopper in &shoppers {
        until(async || shopper.has_everything_paid().await.then_some(())).await;
        orders.extend(shopper.order_list().await);
    }
    assert_eq!(orders.len(), accepted);
    for order in orders {
        let attempts = 1..=order["payment"]["attempt"].as_u64().unwrap();
        let known = join_all(attempts.map(|attempt| bank.knows_attempt(&order, attempt))).await;
        assert_eq!(known.iter().filter(|status| **status == 200).count(), 1, "{order}: {known:?}");
        assert!(known.iter().all(|status| [200, 404].contains(status)), "{order}: {known:?}");
    }
    shoppers[0].checks_out("what-stayed-in-the-cart").await.expect(201);
}

impl BankProcess {
    /// The status with which the bank says what it has decided on an attempt to have an order paid.
    pub(super) async fn knows_attempt(&self, order: &Value, attempt: u64) -> u16 {
        self.knows(&format!("{}-{attempt}", id(order))).await.status.as_u16()
    }
}

impl Person {
    /// Buys piece after piece until no payment can be made, and counts what was accepted.
    async fn buys_until_turned_away(&self, accepted: &AtomicUsize) {
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

    /// Pays again for what the bank was never asked; whether everything is paid by now.
    async fn has_everything_paid(&self) -> bool {
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
        assert!(list.len() < 100, "there may be more");
        list
    }
}

pub(super) fn id(order: &Value) -> &str {
    order["id"].as_str().unwrap()
}

/// A shop with a bank, and a customer of it.
async fn shop_with_bank(url: &str, settings: &[(&str, &str)]) -> (TestShop, Person) {
    let shop = TestShop::open_with(&[&[("BANK__URL", url)], settings].concat()).await;
    let ana = shop.customer("ana").await;
    (shop, ana)
}
