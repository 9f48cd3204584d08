//! Payments: declined and repeated, lost on the way, cancelled and expired.

use reqwest::Method;
use serde_json::json;

use super::{shop_with_ana, text, times_paid};
use crate::harness::until;

#[actix_web::test]
async fn a_declined_order_can_be_paid_again() {
    let (shop, admin, ana) = shop_with_ana(&[]).await;
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
    assert_eq!(ana.pays(&order, "fourth").await.expect(200).json["order"], paid);
    assert_eq!(ana.sees(1).await, 9);
    assert_eq!(times_paid(&shop, &ana).await, 1);
    admin.moves(&order, "ship").await.expect(200);
    ana.pays(&order, "fifth").await.expect_problem(409, "wrong_state");
}

#[actix_web::test]
async fn a_payment_with_a_lost_answer_is_retried_until_it_is_known() {
    let settings = [("ORDER__PATIENCE", "300ms"), ("BREAKER__FAILURES", "100")];
    let (shop, admin, ana) = shop_with_ana(&settings).await;
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
async fn an_unknown_payment_is_voided_if_its_order_is_cancelled() {
    let settings = [("ORDER__PATIENCE", "300ms"), ("BREAKER__FAILURES", "100")];
    let (mut shop, admin, ana) = shop_with_ana(&settings).await;
    admin.sets_bank("lose_answer").await;
    ana.adds(1, 1).await.expect(200);
    let order = ana.checks_out("k").await.expect(202).json["order"].clone();
    let cancelled = ana.cancels(&order).await.expect(202).json["order"].clone();
    assert_eq!(
        (&cancelled["status"], &cancelled["called_off"]),
        (&json!("pending_payment"), &json!(true))
    );
    shop.kill();
    shop.start_again();
    admin.sets_bank("approve").await;
    ana.waits_until(&order, "cancelled").await;
    ana.cancels(&order).await.expect(200);
    assert_eq!(ana.sees(1).await, 10);
    shop.stop();
    assert_eq!(shop.check_findings(), "");
}

#[actix_web::test]
async fn a_lost_payment_request_is_retried_until_it_arrives() {
    let settings = [("ORDER__PATIENCE", "300ms"), ("BREAKER__FAILURES", "100")];
    let (shop, admin, ana) = shop_with_ana(&settings).await;
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
async fn a_payment_in_progress_survives_a_killed_server() {
    let (mut shop, admin, ana) = shop_with_ana(&[("ORDER__PATIENCE", "100ms")]).await;
    admin
        .0
        .send(Method::PUT, "/api/bank", json!({ "latency_ms": 2_000, "mode": "approve" }))
        .await
        .expect(200);
    ana.adds(1, 3).await.expect(200);
    let version = ana.cart_version().await;
    let order = ana.checks_out("k").await.expect(202).json["order"].clone();
    assert_eq!(order["payment"]["status"], "submitting");
    shop.kill();
    shop.start_again();
    assert_eq!(ana.waits_until(&order, "paid").await["payment"]["attempt"], 1);
    assert_eq!((ana.sees(1).await, times_paid(&shop, &ana).await), (7, 1));
    let repeated = ana.orders("k", version, 3 * 89_900).await.expect(201).json["order"].clone();
    assert_eq!((&repeated["id"], &repeated["status"]), (&order["id"], &json!("paid")));
    shop.stop();
    assert!(shop.command(&["check"]).status().unwrap().success());
}

#[actix_web::test]
async fn a_cancelled_order_releases_its_stock() {
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
async fn an_expired_order_returns_its_items_to_the_cart() {
    let (_shop, admin, ana) = shop_with_ana(&[("ORDER__EXPIRY", "1s")]).await;
    let order = ana.is_declined(&admin, "k").await;
    ana.adds(2, 1).await.expect(200);
    ana.waits_until(&order, "expired").await;
    assert_eq!((ana.sees(1).await, ana.cart().await["item_count"].as_u64()), (10, Some(2)));
    ana.cancels(&order).await.expect_problem(409, "wrong_state");
    ana.pays(&order, "late").await.expect_problem(409, "wrong_state");
}
