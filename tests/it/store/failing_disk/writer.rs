//! A client that changes its cart and records what the shop has acknowledged.

use reqwest::Method;
use serde_json::json;

use crate::crash::account::answer;
use crate::harness::TestShop;
use crate::people::Person;

/// A client that sets the quantity of an article again and again.
pub(super) struct Writer {
    person: Person,
    /// The last acknowledged version of the cart, and its quantity.
    acknowledged: (u64, u64),
    /// How many changes were acknowledged.
    pub(super) count: usize,
}

impl Writer {
    /// Registers a customer with an empty cart.
    pub(super) async fn new(shop: &TestShop, name: &str) -> Self {
        Self { person: shop.customer(name).await, acknowledged: (0, 0), count: 0 }
    }

    /// Changes the cart until the shop does not respond.
    pub(super) async fn writes(&mut self) {
        let mut quantity = self.acknowledged.1;
        loop {
            quantity = quantity % 9 + 1;
            let change = self.person.request(Method::PUT, "/api/cart/items/2");
            let change = change.json(&json!({ "quantity": quantity }));
            match answer(change).await {
                None => return,
                Some((200, body)) => {
                    let version = body["cart"]["version"].as_u64().unwrap();
                    self.acknowledged = (version, quantity);
                    self.count += 1;
                }
                Some((status, body)) => assert_eq!(status, 503, "{body}"),
            }
        }
    }

    /// Finds the acknowledged cart, or one that a later request has changed.
    pub(super) async fn finds_the_cart(&mut self) {
        let cart = self.person.cart().await;
        let version = cart["version"].as_u64().unwrap();
        let quantity = cart["items"][0]["quantity"].as_u64().unwrap_or(0);
        let (acknowledged, expected) = self.acknowledged;
        assert!(version >= acknowledged, "version {acknowledged} is lost: {cart}");
        if version == acknowledged {
            assert_eq!(quantity, expected, "{cart}");
        }
        self.acknowledged = (version, quantity);
    }
}
