//! How the shop treats a client: its address, the throttling of wrong passwords, and TLS.

use reqwest::Method;
use serde_json::json;

use crate::harness::{TestShop, single_node};
use crate::people::Answer;

mod attacker;

const WRONG: &str = "wrong horse";

#[actix_web::test]
async fn wrong_passwords_are_throttled() {
    single_node("each node limits for itself");
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    for name in ["ana", "unknown"] {
        for _ in 0..5 {
            logs_in(&shop, name, WRONG, "").await.expect_problem(401, "invalid_credentials");
        }
        let throttled = logs_in(&shop, name, "correct horse", "")
            .await
            .expect_problem(429, "too_many_requests");
        assert_eq!(throttled.headers["retry-after"], "1");
    }
    let page =
        shop.request(Method::POST, "/login").form(&[("username", "ana"), ("password", WRONG)]);
    let page = page.header("sec-fetch-site", "same-origin").send().await.unwrap();
    assert_eq!(
        (page.status().as_u16(), &page.headers()["retry-after"]),
        (429, &"1".parse().unwrap())
    );
    assert!(page.text().await.unwrap().contains("Trop de tentatives"));
}

#[actix_web::test]
async fn throttling_can_be_turned_off() {
    let shop = TestShop::open_with(&[("AUTH__THROTTLE", "false")]).await;
    for _ in 0..8 {
        logs_in(&shop, "admin", WRONG, "").await.expect_problem(401, "invalid_credentials");
    }
}

#[actix_web::test]
async fn the_client_address_is_taken_from_trusted_proxies_only() {
    let address = async |trusted: &str| {
        let shop = TestShop::open_with(&[("SERVER__TRUSTED_PROXIES", trusted)]).await;
        let mut ana = shop.customer("ana").await;
        let tokens = logs_in(&shop, "ana", "correct horse", "192.0.2.66, 203.0.113.9")
            .await
            .expect(200)
            .json;
        ana.token = tokens["access_token"].as_str().unwrap().into();
        let sessions = ana.get("/auth/sessions").await.json["sessions"].clone();
        let current =
            sessions.as_array().unwrap().iter().find(|session| session["current"] == true).cloned();
        current.unwrap()["address"].clone()
    };
    assert_eq!(address("").await, "127.0.0.1");
    assert_eq!(address("127.0.0.0/8").await, "203.0.113.9");
}

#[actix_web::test]
async fn a_shop_with_a_tls_origin_sends_strict_transport_security() {
    let shop = TestShop::open_with(&[("SERVER__PUBLIC_ORIGIN", "https://shop.example")]).await;
    let page = shop.request(Method::GET, "/articles").send().await.unwrap();
    assert_eq!(page.headers()["strict-transport-security"], "max-age=31536000");
    let subdomains = [
        ("SERVER__PUBLIC_ORIGIN", "https://shop.example"),
        ("SERVER__HSTS_INCLUDE_SUBDOMAINS", "true"),
    ];
    let shop = TestShop::open_with(&subdomains).await;
    let page = shop.request(Method::GET, "/articles").send().await.unwrap();
    let policy = "max-age=31536000; includeSubDomains";
    assert_eq!(page.headers()["strict-transport-security"], policy);
    let plain = TestShop::open().await;
    let page = plain.request(Method::GET, "/articles").send().await.unwrap();
    assert!(!page.headers().contains_key("strict-transport-security"));
}

async fn logs_in(shop: &TestShop, name: &str, password: &str, forwarded_for: &str) -> Answer {
    let body = json!({ "username": name, "password": password });
    let request = shop
        .request(Method::POST, "/auth/login")
        .header("x-forwarded-for", forwarded_for)
        .json(&body);
    Answer::to(request).await
}
