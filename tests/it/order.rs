//! Orders over REST: `/api/orders`, `/api/orders/{id}` and its commands.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{TestShop, until};
use crate::people::{Admin, Answer, Person};
use crate::socket::Socket;

mod breaker;
mod checkout;
mod delivery;
mod desk;
mod limits;
mod payment;
mod rush;

impl Person {
    /// Buys one unit of an article.
    async fn buys(&self, article: u64, key: &str) -> Value {
        self.adds(article, 1).await.expect(200);
        self.checks_out(key).await.expect(201).json["order"].clone()
    }

    /// Orders a laptop, whose payment the bank declines.
    async fn is_declined(&self, admin: &Admin, key: &str) -> Value {
        admin.sets_bank("decline").await;
        self.adds(1, 1).await.expect(200);
        self.checks_out(key).await.expect_problem(402, "payment_declined").json["order"].clone()
    }

    /// Starts another payment attempt.
    async fn pays(&self, order: &Value, key: &str) -> Answer {
        let path = format!("/api/orders/{}/pay", text(&order["id"]));
        Answer::to(self.request(Method::POST, &path).header("idempotency-key", key)).await
    }

    async fn cancels(&self, order: &Value) -> Answer {
        self.send(Method::POST, &format!("/api/orders/{}/cancel", text(&order["id"])), json!({}))
            .await
    }

    /// Reads the current order.
    async fn order(&self, order: &Value) -> Value {
        self.get(&format!("/api/orders/{}", text(&order["id"]))).await.expect(200).json["order"]
            .clone()
    }

    /// Reads a page of the list of orders.
    async fn orders_listed(&self, page: &str) -> Vec<Value> {
        let list = self.get(&format!("/api/orders{page}")).await.expect(200).json;
        let orders = list["orders"].as_array().unwrap().clone();
        assert_eq!(list["count"], orders.len());
        orders
    }

    /// Reads how many units of an article are available.
    async fn sees(&self, article: u64) -> u64 {
        let shown = self.get(&format!("/api/articles/{article}")).await.expect(200).json;
        shown["article"]["available"].as_u64().unwrap()
    }

    /// Reads an order until it has a status.
    async fn waits_until(&self, order: &Value, status: &str) -> Value {
        until(async || Some(self.order(order).await).filter(|order| order["status"] == status))
            .await
    }
}

impl Admin {
    /// Ships, delivers or refunds an order. Only the last one needs a key.
    async fn moves(&self, order: &Value, step: &str) -> Answer {
        let path = format!("/api/orders/{}/{step}", text(&order["id"]));
        let request = self.0.request(Method::POST, &path);
        let keyed = step == "refund";
        let request = if keyed { request.header("idempotency-key", &path) } else { request };
        self.0.receives(request).await
    }

    /// Reads the state of the breaker.
    async fn breaker(&self) -> Value {
        self.0.get("/api/breaker").await.expect(200).json["breaker"]["state"].clone()
    }
}

/// Opens a shop with an administrator, a customer, and a bank that approves at once.
async fn shop_with_ana(settings: &[(&str, &str)]) -> (TestShop, Admin, Person) {
    let shop = TestShop::open_with(settings).await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    admin.sets_bank("approve").await;
    (shop, admin, ana)
}

/// Counts the log's events that a payment of the person's orders succeeded.
async fn times_paid(shop: &TestShop, person: &Person) -> usize {
    let mut socket = Socket::open(shop, &person.token).await;
    socket.sends(json!({ "subscribe": ["orders"], "since": 0 })).await;
    socket.sends(json!({ "ping": "end" })).await;
    let mut paid = 0;
    loop {
        let frame = socket.receives_json().await;
        if frame["reply"]["pong"] == "end" {
            return paid;
        }
        paid += usize::from(frame["type"] == "order.changed" && frame["data"]["status"] == "paid");
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
