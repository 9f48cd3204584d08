//! The announcement of new orders to administrators.

use serde_json::json;

use super::SERVER_DOWN;
use crate::chromium::{Chromium, Window};
use crate::harness::TestShop;
use crate::people::Person;

const LINK: &str = "#arrivals a";

/// Makes announcements leave soon, and counts how often one would have left.
const SOON: &str = "const later = window.setTimeout; window.ends = 0; \
    window.setTimeout = (task, wait, ...rest) => wait === 8000 \
    ? later(() => { window.ends += 1; task(); }, 200) : later(task, wait, ...rest)";

#[actix_web::test]
async fn every_page_of_an_administrator_announces_each_new_order_once() {
    for browser in Chromium::open_each_size().await {
        let mut shop = TestShop::open().await;
        let ana = shop.customer("ana").await;
        let customers = Chromium::open_in_english().await;
        let buyer = customers.window(&shop).await;
        buyer.logs_in("ana", "correct horse").await;
        buyer.opens("/orders").await;
        buyer.is_live().await;
        let pages = ["/admin/payments", "/admin/events", "/articles", "/orders"];
        let mut windows = Vec::new();
        for path in pages {
            let window = browser.window(&shop).await;
            if windows.is_empty() {
                window.logs_in("admin", "admin").await;
            }
            window.opens(path).await;
            window.is_live().await;
            windows.push(window);
        }
        let first = ana.orders_a_mouse("first").await;
        for window in &windows {
            window.sees(LINK, "New order · €29.90").await;
        }
        ana.orders_a_mouse("second").await;
        ana.orders_a_mouse("third").await;
        for window in &windows {
            window.sees(LINK, "3 new orders").await;
            window.sees_no("#arrivals p + p").await;
        }
        buyer.sees(&format!("#orders-{first}"), "").await;
        buyer.sees_no("#arrivals, #palette").await;

        // A page that was cut off announces the orders that it has missed, and no others.
        let cut_off = &windows[2];
        cut_off.sees_no(LINK).await;
        shop.kill();
        cut_off.sees(".indicator", "Reconnecting").await;
        shop.start_again();
        let missed = shop.customer("bob").await.orders_a_mouse("missed").await;
        cut_off.sees(LINK, "New order · €29.90").await;
        cut_off.clicks(LINK).await;
        cut_off.is_at(&format!("/admin/orders/{missed}")).await;
        cut_off.is_live().await;
        ana.orders_a_mouse("fifth").await;
        cut_off.sees(LINK, "New order · €29.90").await;
        browser.closes_after_errors(&SERVER_DOWN).await;
        customers.closes_after_errors(&SERVER_DOWN).await;
    }
}

#[actix_web::test]
async fn an_announcement_leaves_by_itself_but_not_while_it_has_the_focus() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let browser = Chromium::open_in_english().await;
    let window = browser.window(&shop).await;
    window.begins_pages_with(SOON).await;
    window.logs_in("admin", "admin").await;
    window.is_live().await;
    ana.orders_a_mouse("first").await;
    window.waits_for_ends(1).await;
    window.sees_no(LINK).await;
    window
        .runs(
            "new MutationObserver(() => document.querySelector('#arrivals a')?.focus())\
        .observe(document.getElementById('arrivals'), { childList: true })",
            "",
        )
        .await;
    ana.orders_a_mouse("second").await;
    window.waits_for_ends(4).await;
    assert!(window.has_focus(LINK).await);
    window.clicks("h1").await;
    window.sees_no(LINK).await;
    browser.closes().await;
}

impl Window {
    /// Waits until announcements would have left so many times.
    async fn waits_for_ends(&self, count: u32) {
        let script = format!(
            "const [done] = [...arguments].slice(-1); \
             const look = () => window.ends < {count} ? setTimeout(look, 20) : done(true); look()"
        );
        assert_eq!(self.finds_later(&script).await, json!(true));
    }
}

impl Person {
    /// Orders a mouse, and returns the order.
    async fn orders_a_mouse(&self, key: &str) -> String {
        self.adds(2, 1).await.expect(200);
        let placed = self.checks_out(key).await.json;
        placed["order"]["id"].as_str().unwrap().to_owned()
    }
}
