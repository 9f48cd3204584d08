//! The quantities of the cart: a field shows what the shop has, unless it is being edited.

use fantoccini::key::Key;

use super::{MICE, SERVER_DOWN};
use crate::chromium::{Chromium, Window};
use crate::harness::TestShop;
use crate::people::Person;

#[actix_web::test]
async fn of_several_quantities_on_a_slow_network_the_last_one_wins() {
    for width in [1280, 390] {
        let shop = TestShop::open().await;
        let ana = shop.customer("ana").await;
        let browser = Chromium::open().await;
        let window = browser.window(&shop).await;
        window.is_wide(width).await;
        window.has_two_mice(&ana).await;
        window.has_a_slow_network().await;
        window.tabs_to(MICE).await;
        for _ in 0..4 {
            window.presses(Key::Up).await;
        }
        window.sees("#cart-badge", "6").await;
        window.shows_quantity("6").await;
        assert_eq!(ana.cart().await["item_count"], 6);
        browser.closes().await;
    }
}

#[actix_web::test]
async fn enter_asks_for_a_quantity_once() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    window.has_two_mice(&ana).await;
    let before = ana.cart().await["version"].as_u64().unwrap();
    window.types(MICE, "5").await;
    window.adds_to(MICE, "\n").await;
    window.sees("#cart-badge", "5").await;
    window.adds_to(MICE, "\n").await;
    window.types(MICE, "7").await;
    window.adds_to(MICE, "\n").await;
    window.sees("#cart-badge", "7").await;
    assert_eq!(ana.cart().await["version"].as_u64(), Some(before + 2));
    browser.closes().await;
}

#[actix_web::test]
async fn a_quantity_that_does_not_reach_the_shop_is_not_shown() {
    for width in [1280, 390] {
        let mut shop = TestShop::open().await;
        let ana = shop.customer("ana").await;
        let browser = Chromium::open().await;
        let window = browser.window(&shop).await;
        window.is_wide(width).await;
        window.has_two_mice(&ana).await;
        shop.kill();
        window.sees(".indicator", "Reconnexion").await;
        window.types(MICE, "7").await;
        window.adds_to(MICE, "\n").await;
        window.shows_quantity("2").await;
        shop.start_again();
        window.sees("html.live .indicator", "").await;
        ana.adds(2, 1).await.expect(200);
        window.shows_quantity("3").await;
        let down = [&SERVER_DOWN[..], &["/cart/update/2", "htmx:error"]].concat();
        browser.closes_after_errors(&down).await;
    }
}

#[actix_web::test]
async fn a_wrong_quantity_is_refused_and_the_field_shows_what_the_cart_has() {
    for width in [1280, 390] {
        let shop = TestShop::open().await;
        let ana = shop.customer("ana").await;
        let browser = Chromium::open().await;
        let window = browser.window(&shop).await;
        window.is_wide(width).await;
        for wrong in ["90", "e", "1."] {
            window.has_two_mice(&ana).await;
            // They are typed before the 2.
            window.adds_to(MICE, wrong).await;
            window.clicks("h1").await;
            window.sees("#notice .error", "").await;
            window.shows_quantity("2").await;
        }
        assert_eq!(ana.cart().await["item_count"], 2);
        browser.closes_after_errors(&["/cart/update/2"]).await;
    }
}

#[actix_web::test]
async fn a_focused_field_that_is_not_edited_follows_a_push() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    window.has_two_mice(&ana).await;
    window.tabs_to(MICE).await;
    ana.adds(2, 1).await.expect(200);
    window.shows_quantity("3").await;
    assert!(window.has_focus(MICE).await);
    browser.closes().await;
}

impl Window {
    /// Opens the cart of a user, with two mice in it.
    async fn has_two_mice(&self, ana: &Person) {
        if ana.cart().await["item_count"] == 0 {
            ana.adds(2, 2).await.expect(200);
            self.logs_in("ana", "correct horse").await;
        }
        self.opens("/cart").await;
        self.sees("html.live .indicator", "").await;
    }

    /// Waits until the field shows a quantity.
    async fn shows_quantity(&self, quantity: &str) {
        self.holds_soon(MICE, quantity).await;
    }
}
