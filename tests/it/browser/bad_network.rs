//! Checking out over a bad network, and while the server dies: there is one order, and in the end
//! every open page agrees with the shop.

use reqwest::Method;
use serde_json::{Value, json};

use super::ADD_A_MOUSE;
use super::agreement::differences;
use crate::chromium::{Chromium, Window};
use crate::harness::{TestShop, until};
use crate::lossy::LossyNetwork;
use crate::people::Person;

/// The errors that the console shows on a bad network.
const LOST: [&str; 4] = ["net::ERR_", "/live?", "htmx:ws:error", "htmx:error"];

/// The customer's three pages, in one browser.
struct Pages {
    browser: Chromium,
    shopper: Window,
    catalogue: Window,
    cart: Window,
}

impl Pages {
    /// Opens the pages of a shop, at an address of a network, and signs in.
    async fn open(url: &str) -> Self {
        let browser = Chromium::open().await;
        let [shopper, catalogue, cart] = [
            browser.window_at(url).await,
            browser.window_at(url).await,
            browser.window_at(url).await,
        ];
        while !shopper.path().await.starts_with("/articles") {
            shopper.reaches("/login", "#login form").await;
            shopper.fills_in_the_login("ana", "correct horse").await;
        }
        catalogue.reaches("/articles", "#article-2").await;
        cart.reaches("/cart", "#cart").await;
        Self { browser, shopper, catalogue, cart }
    }

    /// Clicks until the cart has a mouse, and opens the checkout.
    async fn fills_the_cart(&self, ana: &Person) {
        self.shopper.reaches("/articles", "#article-2").await;
        while ana.cart().await["item_count"] == 0 {
            self.shopper.clicks(ADD_A_MOUSE).await;
            self.shopper.sees_soon("#notice p").await;
        }
        self.shopper.reaches("/checkout", "#checkout form").await;
        self.shopper.fills_in_the_contact().await;
    }

    /// Sends the checkout.
    async fn sends_the_order(&self) {
        self.shopper.clicks("#checkout form button:not([name])").await;
    }

    /// Repeats the checkout after each error of the network, until the order is shown: first with
    /// the same request, then with a new form if the cart is not empty.
    async fn repeats_until_placed(&self) {
        while !self.shopper.sees_soon("section.order").await {
            self.shopper.tries_to_reload().await;
            if self.shopper.sees_soon("section.order").await {
                return;
            }
            self.shopper.reaches("/checkout", "#checkout").await;
            if self.shopper.sees_soon("#checkout form button:not([name])").await {
                self.shopper.fills_in_the_contact().await;
                self.sends_the_order().await;
            } else {
                self.shopper.reaches("/success", "section.order").await;
            }
        }
    }

    /// Checks that there is one order, which is paid, and that all pages agree with the shop.
    async fn agree(self, ana: &Person) {
        let order = until(async || {
            let orders = orders(ana).await;
            (orders[0]["status"] == "paid").then_some(orders)
        })
        .await;
        assert_eq!(order.as_array().unwrap().len(), 1, "{order}");
        for window in [&self.shopper, &self.catalogue, &self.cart] {
            window.is_live().await;
        }
        self.shopper.sees(".order .bank.good", "").await;
        let windows = [&self.shopper, &self.catalogue, &self.cart];
        assert_eq!(differences(&windows, ana, "ana").await, Vec::<String>::new());
        self.browser.closes_after_errors(&LOST).await;
    }
}

#[actix_web::test]
#[ignore = "takes a minute"]
async fn a_checkout_while_every_tenth_request_is_lost_places_one_order() {
    for seed in [1, 2] {
        let shop = TestShop::open_with(&[("AUTH__THROTTLE", "false")]).await;
        let ana = shop.customer("ana").await;
        let network = LossyNetwork::before(&shop, seed).await;
        let pages = Pages::open(&network.url).await;
        pages.fills_the_cart(&ana).await;
        pages.sends_the_order().await;
        pages.repeats_until_placed().await;
        network.recovers();
        assert!(network.lost() > 0, "nothing was lost");
        pages.agree(&ana).await;
    }
}

#[actix_web::test]
#[ignore = "takes a minute"]
async fn a_checkout_while_the_server_is_killed_twice_places_one_order() {
    let mut shop = TestShop::open_with(&[("AUTH__THROTTLE", "false")]).await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    let network = LossyNetwork::before(&shop, 0).await;
    network.recovers();
    let pages = Pages::open(&network.url).await;
    pages.fills_the_cart(&ana).await;

    // The server dies before the request arrives.
    shop.kill();
    pages.sends_the_order().await;
    assert!(!pages.shopper.sees_soon("section.order").await);
    shop.start_again();
    assert_eq!(orders(&ana).await, json!([]));

    // The server dies while the bank decides.
    let hang = json!({ "latency_ms": 0, "mode": "hang" });
    admin.0.send(Method::PUT, "/api/bank", hang).await.expect(200);
    pages.repeats_until_placed().await;
    assert_eq!(orders(&ana).await[0]["payment"]["status"], "submitting");
    shop.kill();
    shop.start_again();
    admin.sets_bank("approve").await;
    pages.agree(&ana).await;
}

async fn orders(ana: &Person) -> Value {
    ana.get("/api/orders").await.expect(200).json["orders"].clone()
}
