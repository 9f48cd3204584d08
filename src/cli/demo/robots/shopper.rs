//! A customer who buys, cancels, pays again and comes back.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::client::{Answer, Client};
use crate::cli::demo::dice::Dice;
use crate::cli::demo::people::Customer;

/// How often in a hundred a customer leaves the cart for another day.
const LEAVES: u64 = 20;

/// The most articles of a cart.
const MOST: u64 = 4;

/// A customer with one cart.
pub(super) struct Shopper {
    client: Client,
    customer: &'static Customer,
    pub(super) dice: Dice,
}

impl Shopper {
    pub(super) fn new(client: Client, customer: &'static Customer, dice: Dice) -> Self {
        Self { client, customer, dice }
    }

    /// Fills the cart and orders its content, or leaves it. `None` if a request has no answer or
    /// is refused: another visit goes on from there.
    pub(super) async fn go_shopping(&mut self) -> Option<()> {
        let articles = self.client.get("/api/articles").await?;
        let is_left = |article: &&Value| article["available"].as_u64() > Some(0);
        let articles: Vec<_> =
            articles.get("articles")?.as_array()?.iter().filter(is_left).collect();
        for _ in 0..=self.dice.below(2) {
            let article = &self.dice.one_of(&articles)?["id"];
            let item = json!({ "article_id": article, "quantity": 1 });
            self.client.command(Method::POST, "/api/cart/items", item).await?;
        }
        let cart = self.client.get("/api/cart").await?.get_mut("cart")?.take();
        let is_full = cart.get("items")?.as_array()?.len() as u64 >= MOST;
        if !is_full && self.dice.percent(LEAVES) {
            return None;
        }
        let answer = self.check_out(&cart).await?;
        self.settle(answer).await
    }

    async fn check_out(&mut self, cart: &Value) -> Option<Answer> {
        let Customer { name, address, .. } = self.customer;
        let order = json!({
            "cart_version": cart["version"],
            "expected_total_cents": cart["total_cents"],
            "name": name,
            "email": self.customer.email(),
            "address": address,
        });
        let key = format!("cart-{}", cart["version"]);
        let answer = self.client.once("/api/orders", &key, order).await?;
        if answer.0 == StatusCode::CONFLICT {
            // An article of the cart is sold out or off sale.
            self.client.command(Method::DELETE, "/api/cart", json!({})).await?;
        }
        Some(answer)
    }

    /// Pays a declined order again, or cancels it, or lets it expire.
    async fn settle(&mut self, (status, answer): Answer) -> Option<()> {
        if status != StatusCode::PAYMENT_REQUIRED {
            return None;
        }
        let order = answer.pointer("/order/id")?.as_str()?;
        let path = format!("/api/orders/{order}");
        match self.dice.below(10) {
            0..6 => {
                let pay = format!("{path}/pay");
                self.client.once(&pay, &format!("again-{order}"), json!({})).await?;
            }
            6..8 => {
                let cancel = format!("{path}/cancel");
                self.client.command(Method::POST, &cancel, json!({})).await?;
            }
            _ => {}
        }
        Some(())
    }
}
