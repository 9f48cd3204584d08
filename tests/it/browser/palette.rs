//! The search of the desk: the palette that the keyboard opens, and the page without scripts.

use fantoccini::key::Key;
use reqwest::Method;
use serde_json::{Value, json};

use crate::chromium::{Chromium, Window};
use crate::harness::TestShop;
use crate::people::Person;

const FIELD: &str = "#palette-field";
const CHOSEN: &str = "#palette-found [aria-selected=true]";

#[actix_web::test]
async fn an_administrator_finds_orders_articles_users_and_pages_from_the_keyboard() {
    for browser in Chromium::open_each_size().await {
        let shop = TestShop::open().await;
        let (admin, ana) = (shop.admin().await, shop.customer("ana").await);
        admin.sets_bank("approve").await;
        let (order, number) = ana.buys_a_mouse().await;
        let article = admin.adds_article("Anagram", 1_000, 9).await;
        let window = browser.window(&shop).await;
        window.logs_in("admin", "admin").await;
        // Also on the pages of the shop.
        window.is_live().await;
        window.tabs_to(".cart-badge").await;
        window.presses_with(Key::Control, 'k').await;
        window.finds_the_focus_on(FIELD).await;
        window.sees(CHOSEN, "Today").await;
        window.searches("ana").await;
        window.sees("#palette-status", "3 results").await;
        for (kind, name, address) in [
            ("Order", number.as_str(), format!("/admin/orders/{order}")),
            ("Article", "Anagram", format!("/admin/articles/{article}")),
            ("User", "ana", "/admin/users".to_owned()),
        ] {
            window.sees(CHOSEN, kind).await;
            window.sees(CHOSEN, name).await;
            let href = window.attribute(CHOSEN, "href").await;
            assert!(href.starts_with(&address), "{href}");
            assert_eq!(
                window.attribute(FIELD, "aria-activedescendant").await,
                window.attribute(CHOSEN, "id").await
            );
            window.presses(Key::Down).await;
        }
        // The list ends where it begins.
        window.sees(CHOSEN, "Order").await;
        window.presses(Key::Up).await;
        window.sees(CHOSEN, "User").await;
        window.presses(Key::Escape).await;
        window.finds_the_focus_on(".cart-badge").await;
        window.sees_no("#palette[open]").await;

        // A slash is a letter in a field, and opens the palette elsewhere.
        window.types_here("/").await;
        window.finds_the_focus_on(FIELD).await;
        window.searches("nothing/of this").await;
        window.sees("#palette-status", "Nothing found.").await;
        assert_eq!(window.holds(FIELD).await, "nothing/of this");
        assert_eq!(window.attribute(FIELD, "aria-expanded").await, "false");
        window.presses_with(Key::Control, 'a').await;
        window.searches("pric").await;
        window.sees(CHOSEN, "Stock and prices").await;
        window.presses(Key::Enter).await;
        window.is_at("/admin/articles").await;
        window.clicks("#palette-open").await;
        window.searches("ana").await;
        window.clicks("#palette-found a:last-child").await;
        window.sees("h1", "ana").await;
        window.sees("#user-desk", "Customer").await;
        browser.closes().await;
    }
}

#[actix_web::test]
async fn an_order_is_found_and_shipped_with_the_keyboard_alone() {
    for browser in Chromium::open_each_size().await {
        let shop = TestShop::open().await;
        let ana = shop.customer("ana").await;
        shop.admin().await.sets_bank("approve").await;
        let (order, number) = ana.buys_a_mouse().await;
        ana.buys_a_mouse().await;
        let window = browser.window(&shop).await;
        window.opens("/login").await;
        window.tabs_to("#login [name=username]").await;
        window.types_here("admin").await;
        window.tabs_to("#login [name=password]").await;
        window.types_here("admin").await;
        window.presses(Key::Enter).await;
        window.is_at("/articles").await;
        window.is_live().await;
        window.presses_with(Key::Control, 'k').await;
        window.searches(&number).await;
        window.sees("#palette-status", "1 result").await;
        window.presses(Key::Enter).await;
        window.is_at(&format!("/admin/orders/{order}")).await;
        window.is_live().await;
        let question = format!("#confirm-admin-orders-{order}-ship");
        window.tabs_to(&format!("{question} summary")).await;
        window.presses(Key::Enter).await;
        window.sees(&format!("{question} p"), &number).await;
        window.tabs_to(&format!("{question} form button")).await;
        window.presses(Key::Enter).await;
        window.sees(".order-head .badge", "Shipped").await;
        window.finds_the_focus_on(".actions > *, .actions > * > summary").await;
        let seen = ana.get(&format!("/api/orders/{order}")).await.expect(200).json;
        assert_eq!(seen["order"]["status"], "shipped");
        browser.closes().await;
    }
}

#[actix_web::test]
async fn enter_opens_the_page_with_the_results_before_the_palette_has_them() {
    let shop = TestShop::open().await;
    let browser = Chromium::open_in_english().await;
    let window = browser.window(&shop).await;
    window.logs_in("admin", "admin").await;
    window.opens("/admin").await;
    window.is_live().await;
    window.delays_responses().await;
    window.presses_with(Key::Control, 'k').await;
    window.types_here("admin").await;
    window.presses(Key::Enter).await;
    window.is_at("/admin/search").await;
    window.sees("#found", "1 result").await;
    window.sees("#found a", "admin").await;
    browser.closes().await;
}

#[actix_web::test]
async fn an_administrator_searches_without_scripts() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    shop.admin().await.sets_bank("approve").await;
    let (order, number) = ana.buys_a_mouse().await;
    let browser = Chromium::open_without_scripts().await;
    let window = browser.window(&shop).await;
    window.logs_in("admin", "admin").await;
    window.opens("/admin").await;
    window.clicks("#palette-open").await;
    window.sees("#found", "Stock et prix").await;
    window.types("#main [name=q]", &number).await;
    window.clicks("#main .search button").await;
    window.sees("#found", "1 résultat").await;
    window.clicks("#found a").await;
    window.is_at(&format!("/admin/orders/{order}")).await;
    browser.closes().await;
}

#[actix_web::test]
async fn the_search_over_rest_finds_some_of_each_kind_and_is_for_administrators() {
    let shop = TestShop::open().await;
    let (admin, ana) = (shop.admin().await, shop.customer("ana").await);
    admin.sets_bank("approve").await;
    let (order, number) = ana.buys_a_mouse().await;
    for name in ["Anagram 1", "Anagram 2", "Anagram 3", "Anagram 4", "Anagram 5", "Anagram 6"] {
        admin.adds_article(name, 1_000, 9).await;
    }
    let search =
        async |q: &str| admin.0.get(&format!("/api/admin/search?q={q}")).await.expect(200).json;
    let found = search("ana").await;
    let counts = ["orders", "articles", "users"].map(|kind| found[kind].as_array().unwrap().len());
    assert_eq!(counts, [1, 5, 1], "{found}");
    assert_eq!(found["orders"][0]["number"], number);
    assert_eq!(found["users"][0]["username"], "ana");
    assert_eq!(search(&number).await["orders"][0]["id"], order);
    let empty = json!({ "success": true, "orders": [], "articles": [], "users": [] });
    for q in ["", "%20", "zzz", "%F0%9F%98%80"] {
        assert_eq!(search(q).await, empty, "{q}");
    }
    assert_ne!(search(&"a".repeat(1_000)).await, Value::Null);
    for wrong in ["", "?q=a&x=1", "?q=a&q=b"] {
        let path = format!("/api/admin/search{wrong}");
        admin.0.get(&path).await.expect_problem(400, "invalid_query");
    }
    let head = admin.0.request(Method::HEAD, "/api/admin/search?q=a").send().await.unwrap();
    assert_eq!(head.status(), 200);
    ana.get("/api/admin/search?q=a").await.expect_problem(403, "forbidden");
}

impl Window {
    /// Types into the palette, and waits for the results.
    async fn searches(&self, text: &str) {
        self.types_here(text).await;
        self.sees(&format!("#palette-found[data-search='{text}']"), "").await;
    }

    /// Returns an attribute of an element.
    async fn attribute(&self, selector: &str, name: &str) -> String {
        let script = format!("return document.querySelector(arguments[0]).getAttribute('{name}')");
        self.runs(&script, selector).await.as_str().unwrap_or_default().to_owned()
    }
}

impl Person {
    /// Buys a mouse, and returns the id and the number of the order.
    async fn buys_a_mouse(&self) -> (String, String) {
        self.adds(2, 1).await.expect(200);
        let key = self.cart_version().await.to_string();
        let placed = self.checks_out(&key).await.expect(201).json;
        let id = placed["order"]["id"].as_str().unwrap().to_owned();
        let number = id[28..].to_uppercase();
        (id, number)
    }
}
