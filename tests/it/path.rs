//! Paths with a needless escape or another second spelling, which a rule of a proxy may not match.

use reqwest::Method;
use serde_json::json;

use crate::harness::{TestShop, single_node};
use crate::wire::exchanges;

/// The beginning of a response to a refused path.
const REFUSED: &str = "HTTP/1.1 400 ";

#[actix_web::test]
async fn a_path_with_a_second_spelling_is_refused_before_its_route_is_found() {
    let shop = TestShop::open().await;
    let scraper = shop.admin().await.0;
    for path in [
        "/%6detrics",
        "/%6Detrics",
        "/metric%73",
        "/%6d%65%74%72%69%63%73",
        "/metrics%2e",
        "/%2e/metrics",
        "/%2E%2e/metrics",
        "/./metrics",
        "/articles/../metrics",
        "//metrics",
        "/api//bank",
        "/api/orders/",
        "/metrics\\",
        "/metrics%",
        "/metrics%7",
        "/metrics%zz",
        "/admin/%75sers",
        "/api/articles/%31",
        "/auth/%6cogin",
        "/static/shop%2Ecss",
        "/static/%73hop.css",
        "/static/./shop.css",
        "/static//shop.css",
        "/static/../static/shop.css",
        "/%6cive",
        "/api/l%69ve",
        "/nowhere%2D",
    ] {
        // An empty last segment is no second spelling: no route has one.
        let expected = if path == "/api/orders/" { "HTTP/1.1 404 " } else { REFUSED };
        for method in ["GET", "POST", "HEAD"] {
            let response = sends(&shop, &format!("{method} {path}"), &scraper.token).await;
            assert!(response.starts_with(expected), "{method} {path}: {response}");
        }
    }
    let response = sends(&shop, "GET /%6detrics", &scraper.token).await;
    assert!(response.contains("\"code\":\"invalid_path\""), "{response}");
}

#[actix_web::test]
async fn an_escape_that_a_path_needs_is_not_refused_and_the_query_may_have_any() {
    single_node("nginx answers, or changes, this request itself");
    let shop = TestShop::open().await;
    let admin = shop.admin().await.0;
    for (path, status) in [
        ("/metrics", 200),
        ("/metrics?a=%6d&b=//x/../y", 200),
        ("/articles?%61=%2e%2E", 200),
        ("/api/users?lim%69t=1", 200),
        ("/login?then=%2Fcart", 200),
        ("/static/shop.css?v=%31", 200),
        ("/caf%C3%A9", 404),
        ("/a%20b", 404),
        ("/metrics%2F", 404),
        ("/metrics%00", 404),
        ("/metrics%5c", 404),
        ("/%2Fmetrics", 404),
        ("/metrics;x", 404),
    ] {
        let response = sends(&shop, &format!("GET {path}"), &admin.token).await;
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {response}");
    }
}

#[actix_web::test]
async fn a_refused_path_changes_nothing() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let body = json!({ "article_id": 1, "quantity": 1 });
    ana.send(Method::POST, "/api/cart/items", body).await.expect(200);
    let response = sends(&shop, "DELETE /api/car%74", &ana.token).await;
    assert!(response.starts_with(REFUSED), "{response}");
    assert_eq!(ana.cart().await["item_count"], 1);
}

/// Sends a request without a body, and returns the response.
async fn sends(shop: &TestShop, request: &str, token: &str) -> String {
    let address = shop.url.trim_start_matches("http://");
    let request = format!(
        "{request} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Connection: close\r\n\r\n"
    );
    exchanges(address, request).await
}
