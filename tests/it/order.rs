//! Orders over REST: `/api/orders`, `/api/orders/{id}` and what is done with one; `/api/bank`, `/api/breaker`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{TestShop, until};
use crate::people::{Admin, Answer, Person};
use crate::socket::Socket;

#[actix_web::test]
async fn a_checkout_sells_the_stock_and_empties_the_cart() {
    let (_shop, _admin, ana) = shop_with_ana(&[]).await;
    ana.adds(1, 2).await.expect(200);
    let order = ana.checks_out("k").await.expect(201).json["order"].clone();
    assert_eq!((&order["status"], &order["total_cents"]), (&json!("paid"), &json!(179_800)));
    assert_eq!(order["payment"], json!({ "attempt": 1, "status": "succeeded" }));
    let item = &order["items"][0];
    assert_eq!(
        (&item["article_id"], &item["quantity"], &item["line_total_cents"]),
        (&json!(1), &json!(2), &json!(179_800))
    );
    assert_eq!((ana.cart().await["item_count"].as_u64(), ana.sees(1).await), (Some(0), 8));
    assert_eq!(ana.order(&order).await, order);
}

#[actix_web::test]
async fn the_same_request_sent_again_gets_the_same_answer() {
    let (mut shop, admin, ana) = shop_with_ana(&[]).await;
    admin
        .0
        .send(Method::PUT, "/api/bank", json!({ "latency_ms": 300, "mode": "approve" }))
        .await
        .expect(200);
    ana.adds(1, 1).await.expect(200);
    let (one, other) =
        futures_util::future::join(ana.orders("k", 1, 89_900), ana.orders("k", 1, 89_900)).await;
    let (first, second) = if one.status == 201 { (one, other) } else { (other, one) };
    let first = first.expect(201).json;
    second.expect_problem(409, "idempotency_key_in_use");
    admin.moves(&first["order"], "ship").await.expect(200);
    for _ in 0..2 {
        assert_eq!(ana.orders("k", 1, 89_900).await.expect(201).json, first);
        shop.kill();
        shop.start_again();
    }
    ana.orders("k", 1, 89_901).await.expect_problem(422, "idempotency_key_reused");
    ana.orders("k", 2, 89_900).await.expect_problem(422, "idempotency_key_reused");
    assert_eq!((ana.orders_listed("").await.len(), ana.sees(1).await), (1, 9));
}

#[actix_web::test]
async fn one_cart_becomes_one_order_whatever_the_keys() {
    let (_shop, _admin, ana) = shop_with_ana(&[]).await;
    ana.adds(1, 1).await.expect(200);
    let keys: Vec<_> = (0..10).map(|number| format!("key-{number}")).collect();
    let answers =
        futures_util::future::join_all(keys.iter().map(|key| ana.orders(key, 1, 89_900))).await;
    let first = answers[0].json["order"]["id"].clone();
    assert!(answers.into_iter().all(|answer| answer.expect(201).json["order"]["id"] == first));
    assert_eq!((ana.orders_listed("").await.len(), ana.sees(1).await), (1, 9));
}

#[actix_web::test]
async fn a_checkout_needs_a_good_key() {
    let (_shop, _admin, ana) = shop_with_ana(&[]).await;
    ana.adds(1, 1).await.expect(200);
    let cart = ana.cart().await;
    let body = json!({
        "cart_version": 1, "expected_total_cents": 89_900, "name": "Ana", "email": "a@b", "address": "Quay",
    });
    ana.send(Method::POST, "/api/orders", body)
        .await
        .expect_problem(400, "missing_idempotency_key");
    for key in ["", "with space", &"x".repeat(256)] {
        ana.orders(key, 1, 89_900).await.expect_problem(400, "invalid_idempotency_key");
    }
    assert_eq!((ana.cart().await, ana.orders_listed("").await.len()), (cart, 0));
}

#[actix_web::test]
async fn nobody_pays_another_total_than_shown() {
    let (_shop, admin, ana) = shop_with_ana(&[]).await;
    ana.adds(2, 1).await.expect(200);
    admin.changes_article(2, json!({ "price_cents": 3_000 })).await.expect(200);
    let cart = ana.cart().await;
    let refused = ana.orders("k", 1, 2_990).await.expect_problem(409, "total_changed");
    assert_eq!(
        (&refused.json["total_cents"], ana.cart().await, ana.sees(2).await),
        (&json!(3_000), cart, 15)
    );
    ana.adds(2, 1).await.expect(200);
    ana.orders("l", 1, 3_000).await.expect_problem(409, "cart_changed");
    assert_eq!(ana.orders_listed("").await.len(), 0);
    ana.orders("m", 2, 6_000).await.expect(201);
}

#[actix_web::test]
async fn nobody_buys_nothing_or_more_than_there_is() {
    let (_shop, _admin, ana) = shop_with_ana(&[]).await;
    ana.orders("k", 0, 0).await.expect_problem(409, "empty_cart");
    ana.adds(2, 1).await.expect(200);
    ana.adds(1, 11).await.expect(200);
    let cart = ana.cart().await;
    ana.checks_out("k").await.expect_problem(409, "insufficient_stock");
    assert_eq!((ana.cart().await, ana.sees(1).await, ana.sees(2).await), (cart, 10, 15));
    assert_eq!(ana.orders_listed("").await.len(), 0);
}

#[actix_web::test]
async fn of_many_buyers_of_the_last_piece_one_gets_it() {
    let (shop, admin, _ana) = shop_with_ana(&[]).await;
    admin.changes_article(1, json!({ "on_hand": 1 })).await.expect(200);
    let mut buyers = Vec::new();
    for number in 0..5 {
        let buyer = shop.customer(&format!("buyer {number}")).await;
        buyer.adds(1, 1).await.expect(200);
        buyers.push(buyer);
    }
    let answers =
        futures_util::future::join_all(buyers.iter().map(|buyer| buyer.checks_out("k"))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(
        answers.iter().filter(|answer| answer.json["code"] == "insufficient_stock").count(),
        4
    );
    assert_eq!(buyers[0].sees(1).await, 0);
}

#[actix_web::test]
async fn a_declined_order_can_be_paid_again() {
    let (_shop, admin, ana) = shop_with_ana(&[]).await;
    let order = ana.is_declined(&admin, "k").await;
    assert_eq!(
        (&order["status"], &order["payment"]["status"]),
        (&json!("pending_payment"), &json!("declined"))
    );
    let pay = format!("/api/orders/{}/pay", text(&order["id"]));
    ana.send(Method::POST, &pay, json!({})).await.expect_problem(400, "missing_idempotency_key");
    ana.pays(&order, "again").await.expect_problem(402, "payment_declined");
    admin.sets_bank("approve").await;
    ana.pays(&order, "k").await.expect_problem(422, "idempotency_key_reused");
    let paid = ana.pays(&order, "third").await.expect(200).json["order"].clone();
    assert_eq!(
        (&paid["status"], &paid["payment"]),
        (&json!("paid"), &json!({ "attempt": 3, "status": "succeeded" }))
    );
    assert_eq!(ana.pays(&order, "third").await.expect(200).json["order"], paid);
    ana.pays(&order, "fourth").await.expect_problem(409, "wrong_state");
    assert_eq!(ana.sees(1).await, 9);
}

#[actix_web::test]
async fn a_bank_that_refuses_three_times_is_left_alone_for_a_while() {
    let (_shop, admin, ana) = shop_with_ana(&[("BREAKER__OPEN", "2s")]).await;
    assert_eq!(admin.breaker().await, json!({ "state": "closed", "failures": 0 }));
    admin.sets_bank("refuse").await;
    ana.adds(2, 1).await.expect(200);
    let refused = ana.checks_out("first").await.expect_problem(503, "payment_not_sent");
    let order = &refused.json["order"];
    assert_eq!(
        (&order["status"], &order["payment"]["status"]),
        (&json!("pending_payment"), &json!("not_sent"))
    );
    for key in ["second", "third"] {
        ana.pays(order, key).await.expect_problem(503, "payment_not_sent");
    }
    assert_eq!(admin.breaker().await["state"], "open");

    ana.adds(1, 1).await.expect(200);
    let (cart, orders) = (ana.cart().await, ana.orders_listed("").await);
    let closed = ana.checks_out("fourth").await.expect_problem(503, "payment_unavailable");
    let wait: u64 = closed.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    assert_eq!(
        (ana.cart().await, ana.sees(1).await, ana.orders_listed("").await),
        (cart, 10, orders)
    );

    admin.sets_bank("approve").await;
    let paid =
        until(async || Some(ana.pays(order, "fifth").await).filter(|answer| answer.status == 200))
            .await;
    assert_eq!(
        (&paid.json["order"]["status"], &admin.breaker().await["state"]),
        (&json!("paid"), &json!("closed"))
    );
}

#[actix_web::test]
async fn an_administrator_isolates_the_bank_and_lets_it_back() {
    let (mut shop, admin, ana) = shop_with_ana(&[]).await;
    ana.adds(1, 1).await.expect(200);
    for _ in 0..2 {
        let set = admin.0.send(Method::POST, "/api/breaker/isolate", json!({})).await.expect(200);
        assert_eq!(set.json["breaker"]["state"], json!({ "state": "isolated" }));
    }
    shop.kill();
    shop.start_again();
    ana.checks_out("k").await.expect_problem(503, "payment_unavailable");
    assert_eq!((ana.cart().await["item_count"].clone(), ana.sees(1).await), (json!(1), 10));
    let set = admin.0.send(Method::POST, "/api/breaker/reset", json!({})).await.expect(200);
    assert_eq!(set.json["breaker"]["state"], json!({ "state": "closed", "failures": 0 }));
    assert_eq!(ana.checks_out("k").await.expect(201).json["order"]["status"], "paid");
}

#[actix_web::test]
async fn a_breaker_stays_open_over_a_restart() {
    let (mut shop, admin, ana) = shop_with_ana(&[]).await;
    admin.sets_bank("refuse").await;
    for key in ["first", "second", "third"] {
        ana.adds(1, 1).await.expect(200);
        ana.checks_out(key).await.expect_problem(503, "payment_not_sent");
    }
    let before = admin.breaker().await;
    shop.kill();
    shop.start_again();
    assert_eq!((&before["state"], admin.breaker().await), (&json!("open"), before.clone()));
    ana.adds(1, 1).await.expect(200);
    let refused = ana.checks_out("fourth").await.expect_problem(503, "payment_unavailable");
    assert!(refused.headers.contains_key("retry-after"));
}

#[actix_web::test]
async fn a_lost_answer_is_asked_for_until_it_is_known() {
    let patient = [("ORDER__PATIENCE", "300ms"), ("BREAKER__FAILURES", "100")];
    let (shop, admin, ana) = shop_with_ana(&patient).await;
    admin.sets_bank("lose_answer").await;
    ana.adds(1, 1).await.expect(200);
    let order = ana.checks_out("k").await.expect(202).json["order"].clone();
    assert_eq!(
        (&order["status"], &order["payment"]["status"]),
        (&json!("pending_payment"), &json!("unknown"))
    );
    ana.pays(&order, "again").await.expect_problem(409, "wrong_state");
    assert_eq!(ana.sees(1).await, 9);
    admin.sets_bank("approve").await;
    let paid = ana.waits_until(&order, "paid").await;
    assert_eq!(paid["payment"], json!({ "attempt": 1, "status": "succeeded" }));
    assert_eq!((ana.sees(1).await, times_paid(&shop, &ana).await), (9, 1));
}

#[actix_web::test]
async fn a_wish_to_cancel_is_kept_until_the_bank_is_heard() {
    let patient = [("ORDER__PATIENCE", "300ms"), ("BREAKER__FAILURES", "100")];
    let (mut shop, admin, ana) = shop_with_ana(&patient).await;
    admin.sets_bank("lose_answer").await;
    ana.adds(1, 1).await.expect(200);
    let order = ana.checks_out("k").await.expect(202).json["order"].clone();
    for _ in 0..2 {
        let wish = ana.cancels(&order).await.expect(202).json["order"].clone();
        assert_eq!(
            (&wish["status"], &wish["called_off"]),
            (&json!("pending_payment"), &json!(true))
        );
    }
    shop.kill();
    shop.start_again();
    ana.waits_until(&order, "refunded").await;
    ana.cancels(&order).await.expect(200);
    assert_eq!((ana.sees(1).await, times_paid(&shop, &ana).await), (10, 1));
}

#[actix_web::test]
async fn a_lost_request_is_sent_again_until_it_arrives() {
    let patient = [("ORDER__PATIENCE", "300ms"), ("BREAKER__FAILURES", "100")];
    let (shop, admin, ana) = shop_with_ana(&patient).await;
    admin.sets_bank("lose_request").await;
    ana.adds(1, 1).await.expect(200);
    let order = ana.checks_out("k").await.expect(202).json["order"].clone();
    admin.sets_bank("decline").await;
    until(async || {
        Some(ana.order(&order).await).filter(|order| order["payment"]["status"] == "declined")
    })
    .await;
    assert_eq!(
        (ana.cancels(&order).await.status.as_u16(), times_paid(&shop, &ana).await),
        (200, 0)
    );
}

#[actix_web::test]
async fn a_payment_under_way_outlives_the_death_of_the_server() {
    let (mut shop, admin, ana) = shop_with_ana(&[("ORDER__PATIENCE", "100ms")]).await;
    admin
        .0
        .send(Method::PUT, "/api/bank", json!({ "latency_ms": 2_000, "mode": "approve" }))
        .await
        .expect(200);
    ana.adds(1, 3).await.expect(200);
    let order = ana.checks_out("k").await.expect(202).json["order"].clone();
    assert_eq!(order["payment"]["status"], "submitting");
    shop.kill();
    shop.start_again();
    assert_eq!(ana.waits_until(&order, "paid").await["payment"]["attempt"], 1);
    assert_eq!((ana.sees(1).await, times_paid(&shop, &ana).await), (7, 1));
    assert_eq!(ana.orders("k", 1, 3 * 89_900).await.expect(202).json["order"], order);
    shop.stop();
    assert!(shop.command(&["check"]).status().unwrap().success());
}

#[actix_web::test]
async fn a_cancelled_order_gives_its_stock_back() {
    let (_shop, admin, ana) = shop_with_ana(&[]).await;
    let order = ana.is_declined(&admin, "k").await;
    assert_eq!(ana.sees(1).await, 9);
    for _ in 0..2 {
        assert_eq!(ana.cancels(&order).await.expect(200).json["order"]["status"], "cancelled");
        assert_eq!(ana.sees(1).await, 10);
    }
    ana.pays(&order, "late").await.expect_problem(409, "wrong_state");
    admin.moves(&order, "ship").await.expect_problem(409, "wrong_state");
    assert_eq!(ana.cart().await["item_count"], 0);
}

#[actix_web::test]
async fn an_order_that_is_not_paid_in_time_goes_back_to_the_cart() {
    let (_shop, admin, ana) = shop_with_ana(&[("ORDER__EXPIRY", "1s")]).await;
    let order = ana.is_declined(&admin, "k").await;
    ana.adds(2, 1).await.expect(200);
    ana.waits_until(&order, "expired").await;
    assert_eq!((ana.sees(1).await, ana.cart().await["item_count"].as_u64()), (10, Some(2)));
    ana.cancels(&order).await.expect_problem(409, "wrong_state");
    ana.pays(&order, "late").await.expect_problem(409, "wrong_state");
}

#[actix_web::test]
async fn somebody_else_s_order_does_not_exist() {
    let (shop, admin, ana) = shop_with_ana(&[]).await;
    let (bob, order) = (shop.customer("bob").await, ana.is_declined(&admin, "k").await);
    bob.get(&format!("/api/orders/{}", text(&order["id"])))
        .await
        .expect_problem(404, "order_not_found");
    bob.pays(&order, "mine").await.expect_problem(404, "order_not_found");
    bob.cancels(&order).await.expect_problem(404, "order_not_found");
    assert_eq!((bob.orders_listed("").await.len(), ana.order(&order).await), (0, order));
}

#[actix_web::test]
async fn an_administrator_ships_and_delivers_what_is_paid() {
    let (_shop, admin, ana) = shop_with_ana(&[]).await;
    let order = ana.buys(1, "k").await;
    let id = text(&order["id"]);
    for path in [
        format!("/api/orders/{id}/ship"),
        format!("/api/orders/{id}/deliver"),
        format!("/api/orders/{id}/refund"),
    ] {
        ana.send(Method::POST, &path, json!({})).await.expect_problem(403, "forbidden");
    }
    admin.moves(&order, "deliver").await.expect_problem(409, "wrong_state");
    for (step, status) in [("ship", "shipped"), ("deliver", "delivered")] {
        for _ in 0..2 {
            assert_eq!(admin.moves(&order, step).await.expect(200).json["order"]["status"], status);
        }
    }
    let refused = admin.moves(&order, "ship").await.expect_problem(409, "wrong_state");
    assert_eq!(
        (&refused.json["status"], &refused.json["order_status"]),
        (&json!(409), &json!("delivered"))
    );
    ana.cancels(&order).await.expect_problem(409, "wrong_state");
    admin.moves(&order, "refund").await.expect(200);
    assert_eq!(ana.sees(1).await, 9, "what was delivered is not on the shelf");
}

#[actix_web::test]
async fn a_refund_is_made_once_and_brings_back_what_was_not_sent() {
    let (_shop, admin, ana) = shop_with_ana(&[]).await;
    let order = ana.buys(1, "k").await;
    let refund = format!("/api/orders/{}/refund", text(&order["id"]));
    admin
        .0
        .send(Method::POST, &refund, json!({}))
        .await
        .expect_problem(400, "missing_idempotency_key");
    for _ in 0..2 {
        assert_eq!(
            admin.moves(&order, "refund").await.expect(200).json["order"]["status"],
            "refunded"
        );
        assert_eq!(ana.sees(1).await, 10);
    }
    admin.moves(&order, "ship").await.expect_problem(409, "wrong_state");
    let declined = ana.is_declined(&admin, "l").await;
    admin.moves(&declined, "refund").await.expect_problem(409, "wrong_state");
}

#[actix_web::test]
async fn orders_come_newest_first_and_in_pages() {
    let (_shop, _admin, ana) = shop_with_ana(&[]).await;
    let mut bought = Vec::new();
    for key in ["a", "b", "c"] {
        bought.insert(0, ana.buys(2, key).await);
    }
    assert_eq!(ana.orders_listed("").await, bought);
    assert_eq!(ana.orders_listed("?limit=2").await, bought[..2]);
    let second = text(&bought[1]["id"]);
    assert_eq!(ana.orders_listed(&format!("?limit=2&after={second}")).await, bought[2..]);
}

#[actix_web::test]
async fn only_administrators_see_the_bank_and_the_breaker() {
    let (_shop, admin, ana) = shop_with_ana(&[]).await;
    assert_eq!(
        admin.0.get("/api/bank").await.expect(200).json["bank"],
        json!({ "latency_ms": 0, "mode": "approve" })
    );
    let free = json!({ "latency_ms": 0, "mode": "refuse" });
    ana.send(Method::PUT, "/api/bank", free).await.expect_problem(403, "forbidden");
    ana.get("/api/bank").await.expect_problem(403, "forbidden");
    ana.get("/api/breaker").await.expect_problem(403, "forbidden");
    let odd = json!({ "latency_ms": 0, "mode": "burn" });
    admin.0.send(Method::PUT, "/api/bank", odd).await.expect_problem(422, "out_of_range");
    assert_eq!(admin.0.get("/api/bank").await.json["bank"]["mode"], "approve");
}

impl Person {
    /// Buys a piece of an article.
    async fn buys(&self, article: u64, key: &str) -> Value {
        self.adds(article, 1).await.expect(200);
        self.checks_out(key).await.expect(201).json["order"].clone()
    }

    /// Orders a laptop that the bank won't have paid.
    async fn is_declined(&self, admin: &Admin, key: &str) -> Value {
        admin.sets_bank("decline").await;
        self.adds(1, 1).await.expect(200);
        self.checks_out(key).await.expect_problem(402, "payment_declined").json["order"].clone()
    }

    async fn pays(&self, order: &Value, key: &str) -> Answer {
        let path = format!("/api/orders/{}/pay", text(&order["id"]));
        Answer::of(
            self.request(Method::POST, &path).header("idempotency-key", key).send().await.unwrap(),
        )
        .await
    }

    async fn cancels(&self, order: &Value) -> Answer {
        self.send(Method::POST, &format!("/api/orders/{}/cancel", text(&order["id"])), json!({}))
            .await
    }

    async fn order(&self, order: &Value) -> Value {
        self.get(&format!("/api/orders/{}", text(&order["id"]))).await.expect(200).json["order"]
            .clone()
    }

    async fn orders_listed(&self, page: &str) -> Vec<Value> {
        let list = self.get(&format!("/api/orders{page}")).await.expect(200).json;
        let orders = list["orders"].as_array().unwrap().clone();
        assert_eq!(list["count"], orders.len());
        orders
    }

    /// How many pieces of an article there are to buy.
    async fn sees(&self, article: u64) -> u64 {
        let shown = self.get(&format!("/api/articles/{article}")).await.expect(200).json;
        shown["article"]["available"].as_u64().unwrap()
    }

    async fn waits_until(&self, order: &Value, status: &str) -> Value {
        until(async || Some(self.order(order).await).filter(|order| order["status"] == status))
            .await
    }
}

impl Admin {
    async fn moves(&self, order: &Value, step: &str) -> Answer {
        let path = format!("/api/orders/{}/{step}", text(&order["id"]));
        Answer::of(
            self.0
                .request(Method::POST, &path)
                .header("idempotency-key", &path)
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    async fn breaker(&self) -> Value {
        self.0.get("/api/breaker").await.expect(200).json["breaker"]["state"].clone()
    }
}

async fn shop_with_ana(settings: &[(&str, &str)]) -> (TestShop, Admin, Person) {
    let shop = TestShop::open_with(settings).await;
    let (admin, ana) = (shop.admin().await, shop.customer("ana").await);
    admin.sets_bank("approve").await;
    (shop, admin, ana)
}

/// How often the log says that an order of somebody was paid.
async fn times_paid(shop: &TestShop, person: &Person) -> usize {
    let mut socket = Socket::open(shop, &person.token).await;
    socket.say(json!({ "subscribe": ["orders"], "since": 0 })).await;
    socket.say(json!({ "ping": "end" })).await;
    let mut paid = 0;
    loop {
        let frame = socket.hears_json().await;
        if frame["reply"]["pong"] == "end" {
            return paid;
        }
        paid += usize::from(frame["type"] == "order.changed" && frame["data"]["status"] == "paid");
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
