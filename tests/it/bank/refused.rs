//! A bank that refuses the requests for a key for good, with a status of the class 4xx.

use actors::bank::{Bank, BankError};
use microshop::bank::http::HttpBank;
use reqwest::Method;
use serde_json::json;

use super::invalid_replies::{FakeBank, Reply, text};
use super::shop::{id, shop_with_bank};
use super::{TIMEOUT, charge};
use crate::people::Answer;

/// Replies that no repetition would change.
fn refusals() -> [Reply; 9] {
    let error = r#"{ "error": "no such account" }"#;
    [
        text("400 Bad Request", ""),
        text("403 Forbidden", "<h1>Forbidden</h1>"),
        text("410 Gone", "null"),
        text("402 Payment Required", error),
        text("404 Not Found", error),
        text("409 Conflict", error),
        text("422 Unprocessable Content", r#"{ "status": 422, "title": "amount" }"#),
        text("418 I'm a teapot", error),
        text("451 Unavailable For Legal Reasons", error),
    ]
}

/// Replies that concern the access of the shop, the time or the load, and failures of the bank.
fn failures() -> [Reply; 8] {
    let error = r#"{ "error": "later" }"#;
    [
        text("401 Unauthorized", error),
        text("407 Proxy Authentication Required", error),
        text("408 Request Timeout", error),
        text("425 Too Early", error),
        text("429 Too Many Requests", error),
        text("500 Internal Server Error", error),
        text("501 Not Implemented", error),
        text("503 Service Unavailable", error),
    ]
}

#[actix_web::test]
async fn a_status_that_no_repetition_changes_is_a_refusal_and_any_other_error_is_no_answer() {
    let fake = FakeBank::open();
    let bank = HttpBank::new(&fake.url, TIMEOUT).unwrap();
    let errors = async |reply: Reply| {
        fake.replies(reply);
        [
            bank.charge(&charge("a", 100)).await.unwrap_err(),
            bank.lookup(&charge("a", 100)).await.unwrap_err(),
            bank.void("a").await.unwrap_err(),
        ]
    };
    for reply in refusals() {
        for error in errors(reply.clone()).await {
            assert!(matches!(error, BankError::Refused(_)), "{reply:?}: {error:?}");
        }
    }
    for reply in failures() {
        for error in errors(reply.clone()).await {
            assert!(matches!(error, BankError::Unknown(_)), "{reply:?}: {error:?}");
        }
    }
    // The bank does not know a key: a charge or a void of it will never take effect.
    fake.replies(text("404 Not Found", r#"{ "status": "not_found" }"#));
    assert!(matches!(bank.charge(&charge("a", 100)).await, Err(BankError::Refused(_))));
    assert!(matches!(bank.void("a").await, Err(BankError::Refused(_))));
    assert_eq!(bank.lookup(&charge("a", 100)).await, Ok(None));
    fake.replies(text("409 Conflict", r#"{ "status": "voided" }"#));
    assert_eq!(bank.void("a").await, Ok(()));
}

#[actix_web::test]
async fn three_refused_orders_are_declined_and_payable_again_and_do_not_open_the_breaker() {
    let bank = FakeBank::open();
    let (shop, ana) = shop_with_bank(&bank.url, &[]).await;
    let mut orders = Vec::new();
    for (key, status) in [("a", "400 Bad Request"), ("b", "403 Forbidden"), ("c", "410 Gone")] {
        bank.replies(text(status, ""));
        ana.adds(2, 1).await.expect(200);
        let declined = ana.checks_out(key).await.expect_problem(402, "payment_declined");
        orders.push(id(&declined.json["order"]).to_owned());
    }
    let breaker = shop.admin().await.0.get("/api/breaker").await.expect(200).json;
    assert_eq!(breaker["breaker"]["state"]["state"], "closed", "{breaker}");
    bank.replies(Reply::Approve);
    for order in orders {
        let request = ana.request(Method::POST, &format!("/api/orders/{order}/pay"));
        let request = request.header("idempotency-key", format!("{order}-again"));
        let paid = Answer::to(request).await.expect(200).json;
        let expected = json!({ "attempt": 2, "status": "succeeded" });
        assert_eq!(paid["order"]["payment"], expected);
    }
}
