//! A bank that charges and never replies.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::process::BankProcess;
use super::shop::id;
use crate::harness::{TestShop, until};
use crate::people::{Person, signs_in};
use crate::socket::Socket;

#[actix_web::test]
async fn five_charges_without_a_reply_are_found_later_and_never_shown_as_failed() {
    let bank = BankProcess::open().await;
    bank.behaves("lose_answer").await;
    let shop = TestShop::open_with(&[
        ("BANK__URL", &bank.url),
        ("BANK__TIMEOUT", "1s"),
        ("BREAKER__FAILURES", "5"),
        ("BREAKER__OPEN", "2s"),
        ("ORDER__PATIENCE", "0s"),
        ("ORDER__UNPAID_PER_USER", "5"),
    ])
    .await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    let cookie = signs_in(&shop, "ana", "correct horse").await;
    let mut breaker = Socket::open(&shop, &admin.0.token).await;
    breaker.subscribes(&["breaker"]).await;
    let orders = orders_five_times(&ana).await;
    let mut changes = vec![breaker.receives_event("breaker.changed").await["data"].clone()];
    let all_show = async |text: &str| {
        let pages = join_all(orders.iter().map(|order| page(&shop, &cookie, order))).await;
        pages.iter().all(|page| page.contains(text)).then_some(())
    };
    until(async || all_show("En attente de la banque").await).await;

    bank.behaves("approve").await;
    until(async || all_show("Paiement accepté").await).await;
    for order in &orders {
        is_charged_once(&ana, &bank, order).await;
    }
    assert_eq!(ana.get("/api/articles/2").await.expect(200).json["article"]["available"], 10);

    let is_closed = |change: &Value| change["state"] == json!({ "state": "closed", "failures": 0 });
    while !is_closed(changes.last().unwrap()) {
        changes.push(breaker.receives_event("breaker.changed").await["data"].clone());
    }
    assert_eq!(changes.first().unwrap()["state"]["failures"], 1);
    changes.retain(|change| change["generation"] != 0);
    opens_until_the_bank_replies(&changes);
}

async fn orders_five_times(ana: &Person) -> Vec<String> {
    let mut orders = Vec::new();
    for key in ["a", "b", "c", "d", "e"] {
        ana.adds(2, 1).await.expect(200);
        orders.push(id(&ana.checks_out(key).await.expect(202).json["order"]).to_owned());
    }
    orders
}

async fn is_charged_once(ana: &Person, bank: &BankProcess, order: &str) {
    let paid = ana.get(&format!("/api/orders/{order}")).await.expect(200).json["order"].clone();
    assert_eq!(paid["payment"], json!({ "attempt": 1, "status": "succeeded" }));
    assert_eq!(bank.lookup(&format!("{order}-1")).await.expect(200).json["status"], "approved");
    bank.lookup(&format!("{order}-2")).await.expect(404);
}

/// Checks the changes of the breaker. Each failed probe opens it again, and the last one closes it.
fn opens_until_the_bank_replies(changes: &[Value]) {
    let states: Vec<_> =
        changes.iter().map(|change| change["state"]["state"].as_str().unwrap()).collect();
    assert!(states.ends_with(&["open", "half_open", "closed"]), "{states:?}");
    assert!(states.chunks(2).rev().skip(1).all(|pair| pair == ["open", "half_open"]), "{states:?}");
    let generations: Vec<_> =
        changes.iter().map(|change| change["generation"].as_u64().unwrap()).collect();
    let expected: Vec<_> = (1..=generations.len() as u64).collect();
    assert_eq!(generations, expected);
}

/// Reads the page of an order, and checks that it does not show the payment as failed.
async fn page(shop: &TestShop, cookie: &str, order: &str) -> String {
    let request = shop.request(Method::GET, &format!("/orders/{order}")).header("cookie", cookie);
    let page = request.send().await.unwrap().text().await.unwrap();
    assert!(
        page.contains("class=\"bank waiting\"") || page.contains("class=\"bank good\""),
        "{page}"
    );
    page
}
