//! `microshop check` compares what orders say with what a bank elsewhere has charged.

use reqwest::Method;
use serde_json::Value;

use super::process::BankProcess;
use crate::harness::TestShop;
use crate::people::{Answer, Person};

#[actix_web::test]
async fn a_check_asks_the_bank_elsewhere_and_names_every_difference() {
    let mut bank = BankProcess::open().await;
    let mut shop = TestShop::open_with(&[("BANK__URL", &bank.url)]).await;
    let [paid, cancelled, refunded] = leaves_orders_of_every_kind(&shop, &bank).await;
    shop.stop();
    assert_eq!(shop.wrongs(), "");

    bank.voids(&format!("{paid}-1")).await.expect(200);
    let wrong = shop.wrongs();
    assert!(
        wrong.contains(&format!("order {paid}, attempt 1: the bank says voided, the order Paid")),
        "{wrong}"
    );
    assert!(!wrong.contains(&cancelled) && !wrong.contains(&refunded), "{wrong}");
    assert!(wrong.contains("microshop: 1 differences"), "{wrong}");

    bank.stop();
    let wrong = shop.wrongs();
    assert!(wrong.contains("microshop: the bank can't be asked about order"), "{wrong}");
    assert!(wrong.contains("the bank was not reached"), "{wrong}");
}

/// Three orders: one is paid, one is declined and cancelled, one is paid at the second attempt and then paid back.
async fn leaves_orders_of_every_kind(shop: &TestShop, bank: &BankProcess) -> [String; 3] {
    let (admin, ana) = (shop.admin().await, shop.customer("ana").await);
    let paid = checks_out(&ana, "paid", 201).await;
    bank.behaves("decline").await;
    let cancelled = checks_out(&ana, "cancelled", 402).await;
    moves(&ana, &cancelled, "cancel").await;
    let refunded = checks_out(&ana, "refunded", 402).await;
    bank.behaves("approve").await;
    moves(&ana, &refunded, "pay").await;
    moves(&admin.0, &refunded, "refund").await;
    [paid, cancelled, refunded]
}

async fn checks_out(ana: &Person, key: &str, status: u16) -> String {
    ana.adds(1, 1).await.expect(200);
    let answer: Value = ana.checks_out(key).await.expect(status).json;
    answer["order"]["id"].as_str().unwrap().to_owned()
}

async fn moves(who: &Person, order: &str, step: &str) {
    let request = who
        .request(Method::POST, &format!("/api/orders/{order}/{step}"))
        .header("idempotency-key", step);
    Answer::of(request.send().await.unwrap()).await.expect(200);
}
