//! The sockets of pages of other origins: which may connect, and how they are identified.

use std::time::Duration;

use actix_web::rt::time::timeout;
use serde_json::json;

use super::access::refusal;
use crate::harness::{TestShop, single_node};
use crate::people::{Person, signs_in};
use crate::socket::Socket;

/// An origin that the shop allows, and the setting.
const APP: &str = "https://app.example";
const SETTING: (&str, &str) = ("SERVER__CORS_ORIGINS", APP);

const PROTOCOL: &str = "sec-websocket-protocol";

#[actix_web::test]
async fn a_token_may_come_as_a_protocol_from_the_own_origin_and_an_allowed_one() {
    let shop = TestShop::open_with(&[SETTING]).await;
    let ana = shop.customer("ana").await;
    let protocols = format!("microshop.v1, bearer.{}", ana.token);
    for origin in [APP, &shop.url] {
        let headers = [("origin", origin), (PROTOCOL, protocols.as_str())];
        let (mut socket, selected) = Socket::connect_with_protocol(&shop, &headers).await;
        assert_eq!(selected.as_deref(), Some("microshop.v1"));
        socket.subscribes(&["orders"]).await;
    }
}

#[actix_web::test]
async fn an_invalid_token_in_a_protocol_is_refused() {
    let shop = TestShop::open_with(&[SETTING]).await;
    let ana = shop.customer("ana").await;
    let cookie = signs_in(&shop, "ana", "correct horse").await;
    let with_mistakes = [
        "microshop.v1, bearer.x".to_owned(),
        "microshop.v1,bearer.".to_owned(),
        format!("microshop.v1, bearer.{}x", ana.token),
        format!("bearer.{}, microshop.v1", &ana.token[1..]),
        format!("microshop.v1, bearer.{}", ana.refresh_token),
    ];
    for protocols in &with_mistakes {
        let headers = [("origin", APP), (PROTOCOL, protocols), ("cookie", &cookie)];
        assert_eq!(refusal(&shop, "/api/live", &headers).await, 401, "{protocols}");
    }
    ana.send(reqwest::Method::POST, "/auth/logout", json!({})).await.expect(200);
    let revoked = format!("microshop.v1, bearer.{}", ana.token);
    assert_eq!(refusal(&shop, "/api/live", &[(PROTOCOL, &revoked)]).await, 401);
}

#[actix_web::test]
async fn the_first_frame_of_an_allowed_origin_may_bring_the_token() {
    single_node("each node limits for itself");
    let shop = TestShop::open_with(&[SETTING, ("LIVE__SOCKETS_PER_SESSION", "1")]).await;
    let ana = shop.customer("ana").await;
    let mut socket = Socket::connect(&shop, "/api/live", &[("origin", APP)]).await;
    socket.sends(json!({ "token": ana.token, "subscribe": ["cart", "orders"] })).await;
    assert!(socket.receives_json().await["reply"]["until"].is_string());
    assert_eq!(socket.receives_json().await["reply"]["topics"], json!(["cart", "orders"]));
    assert_eq!(socket.receives_event("cart.changed").await["snapshot"], true);
    ana.adds(2, 1).await.expect(200);
    assert_eq!(socket.receives_event("cart.changed").await["data"]["item_count"], 1);

    // The socket now counts against the limit of the session, and ends with it.
    let mut second = Socket::connect(&shop, "/api/live", &[("origin", APP)]).await;
    second.sends(json!({ "token": ana.token })).await;
    assert_eq!(second.is_closed().await, (1013, "unavailable".into()));
    ana.send(reqwest::Method::POST, "/auth/logout", json!({})).await.expect(200);
    assert_eq!(socket.is_closed().await, (1008, "revoked".into()));
}

#[actix_web::test]
async fn a_guest_without_topics_may_bring_a_token_too() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    for headers in [&[][..], &[("origin", shop.url.as_str())]] {
        let mut socket = Socket::connect(&shop, "/api/live", headers).await;
        socket.sends(json!({ "ping": 1 })).await;
        assert_eq!(socket.receives_json().await["reply"]["pong"], 1);
        socket.sends(json!({ "token": ana.token, "subscribe": ["orders"] })).await;
        assert!(socket.receives_json().await["reply"]["until"].is_string());
        assert_eq!(socket.receives_json().await["reply"]["topics"], json!(["orders"]));

        // One with topics has begun as a guest, and stays one.
        let mut guest = Socket::connect(&shop, "/api/live", headers).await;
        guest.subscribes(&["catalogue"]).await;
        guest.sends(json!({ "token": ana.token })).await;
        assert_eq!(guest.receives_json().await["error"]["code"], "invalid_token");
        let mut wrong = Socket::connect(&shop, "/api/live", headers).await;
        wrong.sends(json!({ "token": "garbage" })).await;
        assert_eq!(wrong.is_closed().await, (1008, "unauthorized".into()));
    }
    let mut silent = Socket::connect(&shop, "/api/live", &[]).await;
    silent.sends(json!({ "token": ana.token })).await;
    assert!(silent.receives_json().await["reply"]["until"].is_string());
    ana.send(reqwest::Method::POST, "/auth/logout", json!({})).await.expect(200);
    assert_eq!(silent.is_closed().await, (1008, "revoked".into()));
}

#[actix_web::test]
async fn a_socket_without_a_token_does_nothing_and_is_closed_after_five_seconds() {
    let shop = TestShop::open_with(&[SETTING]).await;
    let ana = shop.customer("ana").await;
    let unauthorized = (1008, "unauthorized".to_owned());
    for first in [
        json!({ "subscribe": ["catalogue"] }),
        json!({ "ping": 1 }),
        json!({ "token": "x" }),
        json!({ "token": ana.refresh_token, "subscribe": ["catalogue"] }),
    ] {
        let mut socket = Socket::connect(&shop, "/api/live", &[("origin", APP)]).await;
        socket.sends(first).await;
        assert_eq!(socket.receives_json().await["bye"]["reason"], "unauthorized");
        assert_eq!(socket.is_closed().await, unauthorized);
    }
    let mut silent = Socket::connect(&shop, "/api/live", &[("origin", APP)]).await;
    let closed = timeout(Duration::from_secs(8), silent.is_closed()).await;
    assert_eq!(closed.expect("closed in time"), unauthorized);
}

#[actix_web::test]
async fn the_cookies_of_another_origin_do_not_count_and_pages_stay_closed_to_it() {
    let shop = TestShop::open_with(&[SETTING]).await;
    Person::register(&shop, "ana", "correct horse").await;
    let cookie = signs_in(&shop, "ana", "correct horse").await;
    let headers = [("origin", APP), ("cookie", cookie.as_str())];
    let mut socket = Socket::connect(&shop, "/api/live", &headers).await;
    socket.sends(json!({ "subscribe": ["orders"] })).await;
    assert_eq!(socket.is_closed().await, (1008, "unauthorized".into()));
    assert_eq!(refusal(&shop, "/live?topics=cart&since=0", &headers).await, 403);
    for other in ["https://other.example", "http://app.example", "null"] {
        assert_eq!(refusal(&shop, "/api/live", &[("origin", other)]).await, 403, "{other}");
    }
}
