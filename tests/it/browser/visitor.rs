//! Whom an open page belongs to: its visitor may sign in or out in another window.

use reqwest::Method;
use serde_json::Value;

use super::{ADD_A_MOUSE, SERVER_DOWN};
use crate::chromium::Chromium;
use crate::harness::{TestShop, until};
use crate::people::Person;

/// The field of the checkout with the address, and what a test types into it.
const ADDRESS: &str = "#checkout [name=address]";
const TYPED: &str = "1 quai des Brumes\n29200 Brest";

#[actix_web::test]
async fn shops_on_two_ports_of_one_host_do_not_sign_each_other_out() {
    for browser in Chromium::open_each_size().await {
        let shop = TestShop::open().await;
        let other_shop = TestShop::open().await;
        shop.customer("ana").await;
        other_shop.customer("bob").await;
        let window = browser.window(&shop).await;
        let elsewhere = browser.window(&other_shop).await;
        window.logs_in("ana", "correct horse").await;
        elsewhere.logs_in("bob", "correct horse").await;
        elsewhere.sees(".header .account", "bob").await;
        window.opens("/account").await;
        window.sees(".header .account", "ana").await;
        elsewhere.opens("/logout").await;
        elsewhere.clicks("main form[action='/logout'] button").await;
        elsewhere.sees(".header .account", "Sign in").await;
        window.reloads().await;
        window.sees(".header .account", "ana").await;
        browser.closes().await;
    }
}

#[actix_web::test]
async fn pages_of_a_guest_become_those_of_the_user_who_signs_in_in_another_window() {
    for browser in Chromium::open_each_size().await {
        let shop = TestShop::open().await;
        let ana = shop.customer("ana").await;
        shop.customer("bob").await;
        ana.adds(3, 1).await.expect(200);
        let window = browser.window(&shop).await;
        let catalogue = browser.window(&shop).await;
        let cart = browser.window(&shop).await;
        catalogue.opens("/articles").await;
        catalogue.clicks(ADD_A_MOUSE).await;
        catalogue.sees("#cart-badge", "1").await;
        cart.opens("/cart").await;
        cart.sees(".indicator", "Live").await;
        window.logs_in("ana", "correct horse").await;
        for page in [&catalogue, &cart] {
            page.sees(".header .account", "ana").await;
            page.sees("#cart-badge", "2").await;
            page.sees(".indicator", "Live").await;
        }
        catalogue.is_at("/articles").await;
        ana.adds(3, 1).await.expect(200);
        catalogue.sees("#cart-badge", "3").await;
        cart.sees("#cart-badge", "3").await;

        window.signs_in_unnoticed("bob", "correct horse").await;
        for page in [&window, &catalogue, &cart] {
            page.sees(".header .account", "bob").await;
            page.sees("#cart-badge", "0").await;
        }
        window.opens("/logout").await;
        window.clicks("main form[action='/logout'] button").await;
        catalogue.sees(".header .account", "Sign in").await;
        cart.sees(".header .account", "Sign in").await;
        catalogue.is_at("/articles").await;
        cart.is_at("/cart").await;
        catalogue.clicks(ADD_A_MOUSE).await;
        cart.sees("#cart-badge", "1").await;
        browser.closes().await;
    }
}

#[actix_web::test]
async fn a_page_that_missed_the_sign_in_notices_it_when_it_reconnects() {
    let mut shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    ana.adds(3, 2).await.expect(200);
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    // A page without pictures, whose requests would fail while the server is down.
    window.opens("/cart").await;
    window.sees(".indicator", "En direct").await;
    window.signs_in_unnoticed("ana", "correct horse").await;
    shop.kill();
    window.sees(".indicator", "Reconnexion").await;
    shop.start_again();
    window.sees(".header .account", "ana").await;
    window.sees("#cart-badge", "2").await;
    window.is_at("/cart").await;
    browser.closes_after_errors(&SERVER_DOWN).await;
}

#[actix_web::test]
async fn a_page_notices_a_sign_in_whose_next_page_is_never_shown() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    let other = browser.window(&shop).await;
    window.opens("/articles").await;
    window.clicks(ADD_A_MOUSE).await;
    window.sees("#cart-badge", "1").await;
    other.opens("/cart").await;
    other.sees(".indicator", "En direct").await;
    window.signs_in_unnoticed("ana", "correct horse").await;
    for page in [&window, &other] {
        page.sees(".header .account", "ana").await;
        page.sees("#cart-badge", "1").await;
    }
    ana.adds(2, 1).await.expect(200);
    other.sees("#cart-badge", "2").await;
    browser.closes().await;
}

#[actix_web::test]
async fn a_page_that_the_browser_restores_is_drawn_again_and_live() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    window.logs_in("ana", "correct horse").await;
    window.opens("/account").await;
    ana.adds(3, 2).await.expect(200);
    window.returns().await;
    window.is_at("/articles").await;
    window.sees("#cart-badge", "2").await;
    window.sees(".indicator", "En direct").await;
    let page = window.page().await;
    window.is_kept_and_restored().await;
    until(async || (window.page().await != page).then_some(())).await;
    window.sees("#cart-badge", "2").await;
    window.sees(".indicator", "En direct").await;
    ana.adds(3, 1).await.expect(200);
    window.sees("#cart-badge", "3").await;
    browser.closes().await;
}

#[actix_web::test]
async fn a_page_that_is_drawn_again_keeps_what_its_user_has_typed() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    ana.adds(3, 1).await.expect(200);
    shop.customer("bob").await.adds(3, 1).await.expect(200);
    let browser = Chromium::open().await;
    let checkout = browser.window(&shop).await;
    let account = browser.window(&shop).await;
    checkout.logs_in("ana", "correct horse").await;
    checkout.opens("/checkout").await;
    checkout.fills_in_the_contact().await;
    let page = checkout.page().await;
    account.opens("/account").await;
    account.types("#password [name=current]", "correct horse").await;
    account.types("#password [name=new]", "battery staple").await;
    account.clicks("#password button").await;
    until(async || (checkout.page().await != page).then_some(())).await;
    checkout.sees(".indicator", "En direct").await;
    assert_eq!(checkout.holds(ADDRESS).await, TYPED);

    for (name, typed) in [("ana", TYPED), ("bob", "")] {
        let ana = Person::log_in(&shop, "ana", "battery staple").await;
        ana.send(Method::POST, "/auth/logout-all", Value::Null).await.expect(200);
        checkout.is_at("/login").await;
        let password = if name == "ana" { "battery staple" } else { "correct horse" };
        checkout.fills_in_the_login(name, password).await;
        checkout.is_at("/checkout").await;
        checkout.sees(".indicator", "En direct").await;
        assert_eq!(checkout.holds(ADDRESS).await, typed, "{name}");
    }
    browser.closes().await;
}
