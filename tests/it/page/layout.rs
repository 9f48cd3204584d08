//! What every page shares: the language, static files, and the page of an error.

use reqwest::Method;
use serde_json::Value;

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
    for name in [
        "shop.css",
        "shop.js",
        "favicon.svg",
        "apple-touch-icon.png",
        "shop.webmanifest",
        "pictures/laptop.svg",
    ] {
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
        ("favicon.ico", "image/svg+xml"),
        ("robots.txt", "text/plain"),
    ] {
        let file = guest.get(&format!("/{name}")).await.has(200);
        assert_eq!(file.headers["content-type"], format!("{kind}; charset=utf-8").as_str());
    }
    for (name, kind) in
        [("shop.webmanifest", "application/manifest+json"), ("apple-touch-icon.png", "image/png")]
    {
        let file = guest.get(&format!("/static/{name}")).await.has(200);
        assert_eq!(file.headers["content-type"], kind);
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

#[actix_web::test]
async fn search_engines_may_read_the_catalogue_and_no_page_of_a_person() {
    let shop = TestShop::open().await;
    let guest = Visitor::enter(&shop);
    let robots = guest.get("/robots.txt").await.has(200).text;
    let refused: Vec<_> =
        robots.lines().filter_map(|line| line.strip_prefix("Disallow: ")).collect();
    let is_refused = |path: &str| refused.iter().any(|start| path.starts_with(start));
    for path in ["/account", "/admin/users", "/api/articles", "/cart", "/checkout", "/orders/1"] {
        assert!(is_refused(path), "{path}");
    }
    let page =
        guest.get("/articles").await.shows("<meta name=\"description\" content=\"Une petite");
    let addresses = page.text.split('"').filter(|text| text.starts_with("/articles"));
    assert!(addresses.chain(["/", "/static/shop.css"]).all(|path| !is_refused(path)), "{robots}");
}

#[actix_web::test]
async fn the_manifest_names_pages_and_icons_that_exist() {
    let shop = TestShop::open().await;
    let guest = Visitor::enter(&shop);
    let manifest = guest.get("/static/shop.webmanifest").await.has(200).text;
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    guest.get(manifest["start_url"].as_str().unwrap()).await.has(200);
    for icon in manifest["icons"].as_array().unwrap() {
        let file = guest.get(&format!("/static/{}", icon["src"].as_str().unwrap())).await.has(200);
        let kind = file.headers["content-type"].to_str().unwrap();
        assert!(kind.starts_with(icon["type"].as_str().unwrap()), "{icon}");
    }
    let style = guest.get("/static/shop.css").await.text;
    let page = guest.get("/articles").await.text;
    let colour = manifest["theme_color"].as_str().unwrap();
    assert!(style.contains(&format!("--paper: {colour};")) && page.contains(colour), "{colour}");
}

#[actix_web::test]
async fn the_title_of_the_page_of_an_order_has_its_number() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    ana.post("/cart/add/2", &[]).await.leads_to("/");
    let order = ana.orders().await.location();
    let number = order[order.len() - 8..].to_uppercase();
    let page = ana.get(&order).await.has(200);
    page.shows(&format!("<title>Commande n°\u{a0}{number} · MicroShop</title>"));
}
