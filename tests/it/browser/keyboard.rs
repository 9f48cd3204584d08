//! The keyboard alone: from the catalogue to a paid order, with a focus that never gets lost.

use fantoccini::key::Key;
use serde_json::json;

use super::{ADD_A_MOUSE, MICE, has_a_slow_bank};
use crate::chromium::{Chromium, Window};
use crate::harness::TestShop;
use crate::people::Person;

#[actix_web::test]
async fn a_person_buys_with_the_keyboard_alone() {
    let shop = TestShop::open().await;
    has_a_slow_bank(&shop.admin().await).await;
    let ana = shop.customer("ana").await;
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    window.opens("/articles").await;
    window.begins_at_the_skip_link().await;
    window.presses(Key::Enter).await;
    assert!(window.has_focus("#main").await);
    window.tabs_to(ADD_A_MOUSE).await;
    window.presses(Key::Enter).await;
    window.sees("#cart-badge", "1").await;
    assert!(window.has_focus(ADD_A_MOUSE).await, "the focus is on {}", window.focus().await);
    window.tabs_back_to("#cart-badge").await;
    window.presses(Key::Enter).await;

    window.is_at("/cart").await;
    window.begins_at_the_skip_link().await;
    window.tabs_to(MICE).await;
    window.types_here("2").await;
    window.presses(Key::Enter).await;
    window.sees("#cart-badge", "2").await;
    window.presses(Key::Up).await;
    window.sees("#cart-badge", "3").await;
    assert!(window.has_focus(MICE).await, "the focus is on {}", window.focus().await);
    window.tabs_to("#cart a[href='/checkout']").await;
    window.presses(Key::Enter).await;

    window.is_at("/login").await;
    window.tabs_to("#login [name=username]").await;
    window.types_here("ana").await;
    window.tabs_to("#login [name=password]").await;
    window.types_here("correct horse").await;
    window.presses(Key::Enter).await;

    window.is_at("/checkout").await;
    window.begins_at_the_skip_link().await;
    for (field, text) in
        [("name", "Ana Lévêque"), ("email", "ana@example.org"), ("address", "1 quai des Brumes")]
    {
        window.tabs_to(&format!("#checkout [name={field}]")).await;
        window.types_here(text).await;
    }
    window.tabs_to("#checkout form button").await;
    window.presses(Key::Enter).await;
    window.sees(".order .bank.waiting", "").await;
    window.begins_at_the_skip_link().await;
    window.sees(".order .bank.good", "Paiement accepté").await;
    assert!(window.has_focus(".skip").await, "the focus is on {}", window.focus().await);
    let orders = ana.get("/api/orders").await.expect(200).json["orders"].clone();
    assert_eq!(orders[0]["items"][0]["quantity"], 3);
    browser.closes().await;
}

#[actix_web::test]
async fn the_focus_survives_what_an_action_or_a_push_removes() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    window.logs_in("ana", "correct horse").await;
    window.opens("/articles").await;
    window.sees("html.live .indicator", "").await;
    for (article, change) in [(2, json!({ "on_hand": 0 })), (3, json!({ "active": false }))] {
        window.tabs_to(&format!("#article-{article} form[hx-post] button")).await;
        admin.changes_article(article, change).await.expect(200);
        window.sees_no(&format!("#article-{article} button:enabled")).await;
        window.knows_the_focus("an article is sold out or leaves").await;
    }

    for article in [1, 4, 5] {
        ana.adds(article, 1).await.expect(200);
    }
    window.opens("/cart").await;
    window.sees("html.live .indicator", "").await;
    for article in [4, 1] {
        window.opens("/cart").await;
        window.tabs_to(&format!("#cart-item-{article} form[action*=remove] button")).await;
        window.presses(Key::Enter).await;
        window.sees_no(&format!("#cart-item-{article}")).await;
        window.knows_the_focus("an article is removed").await;
    }
    window.confirms("#confirm-cart-clear").await;
    window.sees("#cart", "Votre panier est vide").await;
    window.knows_the_focus("the cart is emptied").await;
    admin.sets_bank("decline").await;
    declined_orders_keep_the_focus(&window, &ana).await;
    browser.closes().await;
}

/// Pays a declined order again, and cancels another one.
async fn declined_orders_keep_the_focus(window: &Window, ana: &Person) {
    is_declined(window, ana, "a").await;
    window.tabs_to(".order form[action$='/pay'] button").await;
    window.presses(Key::Enter).await;
    window.sees("section.order", "Tentative n° 2").await;
    window.knows_the_focus("an order is paid again").await;
    is_declined(window, ana, "b").await;
    window.confirms(".order [id^=confirm-orders-]").await;
    window.sees(".order-head", "Annulée").await;
    window.knows_the_focus("an order is cancelled").await;
}

/// Opens the page of an order that the bank declines.
async fn is_declined(window: &Window, ana: &Person, key: &str) {
    ana.adds(1, 1).await.expect(200);
    let declined = ana.checks_out(key).await.expect_problem(402, "payment_declined");
    let id = declined.json["order"]["id"].as_str().unwrap();
    window.opens(&format!("/orders/{id}")).await;
    window.sees("html.live .indicator", "").await;
}

impl Window {
    /// Opens a question with the keyboard, and answers it.
    async fn confirms(&self, question: &str) {
        for button in ["summary", "form button"] {
            self.tabs_to(&format!("{question} {button}")).await;
            self.presses(Key::Enter).await;
        }
    }
}
