//! Two browsers, two programs that listen and two that ask: what one of them does, all whom it concerns see.

use reqwest::Method;
use serde_json::{Value, json};

use super::MICE;
use crate::chromium::Chromium;
use crate::harness::TestShop;
use crate::people::Admin;
use crate::socket::Socket;

#[actix_web::test]
async fn whatever_anybody_does_is_seen_by_everybody_it_concerns_in_order() {
    let shop = TestShop::open().await;
    let (admin, ana) = (shop.admin().await, shop.customer("ana").await);
    let mut hers = Socket::open(&shop, &ana.token).await;
    hers.listens(&["cart", "orders"]).await;
    let mut theirs = Socket::open(&shop, &admin.0.token).await;
    theirs.listens(&["users", "stock", "payments", "breaker"]).await;
    let (her_browser, their_browser) = (Chromium::open().await, Chromium::open().await);
    let (window, elsewhere) = (her_browser.window(&shop).await, her_browser.window(&shop).await);
    let (users, catalogue) = (their_browser.window(&shop).await, their_browser.window(&shop).await);
    window.logs_in("ana", "correct horse").await;
    elsewhere.opens("/cart").await;
    users.logs_in("admin", "admin").await;
    users.opens("/admin/users").await;
    catalogue.opens("/articles").await;
    let pages = (elsewhere.page().await, users.page().await, catalogue.page().await);

    // Her program, then her browser changes the cart; the administrator's program the price and the stock.
    ana.adds(2, 1).await.expect(200);
    window.sees("#cart-badge", "1").await;
    elsewhere.sees("#cart-item-2", "Souris sans fil").await;
    window.opens("/cart").await;
    window.types(MICE, "2").await;
    window.clicks("h1").await;
    elsewhere.sees("#cart-badge", "2").await;
    assert_eq!(ana.cart().await["item_count"], 2);
    admin.changes_article(2, json!({ "price_cents": 3150, "on_hand": 8 })).await.expect(200);
    elsewhere.sees("#cart .total", "63,00").await;
    catalogue.sees("#article-2 .price", "31,50").await;
    catalogue.sees("#article-2 .stock", "8 en stock").await;

    // Her browser orders while the bank is away; the administrator's program isolates it and lets it back.
    admin.sets_bank("refuse").await;
    window.opens("/checkout").await;
    window.fills_in_the_checkout().await;
    window.sees(".order .bank.bad", "Banque injoignable").await;
    let order_page = window.page().await;
    elsewhere.sees("#cart", "Votre panier est vide.").await;
    catalogue.sees("#article-2 .stock", "6 en stock").await;
    admin.sets_breaker("isolate").await;
    window.sees(".order .problem", "Les paiements sont interrompus").await;
    admin.sets_breaker("reset").await;
    window.sees_no(".order .problem").await;

    // Her browser pays, the administrator's program ships.
    admin.sets_bank("approve").await;
    window.clicks(".order form[action$='/pay'] button").await;
    window.sees(".order .bank.good", "Paiement accepté").await;
    let order = ana.get("/api/orders").await.expect(200).json["orders"][0].clone();
    assert_eq!(order["status"], "paid");
    let ship = format!("/api/orders/{}/ship", order["id"].as_str().unwrap());
    admin.0.send(Method::POST, &ship, Value::Null).await.expect(200);
    window.sees(".order-head .badge", "Expédiée").await;
    assert_eq!(window.page().await, order_page);

    // A program registers; the administrator's browser deletes.
    shop.customer("bela").await;
    users.sees("#users tbody tr:last-child", "bela").await;
    users.clicks("#users tbody tr:last-child button").await;
    users.agrees().await;
    users.sees("#users tbody tr:last-child", "ana").await;
    assert_eq!((elsewhere.page().await, users.page().await, catalogue.page().await), pages);

    let payment =
        ["pending_payment submitting", "pending_payment not_sent", "pending_payment submitting"];
    let order = [&payment[..], &["paid succeeded", "shipped succeeded"]].concat();
    let (hers, theirs) = (hers.has_heard().await, theirs.has_heard().await);
    assert_eq!((hers.of("cart"), hers.of("orders")), (vec!["1", "2", "0"], order.clone()));
    assert_eq!(theirs.of("payments"), order);
    assert_eq!(theirs.of("stock"), ["3150 8 0", "3150 8 2", "3150 6 0"]);
    assert_eq!(theirs.of("breaker"), ["isolated", "closed"]);
    assert_eq!(theirs.of("users"), ["user.added bela", "user.deleted bela"]);
    her_browser.closes().await;
    their_browser.closes().await;
}

impl Admin {
    async fn sets_breaker(&self, how: &str) {
        self.0.send(Method::POST, &format!("/api/breaker/{how}"), Value::Null).await.expect(200);
    }
}

/// What a program was told, in short.
struct Heard(Vec<(String, String)>);

impl Socket {
    /// What was told so far, in the order of what happened.
    async fn has_heard(&mut self) -> Heard {
        let (mut heard, mut last) = (Vec::new(), 0);
        self.say(json!({ "ping": "end" })).await;
        loop {
            let frame = self.hears_json().await;
            if frame["reply"]["pong"] == "end" {
                return Heard(heard);
            }
            let id = frame["id"].as_u64().unwrap();
            assert!(id > last, "{id} came after {last}");
            last = id;
            heard.push((frame["topic"].as_str().unwrap().to_owned(), in_short(&frame)));
        }
    }
}

impl Heard {
    fn of(&self, topic: &str) -> Vec<&str> {
        self.0.iter().filter(|(of, _)| of == topic).map(|(_, told)| told.as_str()).collect()
    }
}

fn in_short(frame: &Value) -> String {
    let data = &frame["data"];
    let told = match frame["type"].as_str().unwrap() {
        "cart.changed" => vec![&data["item_count"]],
        "article.changed" => vec![&data["price_cents"], &data["on_hand"], &data["reserved"]],
        "order.placed" | "order.changed" => vec![&data["status"], &data["payment"]["status"]],
        "breaker.changed" => vec![&data["state"]["state"]],
        _ => vec![&frame["type"], &data["username"]],
    };
    told.into_iter().map(|told| told.to_string().replace('"', "")).collect::<Vec<_>>().join(" ")
}
