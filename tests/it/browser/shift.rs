//! Layout shift: how far what one reads moves when the socket opens and when a push arrives.

use reqwest::Method;
use serde_json::{Value, json};

use super::has_a_slow_bank;
use crate::chromium::{Chromium, Window};
use crate::harness::TestShop;
use crate::people::{Admin, Person};

/// Adds up the shifts of a page that no click or key causes, and remembers what has moved.
const OBSERVE: &str = "window.shifted = { sum: 0, nodes: [] }; \
    new PerformanceObserver((list) => { for (const entry of list.getEntries()) { \
    if (entry.hadRecentInput) continue; \
    shifted.sum += entry.value; \
    shifted.nodes.push(entry.value.toFixed(4) + ' ' + entry.sources.map(({ node }) => \
    node?.id || node?.className || node?.parentElement?.outerHTML.slice(0, 60)).join(', ')); \
    } }).observe({ type: 'layout-shift', buffered: true })";

/// Returns the shifts since the last call, once what has changed is drawn and has come to rest.
const TAKE: &str = "const done = arguments[arguments.length - 1]; \
    const ends = (one) => one.effect.getComputedTiming().endTime < Infinity; \
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(async () => { \
    await Promise.allSettled(document.getAnimations().filter(ends).map((one) => one.finished)); \
    const { sum, nodes } = shifted; window.shifted = { sum: 0, nodes: [] }; \
    done([sum, nodes.join('; ')]); }, 50)))";

/// The largest shift of a page from or to which an article moves.
const MOST: f64 = 0.1;

/// A page, and what has moved on it.
struct Watched<'a> {
    window: &'a Window,
    width: u32,
    found: Vec<String>,
}

impl Watched<'_> {
    /// Opens a page, and waits until its socket is open.
    async fn opens(&mut self, path: &str) {
        self.window.opens(path).await;
        self.window.sees("html.live .indicator", "").await;
        self.moved_at_most(0.0, &format!("{path}: the socket opens")).await;
    }

    /// Checks how far the page has moved since the last check.
    async fn moved_at_most(&mut self, most: f64, what: &str) {
        let shift = self.window.finds_later(TAKE).await;
        let sum = shift[0].as_f64().unwrap();
        if sum > most {
            self.found.push(format!("{what} at {}: {sum:.4} ({})", self.width, shift[1]));
        }
    }
}

#[actix_web::test]
#[ignore = "needs the machine for itself"]
async fn what_one_reads_does_not_move_when_the_socket_opens_and_when_pushes_arrive() {
    let mut found = Vec::new();
    for width in [1280, 390] {
        let shop = TestShop::open().await;
        let admin = shop.admin().await;
        let ana = shop.customer("ana").await;
        let browser = Chromium::open().await;
        let window = browser.window(&shop).await;
        window.is_wide(width).await;
        window.logs_in("ana", "correct horse").await;
        window.begins_pages_with(OBSERVE).await;
        let mut page = Watched { window: &window, width, found: Vec::new() };
        page.cart(&admin, &ana).await;
        page.orders(&admin, &ana).await;
        for path in ["/account", "/login", "/nowhere"] {
            page.opens(path).await;
        }
        page.catalogue(&admin, &ana).await;
        found.append(&mut page.found);
        browser.closes_after_errors(&["404"]).await;
    }
    assert!(found.is_empty(), "{} shifts:\n{}", found.len(), found.join("\n"));
}

#[actix_web::test]
#[ignore = "needs the machine for itself"]
async fn an_article_that_leaves_the_catalogue_or_returns_moves_others_little() {
    let mut found = Vec::new();
    for width in [1280, 390] {
        let shop = TestShop::open().await;
        let admin = shop.admin().await;
        let browser = Chromium::open().await;
        let window = browser.window(&shop).await;
        window.is_wide(width).await;
        window.begins_pages_with(OBSERVE).await;
        let mut page = Watched { window: &window, width, found: Vec::new() };
        page.opens("/articles").await;
        admin.changes_article(2, json!({ "active": false })).await.expect(200);
        window.sees_no("#article-2").await;
        page.moved_at_most(MOST, "an article leaves").await;
        admin.changes_article(2, json!({ "active": true })).await.expect(200);
        window.sees("#article-2", "").await;
        page.moved_at_most(MOST, "an article returns").await;
        found.append(&mut page.found);
        browser.closes().await;
    }
    assert!(found.is_empty(), "{} shifts:\n{}", found.len(), found.join("\n"));
}

impl Watched<'_> {
    async fn catalogue(&mut self, admin: &Admin, ana: &Person) {
        self.opens("/articles").await;
        admin.changes_article(2, json!({ "price_cents": 3150 })).await.expect(200);
        self.window.sees("#article-2 .price", "31,50").await;
        self.moved_at_most(0.0, "catalogue: price").await;
        for on_hand in [4, 1, 0, 16] {
            admin.changes_article(3, json!({ "on_hand": on_hand })).await.expect(200);
            self.window.sees(&format!("#stock-3-{on_hand}"), "").await;
            self.moved_at_most(0.0, &format!("catalogue: {on_hand} in stock")).await;
        }
        for (units, count) in [(1, "1"), (9, "10"), (89, "99")] {
            ana.adds(4, units).await.expect(200);
            self.window.sees("#cart-badge", count).await;
            self.moved_at_most(0.0, &format!("catalogue: {count} in the cart")).await;
        }
        ana.delete("/api/cart").await.expect(200);
    }

    async fn cart(&mut self, admin: &Admin, ana: &Person) {
        ana.adds(2, 1).await.expect(200);
        ana.adds(3, 1).await.expect(200);
        for path in ["/cart", "/checkout"] {
            self.opens(path).await;
        }
        self.opens("/cart").await;
        admin.changes_article(4, json!({ "price_cents": 999 })).await.expect(200);
        ana.adds(3, 1).await.expect(200);
        self.window.sees("#cart-badge", "3").await;
        self.moved_at_most(0.0, "cart: quantity").await;
        admin.changes_article(3, json!({ "price_cents": 8080 })).await.expect(200);
        self.window.sees("#cart-item-3 .price", "161,60").await;
        self.moved_at_most(0.0, "cart: price").await;
        admin.changes_article(3, json!({ "on_hand": 1 })).await.expect(200);
        self.window.sees("#cart-item-3 .problem", "reste").await;
        self.moved_at_most(0.0, "cart: less stock").await;
        admin.changes_article(3, json!({ "on_hand": 5 })).await.expect(200);
        self.window.sees("#cart-item-3 .problem", "prix").await;
        self.moved_at_most(0.0, "cart: more stock").await;
        admin.changes_article(2, json!({ "price_cents": 3160 })).await.expect(200);
        self.window.sees("#cart-item-2 .price", "31,60").await;
        self.moved_at_most(0.0, "cart: another price").await;
    }

    async fn orders(&mut self, admin: &Admin, ana: &Person) {
        admin.sets_bank("decline").await;
        let declined = ana.checks_out("declined").await.json["order"]["id"].clone();
        let declined = declined.as_str().unwrap();
        has_a_slow_bank(admin).await;
        self.opens("/orders").await;
        self.opens(&format!("/orders/{declined}")).await;
        let pay = ana.request(Method::POST, &format!("/api/orders/{declined}/pay"));
        pay.header("idempotency-key", "again").send().await.unwrap();
        self.window.sees(".bank.good", "").await;
        self.moved_at_most(0.0, "order: waiting, then paid").await;
        self.opens("/orders").await;
        for (step, row) in [("ship", "Expédiée"), ("deliver", "Livrée")] {
            let path = format!("/api/orders/{declined}/{step}");
            admin.0.send(Method::POST, &path, Value::Null).await.expect(200);
            self.window.sees(&format!("#orders-{declined}"), row).await;
            self.moved_at_most(0.0, &format!("orders: {row}")).await;
        }
        ana.adds(4, 1).await.expect(200);
        let placed = ana.checks_out("placed").await.json["order"]["id"].clone();
        self.window.sees(&format!("#orders-{}", placed.as_str().unwrap()), "").await;
        self.moved_at_most(MOST, "orders: a new order").await;
    }
}
