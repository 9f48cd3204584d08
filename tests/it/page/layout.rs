//! What every page shares: the language, static files, and the page of an error.

use reqwest::Method;

use super::visitor::Visitor;
use crate::harness::TestShop;

#[actix_web::test]
async fn a_page_uses_the_browser_s_language_until_another_is_chosen() {
    let shop = TestShop::open().await;
    let guest = Visitor::enter(&shop);
    let english =
        guest.request(Method::GET, "/articles").header("accept-language", "en-GB,fr;q=0.5");
    guest.send(english).await.shows("lang=\"en\"").shows("€899.00");
    guest.get("/articles").await.shows("lang=\"fr\"").shows("899,00\u{a0}€");
    guest.post("/language", &[("language", "en"), ("back", "/cart")]).await.leads_to("/cart");
    guest.get("/articles").await.shows("lang=\"en\"");
    guest
        .post("/language", &[("language", "xx"), ("back", "https://evil.example")])
        .await
        .leads_to("/");
    guest.get("/articles").await.shows("lang=\"fr\"");
}

#[actix_web::test]
async fn browsers_cache_static_files_until_they_change() {
    let shop = TestShop::open().await;
    let guest = Visitor::enter(&shop);
    let page = guest.get("/articles").await.text;
    for name in ["shop.css", "htmx.min.js", "hx-ws.min.js", "shop.js", "favicon.svg"] {
        let start = page.find(&format!("/static/{name}?v=")).unwrap_or_else(|| panic!("{name}"));
        let address = page[start..].split('"').next().unwrap();
        let file = guest.get(address).await.has(200);
        assert_eq!(file.headers["cache-control"], "public, max-age=31536000, immutable");
        let again =
            guest.request(Method::GET, address).header("if-none-match", &file.headers["etag"]);
        let again = guest.send(again).await.has(304);
        assert!(again.text.is_empty());
    }
    assert_eq!(
        guest.get("/static/shop.css").await.headers["cache-control"],
        "public, max-age=3600"
    );
    assert_eq!(
        guest.get("/static/pictures/laptop.svg").await.has(200).headers["content-type"],
        "image/svg+xml; charset=utf-8"
    );
    for (name, kind) in [
        ("static/shop.css", "text/css"),
        ("static/shop.js", "text/javascript"),
        ("static/htmx.min.js", "text/javascript"),
        ("favicon.ico", "image/svg+xml"),
    ] {
        let file = guest.get(&format!("/{name}")).await.has(200);
        assert_eq!(file.headers["content-type"], format!("{kind}; charset=utf-8").as_str());
    }
    for path in
        ["/static/nothing.css", "/static/../Cargo.toml", "/static/%2e%2e/Cargo.toml", "/static/"]
    {
        guest.get(path).await.has(404);
    }
}

#[actix_web::test]
async fn an_unknown_page_is_answered_within_the_shop_s_layout() {
    let shop = TestShop::open().await;
    let guest = Visitor::enter(&shop);
    let unknown =
        guest.get("/nowhere").await.has(404).shows("id=\"failure\"").shows("id=\"cart-badge\"");
    assert!(unknown.text.contains(unknown.headers["x-request-id"].to_str().unwrap()));
    let ana = Visitor::sign_in(&shop, "ana").await;
    ana.get("/orders/x").await.has(404).shows("id=\"failure\"");
}
