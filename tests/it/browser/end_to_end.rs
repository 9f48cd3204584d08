//! Two browsers and two programs at once: every change reaches all pages and programs it affects.

use reqwest::Method;
use serde_json::{Value, json};

use super::MICE;
use crate::chromium::Chromium;
use crate::harness::TestShop;
use crate::people::Admin;
use crate::socket::Socket;

#[actix_web::test]
async fn every_change_reaches_all_affected_pages_and_programs_in_order() {
    // The sockets are read at the end only, and answer no ping before.
    let shop = TestShop::open_with(&[("LIVE__SILENCE", "1h")]).await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    let mut her_socket = Socket::open(&shop, &ana.token).await;
    her_socket.subscribes(&["cart", "orders"]).await;
    let mut their_socket = Socket::open(&shop, &admin.0.token).await;
    their_socket.subscribes(&["users", "stock", "payments", "breaker"]).await;
    let her_browser = Chromium::open().await;
    let their_browser = Chromium::open().await;
    let window = her_browser.window(&shop).await;
    let other = her_browser.window(&shop).await;
    let users = their_browser.window(&shop).await;
    let catalogue = their_browser.window(&shop).await;
    window.logs_in("ana", "correct horse").await;
    other.opens("/cart").await;
    users.logs_in("admin", "admin").await;
    users.opens("/admin/users").await;
    catalogue.opens("/articles").await;
    let pages = (other.page().await, users.page().await, catalogue.page().await);

    // Ana's program and then her browser change the cart; the administrator changes the article.
    ana.adds(2, 1).await.expect(200);
    window.sees("#cart-badge", "1").await;
    other.sees("#cart-item-2", "Souris sans fil").await;
    window.opens("/cart").await;
    window.types(MICE, "2").await;
    window.clicks("h1").await;
    other.sees("#cart-badge", "2").await;
    assert_eq!(ana.cart().await["item_count"], 2);
    admin.changes_article(2, json!({ "price_cents": 3150, "on_hand": 8 })).await.expect(200);
    other.sees("#cart .total", "63,00").await;
    catalogue.sees("#article-2 .price", "31,50").await;
    catalogue.sees("#article-2 .stock", "8 en stock").await;

    // Ana orders while the bank is down; the administrator isolates it and resets the breaker.
    admin.sets_bank("refuse").await;
    window.opens("/checkout").await;
    window.places_the_order().await;
    window.sees(".order .bank.bad", "Banque injoignable").await;
    let order_page = window.page().await;
    other.sees("#cart", "Votre panier est vide.").await;
    catalogue.sees("#article-2 .stock", "6 en stock").await;
    admin.sets_breaker("isolate").await;
    window.sees(".order .problem", "Les paiements sont interrompus").await;
    admin.sets_breaker("reset").await;
    window.sees_no(".order .problem").await;

    // Ana pays, the administrator ships.
    admin.sets_bank("approve").await;
    window.clicks(".order form[action$='/pay'] button").await;
    window.sees(".order .bank.good", "Paiement accepté").await;
    let order = ana.get("/api/orders").await.expect(200).json["orders"][0].clone();
    assert_eq!(order["status"], "paid");
    let ship = format!("/api/orders/{}/ship", order["id"].as_str().unwrap());
    admin.0.send(Method::POST, &ship, Value::Null).await.expect(200);
    window.sees(".order-head .badge", "Expédiée").await;
    assert_eq!(window.page().await, order_page);

    // A program registers a user; the administrator's browser deletes the user.
    shop.customer("bela").await;
    users.sees("#users tbody tr:last-child", "bela").await;
    users.clicks("#users tbody tr:last-child summary").await;
    users.clicks("#users tbody tr:last-child button").await;
    users.sees("#users tbody tr:last-child", "ana").await;
    assert_eq!((other.page().await, users.page().await, catalogue.page().await), pages);

    let down = ["pending_payment submitting", "pending_payment not_sent"];
    let up = ["pending_payment submitting", "paid succeeded", "shipped succeeded"];
    let hers = her_socket.received().await;
    let theirs = their_socket.received().await;
    assert_eq!(
        (hers.of("cart"), hers.of("orders")),
        (vec!["1", "2", "0"], [&down[..], &up].concat())
    );
    let payments = [&["refuse"], &down[..], &["approve"], &up].concat();
    assert_eq!(theirs.of("payments"), payments);
    assert_eq!(theirs.of("stock"), ["3150 8 0", "3150 8 2", "3150 6 0"]);
    assert_eq!(theirs.of("breaker"), ["closed", "isolated", "closed"]);
    assert_eq!(theirs.of("users"), ["user.added bela", "user.deleted bela"]);
    her_browser.closes().await;
    their_browser.closes().await;
}

impl Admin {
    /// Isolates or resets the breaker.
    async fn sets_breaker(&self, command: &str) {
        self.0
            .send(Method::POST, &format!("/api/breaker/{command}"), Value::Null)
            .await
            .expect(200);
    }
}

/// The events that a program received: the topic and a summary of each.
struct Received(Vec<(String, String)>);

impl Socket {
    /// Returns the events received so far, which must be in the order of their numbers.
    async fn received(&mut self) -> Received {
        let mut received = Vec::new();
        let mut last = 0;
        self.sends(json!({ "ping": "end" })).await;
        loop {
            let frame = self.receives_json().await;
            if frame["reply"]["pong"] == "end" {
                return Received(received);
            }
            let id = frame["id"].as_u64().unwrap();
            assert!(id > last, "{id} came after {last}");
            last = id;
            received.push((frame["topic"].as_str().unwrap().to_owned(), summary(&frame)));
        }
    }
}

impl Received {
    /// Returns the summaries of a topic.
    fn of(&self, topic: &str) -> Vec<&str> {
        self.0.iter().filter(|(of, _)| of == topic).map(|(_, summary)| summary.as_str()).collect()
    }
}

/// Returns the values of an event that the test compares.
fn summary(frame: &Value) -> String {
    let data = &frame["data"];
    let values = match frame["type"].as_str().unwrap() {
        "cart.changed" => vec![&data["item_count"]],
        "article.changed" => vec![&data["price_cents"], &data["on_hand"], &data["reserved"]],
        "order.placed" | "order.changed" => vec![&data["status"], &data["payment"]["status"]],
        "bank.changed" => vec![&data["mode"]],
        "breaker.changed" => vec![&data["state"]["state"]],
        _ => vec![&frame["type"], &data["username"]],
    };
    values.into_iter().map(|value| value.to_string().replace('"', "")).collect::<Vec<_>>().join(" ")
}
