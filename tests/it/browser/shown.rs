//! What a page shows stays complete, whatever was missed or not there when the page was opened.

use reqwest::Method;
use serde_json::{Value, json};

use super::SERVER_DOWN;
use crate::chromium::Chromium;
use crate::harness::TestShop;

/// More orders than the list of orders shows.
const LATER_ORDERS: usize = 20;

#[actix_web::test]
async fn an_article_put_back_on_sale_appears_at_its_place_on_open_pages() {
    for width in [1280, 390] {
        let shop = TestShop::open().await;
        let admin = shop.admin().await;
        let browser = Chromium::open().await;
        let early = browser.window(&shop).await;
        let late = browser.window(&shop).await;
        early.is_wide(width).await;
        early.opens("/articles").await;
        early.sees("html.live .indicator", "").await;
        admin.changes_article(2, json!({ "active": false })).await.expect(200);
        early.sees_no("#article-2").await;
        late.is_wide(width).await;
        late.opens("/articles").await;
        late.sees("html.live .indicator", "").await;
        late.sees_no("#article-2").await;
        admin.changes_article(2, json!({ "active": true })).await.expect(200);
        for window in [&early, &late] {
            window.sees("#article-1 + #article-2", "Souris sans fil").await;
            window.sees("#article-2 + #article-3", "").await;
        }
        browser.closes().await;
    }
}

#[actix_web::test]
async fn the_page_of_an_old_order_catches_up_after_a_lost_connection() {
    let mut shop = TestShop::open().await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    admin.changes_article(5, json!({ "on_hand": LATER_ORDERS })).await.expect(200);
    admin.sets_bank("decline").await;
    ana.adds(1, 1).await.expect(200);
    let declined = ana.checks_out("first").await.expect_problem(402, "payment_declined");
    let order = declined.json["order"]["id"].as_str().unwrap();
    admin.sets_bank("approve").await;
    for key in 0..LATER_ORDERS {
        ana.adds(5, 1).await.expect(200);
        ana.checks_out(&key.to_string()).await.expect(201);
    }
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    window.is_wide(390).await;
    window.logs_in("ana", "correct horse").await;
    window.opens(&format!("/orders/{order}")).await;
    window.sees("html.live .indicator", "").await;
    let page = window.page().await;
    shop.kill();
    window.sees(".indicator", "Reconnexion").await;
    shop.start_again();
    let cancel = format!("/api/orders/{order}/cancel");
    ana.send(Method::POST, &cancel, Value::Null).await.expect(200);
    window.sees(".order-head .badge", "Annulée").await;
    assert_eq!(window.page().await, page);
    browser.closes_after_errors(&SERVER_DOWN).await;
}
