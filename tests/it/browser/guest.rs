//! How a visitor becomes a guest: the first commands of all pages of a browser change one cart.

use super::ADD_A_MOUSE;
use crate::chromium::Chromium;
use crate::gateway::Gateway;
use crate::harness::TestShop;

/// The button that adds the first article to the cart.
const ADD_A_KEYBOARD: &str = "#article-1 form[hx-post] button";

#[actix_web::test]
async fn the_first_commands_of_two_pages_count_also_if_one_answer_is_late() {
    for browser in Chromium::open_each_size().await {
        let shop = TestShop::open().await;
        let gateway = Gateway::to(&shop).await;
        let slow = browser.window_at(&gateway.url).await;
        let fast = browser.window_at(&gateway.url).await;
        slow.opens("/articles").await;
        fast.opens("/articles").await;
        slow.sees(".indicator", "Live").await;
        fast.sees(".indicator", "Live").await;
        gateway.holds("/cart/add/2");
        slow.clicks(ADD_A_MOUSE).await;
        fast.clicks(ADD_A_KEYBOARD).await;
        fast.sees("#notice", "Added").await;
        gateway.opens();
        slow.sees("#notice", "Added").await;
        slow.sees("#cart-badge", "2").await;
        fast.sees("#cart-badge", "2").await;
        fast.opens("/cart").await;
        fast.sees("#cart-badge", "2").await;
        browser.closes().await;
    }
}

#[actix_web::test]
async fn every_click_on_a_slow_network_adds_a_unit() {
    for browser in Chromium::open_each_size().await {
        let shop = TestShop::open().await;
        let gateway = Gateway::to(&shop).await;
        let window = browser.window_at(&gateway.url).await;
        window.opens("/articles").await;
        window.sees(".indicator", "Live").await;
        gateway.holds("/cart/add/2");
        for _ in 0..4 {
            window.clicks(ADD_A_MOUSE).await;
        }
        gateway.opens();
        window.sees("#cart-badge", "4").await;
        browser.closes().await;
    }
}

#[actix_web::test]
async fn a_second_guest_of_a_browser_is_another_one() {
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    let other = browser.window(&shop).await;
    window.opens("/articles").await;
    window.clicks(ADD_A_MOUSE).await;
    window.sees("#cart-badge", "1").await;
    window.logs_in("ana", "correct horse").await;
    window.sees("#cart-badge", "1").await;
    window.clicks(".header form[action='/logout'] button").await;
    window.sees("#cart-badge", "0").await;
    other.opens("/articles").await;
    window.clicks(ADD_A_KEYBOARD).await;
    window.sees("#cart-badge", "1").await;
    other.sees("#cart-badge", "1").await;
    window.logs_in("ana", "correct horse").await;
    window.sees("#cart-badge", "2").await;
    browser.closes().await;
}

#[actix_web::test]
async fn before_there_is_a_guest_a_page_receives_the_catalogue() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    window.opens("/articles").await;
    window.sees(".indicator", "En direct").await;
    let page = window.page().await;
    admin.changes_article(2, serde_json::json!({ "price_cents": 3150 })).await.expect(200);
    window.sees("#article-2 .price", "31,50").await;
    window.clicks(ADD_A_MOUSE).await;
    window.sees("#cart-badge", "1").await;
    // The page receives the changes of the new cart: another page of the guest makes one.
    let other = browser.window(&shop).await;
    other.opens("/articles").await;
    other.clicks(ADD_A_MOUSE).await;
    window.sees("#cart-badge", "2").await;
    assert_eq!(window.page().await, page);
    browser.closes().await;
}

#[actix_web::test]
async fn a_guest_without_scripts_keeps_one_cart_in_every_window() {
    let shop = TestShop::open().await;
    let browser = Chromium::open_without_scripts().await;
    let window = browser.window(&shop).await;
    let other = browser.window(&shop).await;
    window.opens("/articles").await;
    other.opens("/articles").await;
    window.clicks(ADD_A_MOUSE).await;
    window.sees("#cart-badge", "1").await;
    other.clicks(ADD_A_KEYBOARD).await;
    other.sees("#cart-badge", "2").await;
    window.opens("/cart").await;
    window.sees("#cart-badge", "2").await;
    browser.closes().await;
}
