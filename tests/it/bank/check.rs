//! `microshop check` compares the orders with the decisions of a bank over HTTP.

use reqwest::Method;
use serde_json::Value;

use super::process::BankProcess;
use crate::harness::TestShop;
use crate::people::{Answer, Person};

#[actix_web::test]
async fn a_check_looks_up_every_charge_and_reports_every_difference() {
    let mut bank = BankProcess::open().await;
    let mut shop = TestShop::open_with(&[("BANK__URL", &bank.url)]).await;
    let [paid, cancelled, refunded] = places_orders_of_every_kind(&shop, &bank).await;
    shop.stop();
    assert_eq!(shop.check_findings(), "");

    bank.voids(&format!("{paid}-1")).await.expect(200);
    let findings = shop.check_findings();
    let voided = format!("order {paid}, attempt 1: the bank reports voided, but the order is Paid");
    assert!(findings.contains(&voided), "{findings}");
    assert!(!findings.contains(&cancelled) && !findings.contains(&refunded), "{findings}");
    assert!(findings.contains("microshop: differences found: 1"), "{findings}");

    bank.stop();
    let findings = shop.check_findings();
    assert!(findings.contains("microshop: the charge of order"), "{findings}");
    assert!(findings.contains("the bank was not reached"), "{findings}");
}

/// Places three orders: one is paid, one is declined and then cancelled, and one is paid at the
/// second attempt and then refunded.
async fn places_orders_of_every_kind(shop: &TestShop, bank: &BankProcess) -> [String; 3] {
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    let paid = checks_out(&ana, "paid", 201).await;
    bank.behaves("decline").await;
    let cancelled = checks_out(&ana, "cancelled", 402).await;
    requests(&ana, &cancelled, "cancel").await;
    let refunded = checks_out(&ana, "refunded", 402).await;
    bank.behaves("approve").await;
    requests(&ana, &refunded, "pay").await;
    requests(&admin.0, &refunded, "refund").await;
    [paid, cancelled, refunded]
}

async fn checks_out(ana: &Person, key: &str, status: u16) -> String {
    ana.adds(1, 1).await.expect(200);
    let answer: Value = ana.checks_out(key).await.expect(status).json;
    answer["order"]["id"].as_str().unwrap().to_owned()
}

async fn requests(person: &Person, order: &str, step: &str) {
    let request = person
        .request(Method::POST, &format!("/api/orders/{order}/{step}"))
        .header("idempotency-key", step);
    Answer::to(request).await.expect(200);
}
