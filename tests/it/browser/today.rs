//! The desk's first page, seen by an administrator while others buy.

use reqwest::Method;
use serde_json::json;

use crate::chromium::Chromium;
use crate::harness::TestShop;
use crate::people::Admin;

#[actix_web::test]
async fn an_administrator_sees_orders_payments_refunds_and_low_stock_without_a_reload() {
    for browser in Chromium::open_each_size().await {
        let shop = TestShop::open_with(&[("ORDER__PATIENCE", "0s")]).await;
        let (admin, ana) = (shop.admin().await, shop.customer("ana").await);
        admin.changes_article(2, json!({ "on_hand": 20, "price_cents": 1_000 })).await.expect(200);
        let window = browser.window(&shop).await;
        window.logs_in("admin", "admin").await;
        window.opens("/admin").await;
        window.sees("html.live .indicator", "").await;
        window.sees(".desk [aria-current]", "Today").await;
        window.sees("#today-orders dd", "0").await;
        let low = window.reads("#today-low-stock strong").await;
        let page = window.page().await;
        window.clicks("#today-hours-title-table summary").await;

        // The bank does not answer before the page shows that.
        admin.sets_bank("hang").await;
        ana.adds(2, 3).await.expect(200);
        let placed = ana.checks_out("first").await;
        let order = placed.json["order"]["id"].as_str().unwrap().to_owned();
        window.sees("#today-orders dd", "1").await;
        window.sees("#today-waiting dd", "1").await;
        window.sees("#today-events tbody tr", "Order").await;
        admin.sets_bank("approve").await;
        window.sees("#today-paid dd", "1").await;
        window.sees("#today-waiting dd", "0").await;
        window.sees("#today-revenue dd", "30.00").await;
        window.sees("#today-basket dd", "30.00").await;
        window.sees("#today-to-ship.due", "1 order to ship").await;
        window.sees("#today-hours-title-table[open] tbody tr:first-child", "30.00").await;
        window.sees("#today-days-title rect:last-child[height='40']", "").await;

        refund(&admin, &order).await;
        window.sees("#today-revenue dd", "0.00").await;
        window.sees("#today-to-ship:not(.due)", "0").await;

        admin.sets_bank("decline").await;
        ana.adds(2, 1).await.expect(200);
        ana.checks_out("second").await;
        window.sees("#today-unpaid.due", "1 order unpaid").await;
        window.sees("#today-declined dd", "1").await;

        admin.changes_article(2, json!({ "on_hand": 4 })).await.expect(200);
        let more = (low.parse::<u32>().unwrap() + 1).to_string();
        window.sees("#today-low-stock.due strong", &more).await;
        window.sees("#today-hours-title-table[open] summary", "").await;
        assert_eq!(window.page().await, page);
        browser.closes().await;
    }
}

#[actix_web::test]
async fn the_desk_opens_on_today_and_shows_it_without_scripts() {
    let shop = TestShop::open().await;
    let (admin, ana) = (shop.admin().await, shop.customer("ana").await);
    let browser = Chromium::open_without_scripts().await;
    let window = browser.window(&shop).await;
    window.logs_in("admin", "admin").await;
    window.clicks(".navigation a[href='/admin']").await;
    window.sees("#today-orders dd", "0").await;
    admin.sets_bank("approve").await;
    ana.adds(2, 1).await.expect(200);
    ana.checks_out("k").await.expect(201);
    window.reloads_until("#today-to-ship.due", "1 commande à expédier").await;
    window.sees("#today-orders dd", "1").await;
    window.clicks("#today-days-title-table summary").await;
    window.sees("#today-days-title-table tbody tr:first-child", "1").await;
    window.opens("/admin").await;
    window.clicks(".desk a[href='/admin/users']").await;
    window.sees("#users", "").await;
    browser.closes().await;
}

/// Refunds an order.
async fn refund(admin: &Admin, order: &str) {
    let refund = admin.0.request(Method::POST, &format!("/api/orders/{order}/refund"));
    let refund = refund.header("idempotency-key", "refund").json(&json!({}));
    assert!(refund.send().await.unwrap().status().is_success());
}
