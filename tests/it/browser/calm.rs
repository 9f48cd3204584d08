//! What a page leaves alone while it changes, and what it says when it can't change any more.

use serde_json::json;

use super::AWAY;
use crate::chromium::Chromium;
use crate::harness::TestShop;

#[actix_web::test]
async fn a_push_leaves_a_page_where_it_is_scrolled_to_and_what_is_marked_on_it() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let browser = Chromium::open_on_a_phone().await;
    let window = browser.window(&shop).await;
    window.opens("/articles").await;
    window.sees("#article-5 .stock", "18").await;
    window.scrolls_to("#article-5").await;
    window.marks("#article-5 h2").await;
    let (scrolled, marked) = (window.scrolled().await, window.marked().await);
    assert!(scrolled > 0 && !marked.is_empty());
    admin.changes_article(1, json!({ "price_cents": 99_900 })).await.expect(200);
    admin.changes_article(5, json!({ "on_hand": 4 })).await.expect(200);
    window.sees("#article-5 .stock", "4").await;
    window.sees("#article-1 .price", "999.00").await;
    assert_eq!((window.scrolled().await, window.marked().await), (scrolled, marked));
    browser.closes().await;
}

#[actix_web::test]
async fn a_half_filled_form_survives_what_is_told_beside_it() {
    let shop = TestShop::open().await;
    let browser = Chromium::open_on_a_phone().await;
    let window = browser.window(&shop).await;
    window.logs_in("admin", "admin").await;
    window.opens("/admin/users").await;
    window.types("#user-add [name=username]", "bela").await;
    shop.customer("ana").await;
    window.sees("#users tbody tr:last-child", "ana").await;
    window.adds_to("#user-add [name=username]", "\u{e012}x").await;
    assert_eq!(window.holds("#user-add [name=username]").await, "belxa");
    window.scrolls_to("#users").await;
    assert!(window.is_on_the_screen("#users tbody tr:last-child button").await);
    browser.closes().await;
}

#[actix_web::test]
async fn a_lost_connection_is_told_wherever_one_is_on_the_page_until_it_is_back() {
    let mut shop = TestShop::open().await;
    let browser = Chromium::open_on_a_phone().await;
    let window = browser.window(&shop).await;
    window.logs_in("admin", "admin").await;
    window.opens("/admin/users").await;
    window.sees(".indicator", "Live").await;
    window.scrolls_to(".footer").await;
    shop.kill();
    window.sees(".indicator", "Reconnecting").await;
    assert!(window.is_on_the_screen(".indicator .off").await);
    shop.start_again();
    window.sees(".indicator", "Live").await;
    assert!(!window.is_on_the_screen(".indicator .off").await);
    browser.closes_having_seen(&AWAY).await;
}
