//! The desk's page of the log, seen by two administrators.

use std::cell::Cell;

use serde_json::{Value, json};

use super::SERVER_DOWN;
use crate::chromium::{Chromium, Window};
use crate::harness::{TestShop, until};
use crate::people::Admin;

const FIRST: &str = "#event-rows li:first-child";
const SECOND: &str = "#event-rows li:nth-child(2)";
const THIRD: &str = "#event-rows li:nth-child(3)";
const PAUSE: &str = "#event-pause";
const WAITING: &str = "#event-waiting";
const OLDER: &str = "#pager-next";

/// The breaker stays open for a short time.
const SETTINGS: [(&str, &str); 2] = [("BREAKER__OPEN", "1s"), ("ORDER__UNPAID_PER_USER", "10")];

#[actix_web::test]
async fn two_administrators_watch_the_breaker_open_and_close_in_the_log() {
    for browser in Chromium::open_each_size().await {
        let shop = TestShop::open_with(&SETTINGS).await;
        let admin = shop.admin().await;
        let ana = shop.customer("ana").await;
        let second = Chromium::open_in_english().await;
        let desk = browser.window(&shop).await;
        let other = second.window(&shop).await;
        desk.follows("/admin/events").await;
        other.follows("/admin/events?type=breaker.changed").await;
        let pages = (desk.page().await, other.page().await);
        ana.adds(1, 1).await.expect(200);
        desk.sees(FIRST, "Cart changed").await;
        admin.sets_bank("refuse").await;
        desk.sees(FIRST, "Unreachable").await;
        for key in ["first", "second", "third"] {
            ana.fails_to_pay(key).await;
        }
        other.sees(FIRST, "Open").await;
        admin.sets_bank("approve").await;
        ana.adds(1, 1).await.expect(200);
        let tries = Cell::new(0);
        until(async || {
            tries.set(tries.get() + 1);
            (ana.checks_out(&format!("k{}", tries.get())).await.status == 201).then_some(())
        })
        .await;
        other.sees(FIRST, "Closed").await;
        other.sees(SECOND, "Half-open").await;
        other.sees(THIRD, "Open").await;
        desk.sees("#event-rows", "Order placed").await;
        desk.clicks(&format!("{FIRST} summary")).await;
        desk.sees(&format!("{FIRST} pre"), "\"type\": ").await;
        assert_eq!((desk.page().await, other.page().await), pages);
        assert_eq!(desk.numbers_in_order().await, Value::Bool(true));
        for browser in [browser, second] {
            browser.closes().await;
        }
    }
}

#[actix_web::test]
async fn a_paused_log_counts_what_waits_and_goes_on_from_where_it_was_left() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let browser = Chromium::open_in_english().await;
    let window = browser.window(&shop).await;
    window.follows("/admin/events").await;
    admin.adds_article("First lamp", 1_000, 1).await;
    window.sees(FIRST, "First lamp").await;
    window.clicks(PAUSE).await;
    window.sees(WAITING, "No new event is waiting").await;
    admin.adds_article("Second lamp", 1_000, 1).await;
    admin.adds_article("Third lamp", 1_000, 1).await;
    window.sees(WAITING, "waiting: 2").await;
    window.sees(FIRST, "First lamp").await;
    window.clicks(PAUSE).await;
    window.sees(FIRST, "Third lamp").await;
    window.sees(SECOND, "Second lamp").await;
    window.sees(THIRD, "First lamp").await;
    window.sees(WAITING, "by themselves").await;
    admin.adds_article("Fourth lamp", 1_000, 1).await;
    window.sees(FIRST, "Fourth lamp").await;
    assert_eq!(window.numbers_in_order().await, Value::Bool(true));
    browser.closes().await;
}

#[actix_web::test]
async fn a_long_log_keeps_a_hundred_rows_and_its_older_events_follow_the_last_of_them() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let browser = Chromium::open_in_english().await;
    let window = browser.window(&shop).await;
    window.follows("/admin/events").await;
    for _ in 0..120 {
        admin.changes_the_price().await;
    }
    let last = admin.0.get("/api/events?limit=1").await.json["last"].as_u64().unwrap();
    window.sees(&format!("#event-{last}"), "").await;
    assert_eq!(window.rows().await, json!(100));
    assert_eq!(window.numbers_in_order().await, Value::Bool(true));
    window.clicks(OLDER).await;
    window.sees(FIRST, &format!("{} · ", last - 100)).await;
    browser.closes().await;
}

#[actix_web::test]
async fn a_page_that_was_cut_off_catches_up_without_a_gap_and_without_a_repeated_event() {
    let mut shop = TestShop::open().await;
    let browser = Chromium::open_in_english().await;
    let window = browser.window(&shop).await;
    window.follows("/admin/events").await;
    let page = window.page().await;
    shop.kill();
    window.sees(".indicator", "Reconnecting").await;
    shop.start_again();
    let admin = shop.admin().await;
    for _ in 0..3 {
        admin.changes_the_price().await;
    }
    window.sees(".indicator", "Live").await;
    let last = admin.0.get("/api/events?limit=1").await.json["last"].as_u64().unwrap();
    window.sees(&format!("{FIRST}#event-{last}"), "").await;
    admin.adds_article("Lamp", 1_000, 1).await;
    window.sees(FIRST, "Lamp").await;
    assert_eq!(window.numbers_in_order().await, Value::Bool(true));
    assert_eq!(window.page().await, page);
    browser.closes_after_errors(&SERVER_DOWN).await;
}

#[actix_web::test]
async fn an_administrator_without_scripts_reads_the_log_page_by_page() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let lamp = admin.adds_article("Lampe", 1_000, 1).await;
    for _ in 0..70 {
        admin.changes_the_price().await;
    }
    let browser = Chromium::open_without_scripts().await;
    let window = browser.window(&shop).await;
    window.logs_in("admin", "admin").await;
    window.clicks(".navigation a[href='/admin']").await;
    window.clicks(".desk a[href='/admin/events']").await;
    window.sees(FIRST, "Connexion").await;
    window.sees_no("#event-follow:not([hidden])").await;
    let newest = window.reads("#event-rows li:nth-child(50)").await;
    window.clicks(OLDER).await;
    window.sees(".pager [aria-current]", "Événements").await;
    window.clicks("#pager-previous").await;
    window.sees("#event-rows li:last-child", newest.lines().next().unwrap()).await;
    window.clicks("#pager-first").await;
    window.types("#event-filter [name=subject]", &lamp.to_string()).await;
    window.clicks("#event-filter button").await;
    window.sees(FIRST, "Article ajouté").await;
    window.clicks(&format!("{FIRST} summary")).await;
    window.sees(&format!("{FIRST} pre"), "\"name\": \"Lampe\"").await;
    window.types("#event-filter [name=subject]", "personne").await;
    window.clicks("#event-filter button").await;
    window.sees(".refusal", "Rien dans la boutique").await;
    assert_eq!(window.holds("#event-filter [name=subject]").await, "personne");
    browser.closes_after_errors(&["400 (Bad Request)"]).await;
}

impl Window {
    /// Signs in as an administrator and opens a page of the log that follows it.
    async fn follows(&self, path: &str) {
        self.logs_in("admin", "admin").await;
        self.opens(path).await;
        self.sees("html.live .indicator", "").await;
        self.sees(WAITING, "New events appear here by themselves.").await;
    }

    /// Returns whether the numbers of the events go down, without a repeated one.
    async fn numbers_in_order(&self) -> Value {
        let script = "const ids = [...document.querySelectorAll('#event-rows li')].map(({ id }) =>
            Number(id.slice(6))); return ids.every((id, at) => at === 0 || id < ids[at - 1])";
        self.runs(script, "").await
    }

    async fn rows(&self) -> Value {
        self.runs("return document.querySelectorAll('#event-rows li').length", "").await
    }
}

impl Admin {
    async fn changes_the_price(&self) {
        let article = self.0.get("/api/articles/1").await.expect(200).json;
        let price = article["article"]["price_cents"].as_u64().unwrap();
        self.changes_article(1, json!({ "price_cents": price + 1 })).await.expect(200);
    }
}
