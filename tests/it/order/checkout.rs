//! Checkouts: stock, totals, idempotency keys, and the list of orders.

use reqwest::Method;
use serde_json::{Value, json};

use super::{shop_with_ana, text};
use crate::harness::single_node;
use crate::people::Answer;

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
async fn a_repeated_request_gets_the_same_answer() {
    single_node("another node waits for the answer, and refuses nothing");
    let (mut shop, admin, ana) = shop_with_ana(&[]).await;
    admin
        .0
        .send(Method::PUT, "/api/bank", json!({ "latency_ms": 300, "mode": "approve" }))
        .await
        .expect(200);
    ana.adds(1, 1).await.expect(200);
    let version = ana.cart_version().await;
    let orders = || ana.orders("k", version, 89_900);
    let (one, other) = futures_util::future::join(orders(), orders()).await;
    let (first, second) = if one.status == 201 { (one, other) } else { (other, one) };
    let first = first.expect(201).json;
    second.expect_problem(409, "idempotency_key_in_use");
    admin.moves(&first["order"], "ship").await.expect(200);
    for _ in 0..2 {
        assert_eq!(orders().await.expect(201).json, first);
        shop.kill();
        shop.start_again();
    }
    ana.orders("k", version, 89_901).await.expect_problem(422, "idempotency_key_reused");
    ana.orders("k", version + 1, 89_900).await.expect_problem(422, "idempotency_key_reused");
    assert_eq!((ana.orders_listed("").await.len(), ana.sees(1).await), (1, 9));
}

#[actix_web::test]
async fn a_cart_becomes_one_order_even_with_different_keys() {
    let (_shop, _admin, ana) = shop_with_ana(&[]).await;
    ana.adds(1, 1).await.expect(200);
    let keys: Vec<_> = (0..10).map(|number| format!("key-{number}")).collect();
    let version = ana.cart_version().await;
    let orders = keys.iter().map(|key| ana.orders(key, version, 89_900));
    let answers = futures_util::future::join_all(orders).await;
    let first = answers[0].json["order"]["id"].clone();
    assert!(answers.into_iter().all(|answer| answer.expect(201).json["order"]["id"] == first));
    assert_eq!((ana.orders_listed("").await.len(), ana.sees(1).await), (1, 9));
}

#[actix_web::test]
async fn a_checkout_needs_a_valid_idempotency_key() {
    let (_shop, _admin, ana) = shop_with_ana(&[]).await;
    ana.adds(1, 1).await.expect(200);
    let cart = ana.cart().await;
    let version = ana.cart_version().await;
    let body = json!({
        "cart_version": version, "expected_total_cents": 89_900,
        "name": "Ana", "email": "a@b", "address": "Quay",
    });
    ana.send(Method::POST, "/api/orders", body.clone())
        .await
        .expect_problem(400, "missing_idempotency_key");
    for key in ["", "with space", &"x".repeat(256)] {
        ana.orders(key, version, 89_900).await.expect_problem(400, "invalid_idempotency_key");
    }
    let twice = ana.request(Method::POST, "/api/orders").json(&body);
    let twice = twice.header("idempotency-key", "k").header("idempotency-key", "l");
    Answer::to(twice).await.expect_problem(400, "invalid_idempotency_key");
    assert_eq!((ana.cart().await, ana.orders_listed("").await.len()), (cart, 0));
}

#[actix_web::test]
async fn a_checkout_with_an_outdated_total_or_version_is_refused() {
    let (_shop, admin, ana) = shop_with_ana(&[]).await;
    ana.adds(2, 1).await.expect(200);
    admin.changes_article(2, json!({ "price_cents": 3_000 })).await.expect(200);
    let cart = ana.cart().await;
    let version = ana.cart_version().await;
    let refused = ana.orders("k", version, 2_990).await.expect_problem(409, "total_changed");
    assert_eq!(
        (&refused.json["total_cents"], ana.cart().await, ana.sees(2).await),
        (&json!(3_000), cart, 15)
    );
    ana.adds(2, 1).await.expect(200);
    ana.orders("l", version, 3_000).await.expect_problem(409, "cart_changed");
    assert_eq!(ana.orders_listed("").await.len(), 0);
    ana.orders("m", version + 1, 6_000).await.expect(201);
}

#[actix_web::test]
async fn an_empty_cart_and_insufficient_stock_are_refused() {
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
async fn only_one_of_many_buyers_gets_the_last_unit() {
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
async fn another_user_s_order_does_not_exist() {
    let (shop, admin, ana) = shop_with_ana(&[]).await;
    let bob = shop.customer("bob").await;
    let order = ana.is_declined(&admin, "k").await;
    bob.get(&format!("/api/orders/{}", text(&order["id"])))
        .await
        .expect_problem(404, "order_not_found");
    bob.pays(&order, "mine").await.expect_problem(404, "order_not_found");
    bob.cancels(&order).await.expect_problem(404, "order_not_found");
    assert_eq!((bob.orders_listed("").await.len(), ana.order(&order).await), (0, order));
}

#[actix_web::test]
async fn orders_are_listed_newest_first_page_by_page() {
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
async fn orders_are_listed_by_status() {
    let (_shop, admin, ana) = shop_with_ana(&[]).await;
    let mut bought = Vec::new();
    for key in ["a", "b", "c"] {
        bought.insert(0, ana.buys(2, key).await);
    }
    let cancelled = ana.is_declined(&admin, "d").await;
    ana.cancels(&cancelled).await.expect(200);
    admin.moves(&bought[1], "ship").await.expect(200);
    let pages = async |query: &str| {
        let page = ana.get(&format!("/api/orders?{query}")).await.expect(200).json;
        let orders = page["orders"].as_array().unwrap();
        let ids: Vec<_> = orders.iter().map(|order| order["id"].clone()).collect();
        (ids, page["total"].as_u64().unwrap(), page["next"].clone())
    };
    let id = |order: &Value| order["id"].clone();
    let [newest, shipped, oldest] = [0, 1, 2].map(|number| id(&bought[number]));
    assert_eq!(pages("status=paid").await, (vec![newest.clone(), oldest.clone()], 2, Value::Null));
    assert_eq!(pages("status=paid&limit=1").await, (vec![newest.clone()], 2, newest.clone()));
    let after = format!("status=paid&limit=1&after={}", text(&newest));
    assert_eq!(pages(&after).await, (vec![oldest], 2, Value::Null));
    assert_eq!(pages("status=shipped").await, (vec![shipped], 1, Value::Null));
    assert_eq!(pages("status=cancelled").await, (vec![id(&cancelled)], 1, Value::Null));
    assert_eq!(pages("status=refunded").await, (vec![], 0, Value::Null));
    let refused = ana.get("/api/orders?status=to_ship").await.expect_problem(400, "invalid_query");
    assert!(refused.json.to_string().contains("status"), "{:?}", refused.json);
}
