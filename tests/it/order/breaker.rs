//! The circuit breaker and the simulated bank: `/api/bank`, `/api/breaker`.

use reqwest::Method;
use serde_json::json;

use super::shop_with_ana;
use crate::harness::until;

#[actix_web::test]
async fn three_failed_calls_open_the_breaker_for_a_while() {
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
    let cart = ana.cart().await;
    let orders = ana.orders_listed("").await;
    let refused = ana.checks_out("fourth").await.expect_problem(503, "payment_unavailable");
    let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
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
async fn an_administrator_isolates_the_bank_and_resets_the_breaker() {
    let (mut shop, admin, ana) = shop_with_ana(&[]).await;
    ana.adds(1, 1).await.expect(200);
    for _ in 0..2 {
        let answer =
            admin.0.send(Method::POST, "/api/breaker/isolate", json!({})).await.expect(200);
        assert_eq!(answer.json["breaker"]["state"], json!({ "state": "isolated" }));
    }
    shop.kill();
    shop.start_again();
    ana.checks_out("k").await.expect_problem(503, "payment_unavailable");
    assert_eq!((ana.cart().await["item_count"].clone(), ana.sees(1).await), (json!(1), 10));
    let answer = admin.0.send(Method::POST, "/api/breaker/reset", json!({})).await.expect(200);
    assert_eq!(answer.json["breaker"]["state"], json!({ "state": "closed", "failures": 0 }));
    assert_eq!(ana.checks_out("k").await.expect(201).json["order"]["status"], "paid");
}

#[actix_web::test]
async fn an_open_breaker_stays_open_after_a_restart() {
    let (mut shop, admin, ana) = shop_with_ana(&[("ORDER__UNPAID_PER_USER", "4")]).await;
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
async fn only_administrators_see_the_bank_and_the_breaker() {
    let (_shop, admin, ana) = shop_with_ana(&[]).await;
    assert_eq!(
        admin.0.get("/api/bank").await.expect(200).json["bank"],
        json!({ "latency_ms": 0, "mode": "approve", "decline_percent": 0, "seed": 0 })
    );
    let refusing = json!({ "latency_ms": 0, "mode": "refuse" });
    ana.send(Method::PUT, "/api/bank", refusing).await.expect_problem(403, "forbidden");
    ana.get("/api/bank").await.expect_problem(403, "forbidden");
    ana.get("/api/breaker").await.expect_problem(403, "forbidden");
    let unknown = json!({ "latency_ms": 0, "mode": "burn" });
    admin.0.send(Method::PUT, "/api/bank", unknown).await.expect_problem(422, "out_of_range");
    assert_eq!(admin.0.get("/api/bank").await.json["bank"]["mode"], "approve");
}
