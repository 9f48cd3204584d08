//! `/metrics`: what is counted, and who may read it.

use reqwest::Method;
use serde_json::json;

use crate::harness::{TestShop, until};
use crate::people::Admin;

#[actix_web::test]
async fn payments_and_transitions_of_the_breaker_are_counted() {
    let shop = TestShop::open_with(&[("ORDER__PATIENCE", "0s"), ("BREAKER__OPEN", "1s")]).await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    admin.sets_bank("refuse").await;
    for number in 1..=3 {
        ana.adds(1, 1).await.expect(200);
        ana.checks_out(&format!("order-{number}")).await;
    }
    counts(&admin, "microshop_breaker_transitions_total{to=\"open\"}", 1).await;
    counts(&admin, "microshop_bank_calls_total{outcome=\"not_sent\"}", 3).await;
    admin.sets_bank("approve").await;
    let orders = ana.get("/api/orders").await.expect(200).json;
    let order = orders["orders"][0]["id"].as_str().unwrap();
    until(async || {
        let pay = ana
            .request(Method::POST, &format!("/api/orders/{order}/pay"))
            .header("idempotency-key", "again");
        (pay.json(&json!({})).send().await.unwrap().status() != 503).then_some(())
    })
    .await;
    for to in ["half_open", "closed"] {
        counts(&admin, &format!("microshop_breaker_transitions_total{{to=\"{to}\"}}"), 1).await;
    }
}

#[actix_web::test]
async fn the_token_of_a_scraper_gives_access_to_the_metrics_only() {
    let shop = TestShop::open_with(&[("METRICS__TOKEN", "let me count")]).await;
    let status = async |path: &str, token: &str| {
        let request =
            shop.request(Method::GET, path).header("authorization", format!("Bearer {token}"));
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(status("/metrics", "let me count").await, 200);
    assert_eq!(status("/metrics", "let me guess").await, 401);
    assert_eq!(status("/metrics", "").await, 401);
    assert_eq!(status("/api/users", "let me count").await, 401);
}

/// Waits until a metric has a value.
pub(crate) async fn counts(admin: &Admin, metric: &str, value: u32) {
    until(async || (admin.reads_metric(metric).await == Some(value.into())).then_some(())).await;
}
