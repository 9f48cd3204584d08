//! The connection of an open page: after a crash it is opened again, and it is closed when the
//! session ends.

use reqwest::Method;
use serde_json::Value;

use super::SERVER_DOWN;
use crate::chromium::Chromium;
use crate::harness::{TestShop, single_node, until};

#[actix_web::test]
async fn an_open_page_reconnects_after_a_crash_and_shows_the_current_state() {
    let mut shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    window.logs_in("ana", "correct horse").await;
    window.opens("/cart").await;
    window.sees(".indicator", "En direct").await;
    let page = window.page().await;
    shop.kill();
    window.sees(".indicator", "Reconnexion").await;
    shop.start_again();
    ana.adds(2, 3).await.expect(200);
    window.sees(".indicator", "En direct").await;
    window.sees("#cart-item-2", "Souris sans fil").await;
    window.sees("#cart-badge", "3").await;
    ana.adds(2, 1).await.expect(200);
    window.sees("#cart-badge", "4").await;
    assert_eq!(window.page().await, page);
    browser.closes_after_errors(&SERVER_DOWN).await;
}

#[actix_web::test]
async fn a_lost_connection_is_shown_at_every_scroll_position() {
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
    browser.closes_after_errors(&SERVER_DOWN).await;
}

#[actix_web::test]
async fn open_pages_open_the_login_page_when_the_user_is_signed_out_everywhere() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let browser = Chromium::open().await;
    let account = browser.window(&shop).await;
    let catalogue = browser.window(&shop).await;
    account.logs_in("ana", "correct horse").await;
    account.opens("/account").await;
    catalogue.opens("/articles").await;
    account.sees(".indicator", "En direct").await;
    catalogue.sees(".indicator", "En direct").await;
    ana.send(Method::POST, "/auth/logout-all", Value::Null).await.expect(200);
    account.is_at("/login").await;
    account.sees("#login .refusal", "Votre session est terminée.").await;
    catalogue.is_at("/login").await;
    account.fills_in_the_login("ana", "correct horse").await;
    account.is_at("/account").await;
    browser.closes().await;
}

#[actix_web::test]
async fn a_page_that_reconnects_to_an_ended_session_opens_the_login_page() {
    single_node("nginx answers for a shop that is down");
    let mut shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    window.logs_in("ana", "correct horse").await;
    // A page without pictures, whose requests would fail while the server is down.
    window.opens("/orders").await;
    window.sees(".indicator", "En direct").await;
    shop.kill();
    window.sees(".indicator", "Reconnexion").await;
    shop.start_again();
    ana.send(Method::POST, "/auth/logout-all", Value::Null).await.expect(200);
    window.is_at("/login").await;
    browser.closes_after_errors(&SERVER_DOWN).await;
}

#[actix_web::test]
async fn a_new_password_signs_out_other_browsers_and_no_window_of_its_own_browser() {
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    let browser = Chromium::open().await;
    let other_browser = Chromium::open().await;
    let account = browser.window(&shop).await;
    let orders = browser.window(&shop).await;
    let phone = other_browser.window(&shop).await;
    account.logs_in("ana", "correct horse").await;
    phone.logs_in("ana", "correct horse").await;
    account.opens("/account").await;
    orders.opens("/orders").await;
    phone.opens("/orders").await;
    for window in [&account, &orders, &phone] {
        window.sees(".indicator", "En direct").await;
    }
    let page = orders.page().await;
    account.types("#password [name=current]", "correct horse").await;
    account.types("#password [name=new]", "battery staple").await;
    account.clicks("#password button").await;
    phone.is_at("/login").await;
    until(async || (orders.page().await != page).then_some(())).await;
    orders.sees(".indicator", "En direct").await;
    orders.is_at("/orders").await;
    account.sees(".indicator", "En direct").await;
    account.is_at("/account").await;
    browser.closes().await;
    other_browser.closes().await;
}

#[actix_web::test]
async fn signing_out_shows_the_catalogue_and_opens_the_login_page_in_other_windows() {
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    let other = browser.window(&shop).await;
    window.logs_in("ana", "correct horse").await;
    window.opens("/account").await;
    other.opens("/orders").await;
    window.sees(".indicator", "En direct").await;
    other.sees(".indicator", "En direct").await;
    window.clicks(".header form[action='/logout'] button").await;
    window.sees(".header .account", "Se connecter").await;
    window.is_at("/articles").await;
    other.is_at("/login").await;
    browser.closes().await;
}
