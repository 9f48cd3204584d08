//! The limits of unpaid orders: how many a user may have, and how often a payment is tried.

use futures_util::future::join_all;
use serde_json::json;

use super::{shop_with_ana, text};
use crate::harness::TestShop;
use crate::people::Person;
use crate::redis_server::RedisServer;

/// Both nodes accept the tokens of the other.
const SECRET: (&str, &str) = ("AUTH__SECRET", "limits-0123456789-abcdefghijklmnop");

/// Buys units until a checkout is refused because too many orders are unpaid.
async fn buys_until_refused(person: &Person, name: &str) {
    for number in 0.. {
        person.adds(2, 1).await;
        let answer = person.checks_out(&format!("{name}-{number}")).await;
        match answer.json["code"].as_str() {
            Some("too_many_unpaid_orders") => return,
            Some("cart_changed" | "empty_cart" | "total_changed" | "payment_declined") => {}
            _ => assert_eq!(answer.status, 202, "{}", answer.json),
        }
    }
}

#[actix_web::test]
async fn twenty_parallel_checkouts_on_two_nodes_with_redis_leave_three_unpaid_orders() {
    let redis = RedisServer::start();
    let settings = [("STORE__URL", redis.url()), (SECRET.0, SECRET.1.to_owned())];
    let settings = settings.each_ref().map(|(key, value)| (*key, value.as_str()));
    let first = TestShop::open_with(&settings).await;
    let second = TestShop::open_with(&settings).await;
    let admin = first.admin().await;
    for shop in [&first, &second] {
        shop.admin().await.sets_bank("decline").await;
    }
    admin.changes_article(2, json!({ "on_hand": 1_000 })).await.expect(200);
    let ana = first.customer("ana").await;
    let other_node = Person::log_in(&second, "ana", "correct horse").await;
    join_all((0..20).map(async |number| {
        let person = if number % 2 == 0 { &ana } else { &other_node };
        buys_until_refused(person, &number.to_string()).await;
    }))
    .await;
    let orders = ana.orders_listed("").await;
    assert_eq!(orders.len(), 3);
    assert!(orders.iter().all(|order| order["status"] == "pending_payment"), "{orders:?}");
}

#[actix_web::test]
async fn a_fourth_unpaid_order_is_refused_and_a_repeated_request_is_not() {
    let (_shop, admin, ana) = shop_with_ana(&[]).await;
    let mut orders = Vec::new();
    for key in ["a", "b", "c"] {
        orders.push(ana.is_declined(&admin, key).await);
    }
    ana.adds(1, 1).await.expect(200);
    let version = ana.cart_version().await;
    ana.checks_out("d").await.expect_problem(409, "too_many_unpaid_orders");
    assert_eq!(ana.cart_version().await, version);
    ana.cancels(&orders[0]).await.expect(200);
    admin.sets_bank("approve").await;
    let paid = ana.orders("d", version, 89_900).await.expect(201).json;
    assert_eq!(ana.orders("d", version, 89_900).await.expect(201).json, paid);
}

#[actix_web::test]
async fn who_has_fifteen_payments_declined_has_to_wait_with_a_new_order_too() {
    let (_shop, admin, ana) = shop_with_ana(&[]).await;
    for number in 0..15 {
        let order = ana.is_declined(&admin, &format!("k{number}")).await;
        ana.cancels(&order).await.expect(200);
    }
    ana.adds(1, 1).await.expect(200);
    ana.checks_out("l").await.expect_problem(429, "too_many_payment_attempts");
}

#[actix_web::test]
async fn a_sixth_payment_attempt_has_to_wait() {
    let (_shop, admin, ana) = shop_with_ana(&[]).await;
    let order = ana.is_declined(&admin, "k").await;
    assert_eq!(order["pay_after"], json!(null));
    for number in 2..=5 {
        ana.pays(&order, &format!("p{number}")).await.expect_problem(402, "payment_declined");
    }
    for _ in 0..20 {
        let refused = ana.pays(&order, "p6").await;
        let refused = refused.expect_problem(429, "too_many_payment_attempts");
        let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
    ana.pays(&order, "p5").await.expect_problem(402, "payment_declined");
    let order = ana.order(&order).await;
    assert_eq!(order["payment"]["attempt"], 5);
    assert!(text(&order["pay_after"]) < text(&order["expires_at"]), "{order}");
}

#[actix_web::test]
async fn a_declined_order_expires_after_the_hold_and_its_stock_is_available_again() {
    let (_shop, admin, ana) = shop_with_ana(&[("ORDER__DECLINED_HOLD", "1s")]).await;
    let before = ana.sees(1).await;
    let order = ana.is_declined(&admin, "k").await;
    ana.waits_until(&order, "expired").await;
    assert_eq!((ana.sees(1).await, ana.cart().await["item_count"].as_u64()), (before, Some(1)));
}
