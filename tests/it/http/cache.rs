//! Caches: what may be kept, and for how long.

use serde_json::json;

use super::Response;
use crate::harness::TestShop;
use crate::people::signs_in;

const FOREVER: &str = "public, max-age=31536000, immutable";

#[actix_web::test]
async fn only_files_are_cached_and_for_a_year_only_with_their_version() {
    let shop = TestShop::open().await;
    let page = Response::to(shop.request("GET".parse().unwrap(), "/articles")).await;
    let page = String::from_utf8(page.body).unwrap();
    let start = page.find("/static/shop.css?v=").unwrap();
    let css = page[start..].split('"').next().unwrap();
    for (method, path, status, cached) in [
        ("GET", css, 200, FOREVER),
        ("HEAD", css, 200, FOREVER),
        ("GET", "/static/shop.css?v=wrong", 200, "no-cache"),
        ("GET", "/static/shop.css?v=", 200, "no-cache"),
        ("GET", "/static/shop.css?w=1", 200, "no-cache"),
        ("GET", &format!("{css}&w=1"), 200, "no-cache"),
        ("GET", "/static/pictures/laptop.svg?v=0123456789abcdef", 200, "no-cache"),
        ("GET", "/favicon.ico?v=wrong", 200, "no-cache"),
        ("GET", "/static/shop.css", 200, "public, max-age=3600"),
        ("GET", "/static/pictures/laptop.svg", 200, "public, max-age=3600"),
        ("GET", "/favicon.ico", 200, "public, max-age=3600"),
        ("GET", "/static/nothing.css", 404, "no-store"),
        ("GET", "/static/nothing.css?v=1", 404, "no-store"),
        ("POST", "/static/shop.css", 405, "no-store"),
        ("GET", "/", 303, "no-store"),
        ("GET", "/articles", 200, "no-store"),
        ("GET", "/orders", 303, "no-store"),
        ("GET", "/cart/checkout", 303, "no-store"),
        ("GET", "/nowhere", 404, "no-store"),
        ("POST", "/cart/clear", 303, "no-store"),
        ("GET", "/api/articles", 200, "no-store"),
        ("GET", "/api/articles/1", 200, "no-store"),
        ("GET", "/api/articles/99", 404, "no-store"),
        ("GET", "/api/cart", 401, "no-store"),
        ("GET", "/api/nowhere", 404, "no-store"),
        ("POST", "/api/articles/1", 405, "no-store"),
        ("GET", "/api/articles?limit=0", 400, "no-store"),
        ("GET", "/auth/profile", 401, "no-store"),
        ("POST", "/auth/login", 415, "no-store"),
        ("GET", "/api/live", 400, "no-store"),
        ("GET", "/live?topics=cart", 400, "no-store"),
        ("GET", "/metrics", 401, "no-store"),
        ("GET", "/health/ready", 200, "no-store"),
    ] {
        let answer = shop.answers(method, path, &[]).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.header("cache-control"), cached, "{method} {path}");
        assert_eq!(answer.headers.get_all("cache-control").iter().count(), 1, "{method} {path}");
    }
}

#[actix_web::test]
async fn what_a_user_receives_is_not_stored() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await.0;
    for path in ["/api/cart", "/api/orders", "/api/users", "/auth/profile", "/auth/sessions"] {
        assert_eq!(
            admin.get(path).await.expect(200).headers["cache-control"],
            "no-store",
            "{path}"
        );
    }
    let refused = admin.send("POST".parse().unwrap(), "/api/users", json!({})).await;
    assert_eq!(refused.expect(422).headers["cache-control"], "no-store");
    let cookie = signs_in(&shop, "admin", "admin").await;
    for path in ["/account", "/orders", "/admin/users", "/orders/1", "/admin"] {
        let page = shop.answers("GET", path, &[("cookie", &cookie)]).await;
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
    }
}
