//! The checkout follows the cart and the prices, and the visitor pays what the visitor has seen.

use serde_json::json;

use crate::chromium::{Chromium, Window};
use crate::harness::TestShop;
use crate::people::Person;

const NAME: &str = "#checkout [name=name]";
const SUMMARY: &str = "#checkout-summary";
const BUTTON: &str = "#checkout form button";

/// More clicks than it takes until a new total counts.
const MANY: usize = 2_000;

/// Clicks the button as soon as the summary has changed.
const CLICK_AT_THE_CHANGE: &str = "window.sent = new Promise((done) => { \
    addEventListener('submit', (event) => { \
        done(!event.defaultPrevented); event.preventDefault(); }, { once: true }); }); \
    new MutationObserver((_, observer) => { observer.disconnect(); \
        setTimeout(() => document.querySelector('#checkout form button').click()); \
    }).observe(document.querySelector('#checkout'), { subtree: true, childList: true }); \
    arguments[arguments.length - 1]()";

/// Reports whether the form was sent by the click.
const IS_SENT: &str = "window.sent.then(arguments[arguments.length - 1])";

#[actix_web::test]
async fn the_summary_follows_prices_and_the_cart_and_keeps_what_is_typed() {
    for width in [1280, 390] {
        let shop = TestShop::open().await;
        let admin = shop.admin().await;
        let ana = shop.customer("ana").await;
        let browser = Chromium::open().await;
        let window = browser.window(&shop).await;
        window.is_wide(width).await;
        window.checks_out_two_mice(&ana).await;
        window.fills_in_the_contact().await;
        let page = window.page().await;
        admin.changes_article(2, json!({ "price_cents": 3190 })).await.expect(200);
        window.sees(SUMMARY, "il était de 59,80").await;
        window.sees(SUMMARY, "il est maintenant de 63,80").await;
        window.sees(BUTTON, "63,80").await;
        ana.adds(2, 1).await.expect(200);
        window.sees(BUTTON, "95,70").await;

        admin.changes_article(2, json!({ "on_hand": 1 })).await.expect(200);
        window.sees(SUMMARY, "Ajustez les articles signalés").await;
        window.sees_no(BUTTON).await;
        admin.changes_article(2, json!({ "active": false })).await.expect(200);
        window.sees(SUMMARY, "n’est plus en vente").await;
        ana.delete("/api/cart").await.expect(200);
        window.sees(SUMMARY, "Votre panier est vide").await;
        admin.changes_article(2, json!({ "active": true, "on_hand": 9 })).await.expect(200);
        ana.adds(2, 1).await.expect(200);
        window.sees(BUTTON, "31,90").await;

        assert_eq!((window.page().await, window.holds(NAME).await), (page, "Ana Lévêque".into()));
        window.clicks_until_at_an_order().await;
        window.sees(".order .amount", "31,90").await;
        browser.closes().await;
    }
}

#[actix_web::test]
async fn a_click_at_the_moment_in_which_the_total_changes_does_not_count() {
    for width in [1280, 390] {
        let shop = TestShop::open().await;
        let admin = shop.admin().await;
        let ana = shop.customer("ana").await;
        let browser = Chromium::open().await;
        let window = browser.window(&shop).await;
        window.is_wide(width).await;
        window.checks_out_two_mice(&ana).await;
        window.fills_in_the_contact().await;
        window.finds_later(CLICK_AT_THE_CHANGE).await;
        admin.changes_article(2, json!({ "price_cents": 3190 })).await.expect(200);
        assert_eq!(window.finds_later(IS_SENT).await, false);
        window.sees("#notice .error", "Le montant vient de changer.").await;
        window.clicks_until_at_an_order().await;
        window.sees(".order .amount", "63,80").await;
        browser.closes().await;
    }
}

impl Window {
    /// Opens the checkout of a user with two mice.
    async fn checks_out_two_mice(&self, ana: &Person) {
        ana.adds(2, 2).await.expect(200);
        self.logs_in("ana", "correct horse").await;
        self.opens("/checkout").await;
        self.sees("html.live .indicator", "").await;
    }

    /// Clicks the button until the order is placed: a click just after a change does not count.
    async fn clicks_until_at_an_order(&self) {
        for _ in 0..MANY {
            if self.path().await.starts_with("/orders/") {
                return;
            }
            self.clicks_all(BUTTON).await;
        }
        panic!("no click places the order");
    }
}
