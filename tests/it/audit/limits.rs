//! What a limit refuses, and what only an attacker sends, leaves one line.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::json;

use super::{Logged, id};
use crate::socket::Socket;

#[actix_web::test]
async fn every_request_that_no_browser_sends_leaves_one_line() {
    let mut logged = Logged::open(&[]).await;
    let large = vec![b' '; 70 * 1024];
    for (method, path, header, body, code) in [
        (Method::GET, "/%6detrics", ("x", "y"), &[][..], "invalid_path"),
        (Method::POST, "/auth/login", ("upgrade", "websocket"), &[], "invalid_upgrade"),
        (Method::GET, "/api/live", ("upgrade", "websocket"), &[], "invalid_upgrade"),
        (Method::GET, "/articles", ("host", "evil.example"), &[], "misdirected_request"),
        (
            Method::POST,
            "/auth/login",
            ("content-type", "application/json"),
            &large,
            "body_too_large",
        ),
    ] {
        let request = logged.shop.request(method, path).header(header.0, header.1);
        let answer = request.body(body.to_vec()).send().await.unwrap();
        assert!(answer.status().is_client_error(), "{path}: {}", answer.status());
        refused(&mut logged, answer.headers(), "unknown", code);
    }
}

#[actix_web::test]
async fn every_request_that_a_limit_refuses_leaves_one_line() {
    let settings = [
        ("GUESTS__PER_MINUTE", "1"),
        ("LIVE__SOCKETS_PER_SESSION", "1"),
        ("LIVE__SOCKETS", "2"),
        ("LIVE__FRAMES", "10"),
    ];
    let mut logged = Logged::open(&settings).await;
    logged.posts("/cart/add/1", "", &[]).await;
    logged.new_lines();
    let page = logged.posts("/cart/add/1", "", &[]).await;
    refused(&mut logged, &page, "unknown", "too_many_guests");

    let ana = logged.shop.customer("ana").await;
    let bob = logged.shop.customer("bob").await;
    let me = id(&ana).await;
    let mut socket = Socket::open(&logged.shop, &ana.token).await;
    logged.new_lines();
    let refusal = Socket::refusal(&logged.shop, &ana.token).await;
    refused(&mut logged, refusal.headers(), &me, "too_many_requests");
    let _second = Socket::open(&logged.shop, &bob.token).await;
    let eve = logged.shop.customer("eve").await;
    logged.new_lines();
    let refusal = Socket::refusal(&logged.shop, &eve.token).await;
    refused(&mut logged, refusal.headers(), &id(&eve).await, "unavailable");
    for _ in 0..20 {
        socket.sends_if_open(json!({ "ping": 1 })).await;
    }
    while socket.receives_or_ends().await.is_ok() {}
    assert_eq!(logged.new_fields("request_refused", &me)["code"], "rate");
}

/// Checks that a refused request has left exactly one line, with the code of its problem.
#[track_caller]
fn refused(logged: &mut Logged, headers: &HeaderMap, subject: &str, code: &str) {
    let id = headers["x-request-id"].to_str().unwrap();
    let fields = logged.new_fields("request_refused", subject);
    assert_eq!((&fields["code"], &fields["request_id"]), (&json!(code), &json!(id)));
}
