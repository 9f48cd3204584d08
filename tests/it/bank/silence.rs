//! A bank that charges and then says nothing.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::process::BankProcess;
use crate::harness::{TestShop, until};
use crate::people::signs_in;
use crate::socket::Socket;

#[actix_web::test]
async fn five_charges_whose_answers_never_come_are_found_and_never_shown_as_failed() {
    let bank = BankProcess::open().await;
    bank.behaves("lose_answer").await;
    let shop = TestShop::open_with(&[
        ("BANK__URL", &bank.url),
        ("BANK__TIMEOUT", "1s"),
        ("BREAKER__FAILURES", "5"),
        ("BREAKER__OPEN", "2s"),
        ("ORDER__PATIENCE", "0s"),
    ])
    .await;
    let (admin, ana) = (shop.admin().await, shop.customer("ana").await);
    let cookie = signs_in(&shop, "ana", "correct horse").await;
    let mut breaker = Socket::open(&shop, &admin.0.token).await;
    breaker.listens(&["breaker"]).await;
    let mut orders = Vec::new();
    for key in ["a", "b", "c", "d", "e"] {
        ana.adds(2, 1).await.expect(200);
        orders.push(id(&ana.checks_out(key).await.expect(202).json["order"]));
    }
    let mut told = vec![breaker.hears_of("breaker.changed").await["data"].clone()];
    let all_show = async |text: &str| {
        let pages = join_all(orders.iter().map(|order| page(&shop, &cookie, order))).await;
        pages.iter().all(|page| page.contains(text)).then_some(())
    };
    until(async || all_show("Traitement en cours").await).await;

    bank.behaves("approve").await;
    until(async || all_show("Paiement accepté").await).await;
    for order in &orders {
        let paid = ana.get(&format!("/api/orders/{order}")).await.expect(200).json["order"].clone();
        assert_eq!(paid["payment"], json!({ "attempt": 1, "status": "succeeded" }));
        assert_eq!(bank.knows(&format!("{order}-1")).await.expect(200).json["status"], "approved");
        bank.knows(&format!("{order}-2")).await.expect(404);
    }
    assert_eq!(ana.get("/api/articles/2").await.expect(200).json["article"]["available"], 10);

    while told.last().unwrap()["state"]["state"] != "closed" {
        told.push(breaker.hears_of("breaker.changed").await["data"].clone());
    }
    // A probe that was made before the bank was well again opened the breaker once more.
    let states: Vec<_> = told.iter().map(|told| told["state"]["state"].as_str().unwrap()).collect();
    assert!(states.ends_with(&["open", "half_open", "closed"]), "{states:?}");
    assert!(states.chunks(2).rev().skip(1).all(|pair| pair == ["open", "half_open"]), "{states:?}");
    let generations: Vec<_> =
        told.iter().map(|told| told["generation"].as_u64().unwrap()).collect();
    assert!(
        generations.iter().zip(1..).all(|(told, expected)| *told == expected),
        "{generations:?}"
    );
}

/// The page of an order, whose payment must not be shown as failed.
async fn page(shop: &TestShop, cookie: &str, order: &str) -> String {
    let request = shop.request(Method::GET, &format!("/orders/{order}")).header("cookie", cookie);
    let page = request.send().await.unwrap().text().await.unwrap();
    assert!(
        page.contains("class=\"bank waiting\"") || page.contains("class=\"bank good\""),
        "{page}"
    );
    page
}

fn id(order: &Value) -> String {
    order["id"].as_str().unwrap().to_owned()
}
