//! The administrator who ships the oldest orders, and fills the stock when an article is sold out.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::client::Client;

/// The pause between two rounds of work.
pub(super) const ROUND: Duration = Duration::from_secs(10);

/// How many orders the clerk leaves to the visitor of the demo in each stage.
const LEFT: usize = 12;

/// How many units a sold-out article gets.
const DELIVERY: u64 = 30;

/// The administrator who ships.
pub(super) struct Clerk {
    client: Client,
}

impl Clerk {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Ships, delivers and fills the stock. `None` if a request has no answer.
    pub(super) async fn work(&mut self) -> Option<()> {
        for order in self.oldest("to_ship").await? {
            self.client.command(Method::POST, &format!("{order}/ship"), json!({})).await?;
        }
        for order in self.oldest("shipped").await? {
            self.client.command(Method::POST, &format!("{order}/deliver"), json!({})).await?;
        }
        self.fill_stock().await
    }

    /// Returns the paths of the orders in a stage, without the newest ones.
    async fn oldest(&mut self, stage: &str) -> Option<Vec<String>> {
        let list = self.client.get(&format!("/api/admin/orders?status={stage}")).await?;
        let ids = list.get("orders")?.as_array()?.iter().filter_map(|order| order["id"].as_str());
        Some(ids.skip(LEFT).map(|id| format!("/api/orders/{id}")).collect())
    }

    async fn fill_stock(&mut self) -> Option<()> {
        let list = self.client.get("/api/admin/articles").await?;
        let is_sold_out = |article: &&Value| article["available"] == 0 && article["active"] == true;
        for article in list.get("articles")?.as_array()?.iter().filter(is_sold_out) {
            let on_hand = article["on_hand"].as_u64()? + DELIVERY;
            let path = format!("/api/articles/{}", article["id"]);
            self.client.command(Method::PATCH, &path, json!({ "on_hand": on_hand })).await?;
        }
        Some(())
    }
}
