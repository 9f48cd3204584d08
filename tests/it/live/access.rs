//! Who may open a socket and subscribe to a topic, and for how long.

use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::harness::TestShop;
use crate::people::{Person, signs_in};
use crate::socket::Socket;

#[actix_web::test]
async fn a_client_may_not_subscribe_to_topics_of_other_roles() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let mut customer = Socket::open(&shop, &ana.token).await;
    let mut guest = Socket::connect(&shop, "/api/live", &[]).await;
    for topic in ["users", "payments", "breaker"] {
        customer.sends(json!({ "subscribe": [topic] })).await;
        assert_eq!(customer.receives_json().await["error"]["code"], "forbidden", "{topic}");
    }
    for topic in ["users", "orders", "session"] {
        guest.sends(json!({ "subscribe": ["catalogue", topic] })).await;
        assert_eq!(guest.receives_json().await["error"]["code"], "forbidden", "{topic}");
    }
    shop.customer("bob").await;
    customer.receives_nothing_more().await;
}

#[actix_web::test]
async fn a_frame_that_is_no_command_is_answered_in_the_words_of_the_shop() {
    let shop = TestShop::open().await;
    let mut guest = Socket::connect(&shop, "/api/live", &[]).await;
    for (frame, message) in [
        (json!({}), "the frame has no command"),
        (json!({ "since": 5 }), "the frame has no command"),
        (json!({ "token": null }), "the frame has no command"),
        (json!({ "ping": null, "subscribe": null }), "the frame has no command"),
        (json!([]), "the frame has a value of the wrong type"),
        (json!(7), "the frame has a value of the wrong type"),
        (json!({ "since": "5" }), "the field `/since` has a value of the wrong type"),
        (json!({ "since": -5 }), "the field `/since` has a value that is not allowed"),
        (json!({ "subscribe": ["x"] }), "the field `/subscribe/0` has a value that is not allowed"),
        (json!({ "subscribe": "cart" }), "the field `/subscribe` has a value of the wrong type"),
        (json!({ "subscrbe": [] }), "the field `/subscrbe` does not exist"),
    ] {
        guest.sends_text(frame.clone()).await;
        let error = guest.receives_json().await["error"].clone();
        assert_eq!(error, json!({ "code": "malformed_json", "message": message }), "{frame}");
    }
}

#[actix_web::test]
async fn the_socket_of_a_page_ends_with_the_session_of_its_browser() {
    let shop = TestShop::open_with(&[("AUTH__SESSION_IDLE", "2s")]).await;
    shop.customer("ana").await;
    let cookie = signs_in(&shop, "ana", "correct horse").await;
    let mut page =
        Socket::connect(&shop, "/live?topics=orders&since=0", &[("cookie", &cookie)]).await;
    page.receives().await;
    assert_eq!(page.is_closed().await, (1008, "expired".into()));
}

#[actix_web::test]
async fn a_newer_token_of_the_same_session_keeps_a_socket_open() {
    let shop = TestShop::open_with(&[("AUTH__ACCESS_TTL", "3s")]).await;
    let ana = shop.customer("ana").await;
    let bob = shop.customer("bob").await;
    let mut hers = Socket::open(&shop, &ana.token).await;
    let mut his = Socket::open(&shop, &bob.token).await;
    hers.sends(json!({ "token": bob.token })).await;
    assert_eq!(hers.receives_json().await["error"]["code"], "invalid_token");
    assert_eq!(his.is_closed().await, (1008, "expired".into()));
    assert_eq!(hers.is_closed().await, (1008, "expired".into()));
    let body = json!({ "refresh_token": ana.refresh_token });
    let fresh = shop.request(Method::POST, "/auth/refresh").json(&body).send().await.unwrap();
    let token = fresh.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned();
    let mut again = Socket::open(&shop, &token).await;
    again.sends(json!({ "token": token })).await;
    assert!(again.receives_json().await["reply"]["until"].is_string());
}

#[actix_web::test]
async fn handshakes_from_other_sites_and_with_invalid_tokens_are_refused() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let bearer = format!("Bearer {}", ana.token);
    for origin in ["https://evil.example", "null", "http://127.0.0.1.evil.example"] {
        let headers = [("origin", origin), ("authorization", bearer.as_str())];
        assert_eq!(refusal(&shop, "/api/live", &headers).await, 403);
        assert_eq!(refusal(&shop, "/live?topics=cart&since=0", &[("origin", origin)]).await, 403);
    }
    assert_eq!(refusal(&shop, "/api/live", &[("authorization", "Bearer x")]).await, 401);
    assert_eq!(refusal(&shop, "/live?topics=nothing&since=0", &[]).await, 400);
    assert_eq!(refusal(&shop, "/live?topics=cart&since=x", &[]).await, 400);
    for shows in ["", "stock", "Cart", "order:", "order:1", "cart&shows=cart"] {
        let live = format!("/live?topics=cart&shows={shows}&since=0");
        assert_eq!(refusal(&shop, &live, &[]).await, 400, "{shows}");
    }
    Socket::connect(&shop, "/api/live", &[("origin", &shop.url), ("authorization", &bearer)]).await;
}

#[actix_web::test]
async fn a_handshake_with_a_cookie_needs_the_shop_s_origin() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let cookie = signs_in(&shop, "ana", "correct horse").await;
    let guest = format!("{}=of-another-browser", shop.cookie("guest"));
    let bearer = format!("Bearer {}", ana.token);
    for path in ["/api/live", "/live?topics=cart&since=0"] {
        for cookie in [&cookie, &guest, "other=program"] {
            let headers = |header| [("cookie", cookie), header];
            for header in [
                ("x-nothing", "and a cookie"),
                ("origin", "https://evil.example"),
                ("origin", "null"),
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-site", "same-site"),
            ] {
                assert_eq!(refusal(&shop, path, &headers(header)).await, 403, "{path} {header:?}");
            }
            Socket::connect(&shop, path, &headers(("origin", &shop.url))).await;
        }
        Socket::connect(&shop, path, &[]).await;
        Socket::connect(&shop, path, &[("authorization", &bearer)]).await;
    }
}

#[actix_web::test]
async fn a_token_stands_for_the_origin_of_a_program_but_not_of_a_page() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let cookie = signs_in(&shop, "ana", "correct horse").await;
    for (name, scheme) in
        [("authorization", "Bearer "), ("sec-websocket-protocol", "microshop.v1, bearer.")]
    {
        let valid = format!("{scheme}{}", ana.token);
        for (token, status) in [(valid.as_str(), 101), (&format!("{scheme}x"), 401)] {
            let headers = [("cookie", cookie.as_str()), (name, token)];
            assert_eq!(handshake(&shop, "/api/live", &headers).await, status, "{name}");
            // The socket of a page acts by the cookie, whatever else its handshake carries.
            assert_eq!(refusal(&shop, "/live?topics=cart&since=0", &headers).await, 403, "{name}");
        }
    }
}

#[actix_web::test]
async fn the_end_of_a_session_ends_its_sockets_and_no_others() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let other_session = Person::log_in(&shop, "ana", "correct horse").await;
    let mut idle = Socket::open(&shop, &ana.token).await;
    let mut other = Socket::open(&shop, &other_session.token).await;
    let mut subscribed = Socket::open(&shop, &ana.token).await;
    subscribed.subscribes(&["cart", "session"]).await;
    ana.send(Method::POST, "/auth/logout", json!({})).await.expect(200);
    for socket in [&mut idle, &mut subscribed] {
        assert_eq!(socket.is_closed().await, (1008, "revoked".into()));
    }
    other.receives_nothing_more().await;
    let bearer = format!("Bearer {}", ana.token);
    assert_eq!(refusal(&shop, "/api/live", &[("authorization", &bearer)]).await, 401);
}

/// Returns the status of a refused handshake.
pub(super) async fn refusal(shop: &TestShop, path: &str, headers: &[(&'static str, &str)]) -> u16 {
    let status = handshake(shop, path, headers).await;
    assert_ne!(status, 101, "not refused");
    status
}

/// Returns the status of a handshake with exactly these headers.
async fn handshake(shop: &TestShop, path: &str, headers: &[(&'static str, &str)]) -> u16 {
    let url = format!("{}{path}", shop.url.replacen("http", "ws", 1));
    let mut request = url.into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    match connect_async(request).await {
        Ok((_, response)) => response.status().as_u16(),
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(error) => panic!("no response: {error}"),
    }
}
