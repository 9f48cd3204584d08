//! Buying in a browser: with two windows, with two tabs, and without scripts.

use serde_json::json;

use super::{ADD_A_MOUSE, MICE, has_a_slow_bank, receives_until};
use crate::chromium::Chromium;
use crate::harness::TestShop;
use crate::socket::Socket;

#[actix_web::test]
async fn a_purchase_in_one_window_appears_in_another_and_in_a_program() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    has_a_slow_bank(&admin).await;
    let mut program = Socket::open(&shop, &admin.0.token).await;
    program.sends(json!({ "subscribe": ["cart", "orders"] })).await;
    let browser = Chromium::open().await;
    let shopper = browser.window(&shop).await;
    let other = browser.window(&shop).await;
    shopper.logs_in("admin", "admin").await;
    other.opens("/cart").await;
    other.sees("#cart", "Votre panier est vide.").await;
    let cart_page = other.page().await;

    shopper.clicks(ADD_A_MOUSE).await;
    shopper.sees("#notice", "Article ajouté au panier.").await;
    shopper.sees("#cart-badge", "1").await;
    other.sees("#cart-badge", "1").await;
    other.sees("#cart-item-2", "Souris sans fil").await;
    receives_until(&mut program, "cart.changed", |cart| cart["item_count"] == 1).await;

    shopper.opens("/cart").await;
    shopper.clicks("#cart a[href='/checkout']").await;
    shopper.places_the_order().await;
    shopper.sees(".order .bank.waiting .spinner + p", "Paiement en cours").await;
    let order_page = shopper.page().await;
    shopper.sees(".order .bank.good", "Paiement accepté").await;
    shopper.sees(".order-head .badge", "Payée").await;
    assert_eq!(shopper.page().await, order_page);
    other.sees("#cart", "Votre panier est vide.").await;
    other.sees("#cart-badge", "0").await;
    assert_eq!(other.page().await, cart_page);
    receives_until(&mut program, "order.changed", |order| order["status"] == "paid").await;

    shopper.clicks(".navigation a[href='/orders']").await;
    shopper.sees("#orders .line", "Payée").await;
    browser.closes().await;
}

#[actix_web::test]
async fn a_double_click_and_a_second_tab_place_one_order() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    ana.adds(2, 1).await.expect(200);
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    let other = browser.window(&shop).await;
    window.logs_in("ana", "correct horse").await;
    for tab in [&window, &other] {
        tab.opens("/checkout").await;
        tab.fills_in_the_contact().await;
    }
    window.double_clicks("#checkout button").await;
    window.sees(".order .bank.good", "Paiement accepté").await;
    other.sees("#checkout-summary", "Votre panier est vide").await;
    other.sees_no("#checkout button").await;
    let orders = ana.get("/api/orders").await.expect(200).json["orders"].clone();
    assert_eq!(
        (orders.as_array().unwrap().len(), &orders[0]["payment"]["attempt"]),
        (1, &json!(1))
    );
    browser.closes().await;
}

#[actix_web::test]
async fn a_browser_without_scripts_can_buy() {
    let shop = TestShop::open().await;
    has_a_slow_bank(&shop.admin().await).await;
    let browser = Chromium::open_without_scripts().await;
    let shopper = browser.window(&shop).await;
    shopper.logs_in("admin", "admin").await;
    shopper.clicks(ADD_A_MOUSE).await;
    shopper.sees("#cart-badge", "1").await;
    shopper.is_at("/articles").await;
    assert_eq!(shopper.reads(".indicator").await, "");
    shopper.opens("/cart").await;
    shopper.types(MICE, "2").await;
    shopper.clicks("#cart-item-2 .quantity button").await;
    shopper.sees("#cart-badge", "2").await;
    shopper.clicks("#cart a[href='/checkout']").await;
    shopper.places_the_order().await;
    shopper.sees(".order .bank.waiting", "Paiement en cours").await;
    shopper.reloads_until(".order .bank.good", "Paiement accepté").await;
    shopper.clicks(".navigation a[href='/orders']").await;
    shopper.sees("#orders .line", "Payée").await;
    browser.closes().await;
}

#[actix_web::test]
async fn a_page_with_a_payment_that_has_to_wait_stays_usable() {
    let shop = TestShop::open_with(&[("ORDER__ATTEMPTS", "1")]).await;
    shop.admin().await.sets_bank("decline").await;
    let ana = shop.customer("ana").await;
    ana.adds(2, 1).await.expect(200);
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    window.logs_in("ana", "correct horse").await;
    window.opens("/checkout").await;
    window.places_the_order().await;
    window.sees(".bank button[data-from]:disabled", "").await;
    // A push changes the page.
    ana.adds(2, 3).await.expect(200);
    window.sees("#cart-badge", "3").await;
    window.clicks(".bank .confirm summary").await;
    window.clicks(".bank .confirm button").await;
    window.sees(".order .badge", "Annulée").await;
    browser.closes().await;
}
