//! What administrators do with orders: ship, deliver and refund.

use reqwest::Method;
use serde_json::json;

use super::{shop_with_ana, text};

#[actix_web::test]
async fn an_administrator_ships_and_delivers_a_paid_order() {
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
    assert_eq!(ana.sees(1).await, 9, "delivered units do not return to stock");
}

#[actix_web::test]
async fn an_order_is_refunded_once_and_unshipped_units_return_to_stock() {
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
    ana.cancels(&order).await.expect_problem(409, "wrong_state");
    admin.moves(&order, "ship").await.expect_problem(409, "wrong_state");
    let declined = ana.is_declined(&admin, "l").await;
    admin.moves(&declined, "refund").await.expect_problem(409, "wrong_state");
}

#[actix_web::test]
async fn a_refund_and_a_cancellation_that_wait_for_the_bank_are_accepted() {
    let settings = [("ORDER__PATIENCE", "300ms"), ("BREAKER__FAILURES", "100")];
    let (_shop, admin, ana) = shop_with_ana(&settings).await;
    let [first, second] = [ana.buys(1, "k").await, ana.buys(1, "l").await];
    admin.sets_bank("lose_answer").await;
    let refunded = admin.moves(&first, "refund").await.expect(202);
    assert_eq!(refunded.json["order"]["called_off"], true);
    ana.adds(1, 1).await.expect(200);
    let waiting = ana.checks_out("m").await.expect(202).json["order"].clone();
    let cancel = format!("/api/admin/orders/{}/cancel", text(&waiting["id"]));
    admin.0.send(Method::POST, &cancel, json!({})).await.expect(202);
    admin.0.send(Method::POST, "/api/breaker/isolate", json!({})).await.expect(200);
    let refused = admin.moves(&second, "refund").await;
    refused.expect_problem(503, "payment_unavailable");
    admin.0.send(Method::POST, "/api/breaker/reset", json!({})).await.expect(200);
    admin.sets_bank("approve").await;
    ana.waits_until(&first, "refunded").await;
    ana.waits_until(&waiting, "cancelled").await;
}
