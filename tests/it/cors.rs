//! Pages of other origins: what CORS allows them, and what it does not.

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::TestShop;
use crate::people::{Answer, signs_in};

/// An origin that the shop allows, and the setting with it and another one.
const APP: &str = "https://app.example";
const SETTING: (&str, &str) = ("SERVER__CORS_ORIGINS", "https://App.Example:443/, http://b:3000");

/// Origins that the shop does not allow, although they look similar.
const OTHERS: [&str; 7] = [
    "null",
    "https://evil.example",
    "http://app.example",
    "https://app.example:8443",
    "https://app.example.evil.example",
    "https://APP.example",
    "http://b",
];

const ALLOW_ORIGIN: &str = "access-control-allow-origin";
const EXPOSE_HEADERS: &str = "access-control-expose-headers";

#[actix_web::test]
async fn an_allowed_origin_reads_responses_of_the_api_and_others_do_not() {
    let shop = TestShop::open_with(&[SETTING]).await;
    for path in ["/api/articles", "/auth/profile", "/api/nowhere"] {
        let headers = get(&shop, path, APP).await;
        assert_eq!(headers[ALLOW_ORIGIN], APP, "{path}");
        assert_eq!(headers[EXPOSE_HEADERS], "ETag, Location, Retry-After, Shop-Position");
        assert!(!headers.contains_key("access-control-allow-credentials"), "{path}");
        assert!(headers["vary"].to_str().unwrap().contains("Origin"), "{path}");
        for other in OTHERS {
            let headers = get(&shop, path, other).await;
            assert!(!headers.contains_key(ALLOW_ORIGIN), "{path} for {other}");
            assert!(headers["vary"].to_str().unwrap().contains("Origin"), "{path} for {other}");
            assert!(!headers.contains_key(EXPOSE_HEADERS), "{path} for {other}");
        }
    }
    for path in ["/articles", "/cart", "/static/shop.css", "/health/live", "/metrics", "/apiary"] {
        let headers = get(&shop, path, APP).await;
        assert!(!headers.contains_key(ALLOW_ORIGIN), "{path}");
        assert!(!headers.contains_key(EXPOSE_HEADERS), "{path}");
    }
}

#[actix_web::test]
async fn preflight_requests_are_answered_on_routes_of_the_api_only() {
    let shop = TestShop::open_with(&[SETTING]).await;
    let headers = "authorization,content-type,if-match,if-none-match,idempotency-key,shop-position";
    for path in ["/api/cart/items", "/api/orders", "/auth/login"] {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
            let answer = preflight(&shop, path, APP, method, headers).await;
            let answer = answer.expect(200);
            assert_eq!(answer.headers[ALLOW_ORIGIN], APP);
            assert!(!answer.headers.contains_key("access-control-allow-credentials"));
            assert!(answer.headers["vary"].to_str().unwrap().contains("Origin"));
        }
        preflight(&shop, path, APP, "POST", "x-secret").await.expect_problem(403, "cross_origin");
        preflight(&shop, path, APP, "TRACE", headers).await.expect_problem(403, "cross_origin");
        for other in OTHERS {
            let answer = preflight(&shop, path, other, "POST", headers).await;
            let answer = answer.expect_problem(403, "cross_origin");
            assert!(!answer.headers.contains_key(ALLOW_ORIGIN), "{other}");
        }
    }
    for path in ["/login", "/cart/clear", "/live", "/static/shop.css", "/metrics"] {
        let answer = preflight(&shop, path, APP, "POST", "content-type").await;
        assert!(answer.status.is_client_error(), "{path}");
        assert!(!answer.headers.contains_key(ALLOW_ORIGIN), "{path}");
    }
}

#[actix_web::test]
async fn a_wrong_preflight_of_an_allowed_origin_is_no_event_of_another_site() {
    let mut shop = TestShop::open_logged(&[SETTING, ("LOG__FILTER", "info")]).await;
    for (origin, method, headers) in
        [(APP, "POST", "x-secret"), (APP, "TRACE", "content-type"), (OTHERS[1], "POST", "accept")]
    {
        let answer = preflight(&shop, "/api/orders", origin, method, headers).await;
        answer.expect_problem(403, "cross_origin");
    }
    shop.stop();
    assert_eq!(shop.file("log").matches("cross_site").count(), 1);
}

#[actix_web::test]
async fn no_origin_is_allowed_by_default() {
    let shop = TestShop::open().await;
    assert!(!get(&shop, "/api/articles", APP).await.contains_key(ALLOW_ORIGIN));
    let answer = preflight(&shop, "/api/orders", APP, "POST", "authorization").await;
    answer.expect_problem(405, "method_not_allowed");
}

#[actix_web::test]
async fn an_allowed_origin_changes_things_with_a_token_but_not_with_a_cookie() {
    let shop = TestShop::open_with(&[SETTING]).await;
    let admin = shop.admin().await.0;
    let from_app = |method: Method, path: &str| {
        shop.request(method, path).header("origin", APP).header("sec-fetch-site", "cross-site")
    };
    let item = json!({ "article_id": 2, "quantity": 1 });
    let quantity = json!({ "quantity": 2 });
    let article = json!({ "price_cents": 3150 });
    for (method, path, body) in [
        (Method::POST, "/api/cart/items", item.clone()),
        (Method::PUT, "/api/cart/items/2", quantity),
        (Method::PATCH, "/api/articles/2", article),
        (Method::DELETE, "/api/cart/items/2", Value::Null),
    ] {
        let request = from_app(method, path).bearer_auth(&admin.token).json(&body);
        let answer = answer(request).await.expect(200);
        assert_eq!(answer.headers[ALLOW_ORIGIN], APP, "{path}");
    }
    let cookie = signs_in(&shop, "admin", "admin").await;
    for (path, status) in
        [("/api/cart/items", 401), ("/cart/add/2", 403), ("/cart/clear", 403), ("/logout", 403)]
    {
        let request = from_app(Method::POST, path).header("cookie", &cookie).json(&item);
        assert_eq!(answer(request).await.status, status, "{path}");
    }
}

async fn get(shop: &TestShop, path: &str, origin: &str) -> HeaderMap {
    answer(shop.request(Method::GET, path).header("origin", origin)).await.headers
}

async fn preflight(
    shop: &TestShop,
    path: &str,
    origin: &str,
    method: &str,
    headers: &str,
) -> Answer {
    let request = shop
        .request(Method::OPTIONS, path)
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", headers);
    answer(request).await
}

async fn answer(request: RequestBuilder) -> Answer {
    Answer::to(request).await
}
