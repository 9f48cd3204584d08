//! Requests for another protocol: the handshakes of WebSockets, and all others, which are refused.

use futures_util::future::join_all;

use crate::harness::{TestShop, single_node};
use crate::wire::exchanges;

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
const VERSION: &str = "Sec-WebSocket-Version: 13\r\n";
const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// The paths of the two WebSockets.
const SOCKETS: [&str; 2] = ["/api/live", "/live?topics=catalogue&since=0"];

#[actix_web::test]
async fn a_request_for_another_protocol_is_refused_before_its_body_is_read() {
    single_node("nginx answers, or changes, this request itself");
    // A response after the deadline of a body would be 408.
    let shop = TestShop::open_with(&[("SERVER__BODY_TIMEOUT", "10m")]).await;
    let json = "Content-Type: application/json\r\nContent-Length: 100\r\n";
    let form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\
                Sec-Fetch-Site: same-origin\r\n";
    let chunked = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    let mut rows = Vec::new();
    for request in [
        "POST /auth/login",
        "POST /login",
        "PUT /api/bank",
        "GET /articles",
        "HEAD /articles",
        "GET /health/live",
        "GET /static/shop.css",
        "DELETE /api/cart",
        "POST /nowhere",
        "GET /livestock",
        "GET /live/",
        "POST /live?topics=catalogue&since=0",
        "POST /api/live",
        "PUT /api/live",
        "HEAD /api/live",
        "HEAD /live?topics=catalogue&since=0",
    ] {
        for body in [json, form, chunked, ""] {
            for protocol in ["websocket", "WebSocket", "h2c", "websocket, h2c", "TLS/1.0"] {
                let upgrade = format!("Connection: Upgrade\r\nUpgrade: {protocol}\r\n");
                rows.push((request, format!("{upgrade}{body}")));
            }
            rows.push((request, format!("Upgrade: websocket\r\n{body}")));
            rows.push((request, format!("{UPGRADE}{VERSION}{KEY}{body}")));
        }
    }
    let responses = join_all(rows.iter().map(async |(request, headers)| {
        let response = sends(&shop, &format!("{request} HTTP/1.1"), headers).await;
        is_refused(&response, 400, "invalid_upgrade")
            .then_some(())
            .ok_or_else(|| format!("{request}\n{headers}{response}"))
    }));
    let failures: Vec<_> = responses.await.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[actix_web::test]
async fn a_refused_request_for_another_protocol_is_the_last_one_on_its_connection() {
    single_node("nginx answers, or changes, this request itself");
    let shop = TestShop::open().await;
    let address = shop.url.trim_start_matches("http://");
    let next = format!("GET /health/live HTTP/1.1\r\nHost: {address}\r\n\r\n");
    for length in [0, next.len()] {
        let first = format!(
            "POST /auth/login HTTP/1.1\r\nHost: {address}\r\n{UPGRADE}\
             Content-Length: {length}\r\n\r\n"
        );
        let received = exchanges(address, format!("{first}{next}")).await;
        assert!(is_refused(&received, 400, "invalid_upgrade"), "{received}");
        assert_eq!(received.matches("\r\nx-request-id: ").count(), 1, "{received}");
    }
}

#[actix_web::test]
async fn a_request_with_http_1_0_cannot_change_the_protocol() {
    single_node("nginx answers, or changes, this request itself");
    let shop = TestShop::open().await;
    for path in ["/articles"].iter().chain(&SOCKETS) {
        let request = format!("GET {path} HTTP/1.0");
        let response = sends(&shop, &request, &format!("{UPGRADE}{VERSION}{KEY}")).await;
        assert!(response.starts_with("HTTP/1.0 400 "), "{path}: {response}");
    }
}

#[actix_web::test]
async fn an_incomplete_or_wrong_handshake_is_refused() {
    single_node("nginx answers, or changes, this request itself");
    let shop = TestShop::open().await;
    let key = |key: &str| format!("{UPGRADE}{VERSION}Sec-WebSocket-Key: {key}\r\n");
    let connection =
        |value: &str| format!("Connection: {value}\r\nUpgrade: websocket\r\n{VERSION}{KEY}");
    let upgrade =
        |value: &str| format!("Connection: Upgrade\r\nUpgrade: {value}\r\n{VERSION}{KEY}");
    let whole = format!("{UPGRADE}{VERSION}{KEY}");
    let rows = [
        ("no header", "Connection: close\r\n".to_owned()),
        ("no upgrade", format!("Connection: Upgrade, close\r\n{VERSION}{KEY}")),
        ("no connection", format!("Upgrade: websocket\r\n{VERSION}{KEY}")),
        ("no key", format!("{UPGRADE}{VERSION}")),
        ("an empty key", key("")),
        ("a short word as a key", key("bad")),
        ("a key of 15 bytes", key("dGhlIHNhbXBsZSBub25j")),
        ("a key of 17 bytes", key("dGhlIHNhbXBsZSBub25jZWE=")),
        ("a key of 32 bytes", key("dGhlIHNhbXBsZSBub25jZXRoZSBzYW1wbGUgbm9uY2U=")),
        ("a key without padding", key("dGhlIHNhbXBsZSBub25jZQ")),
        ("a key with a space", key("dGhlIHNhbXBsZSBub25 jZQ==")),
        ("a key of base64url", key("__________-_-_-_-_-_-w==")),
        ("a key with other unused bits", key("dGhlIHNhbXBsZSBub25jZR==")),
        ("two keys", format!("{whole}{KEY}")),
        ("two keys in one line", key("dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==")),
        ("another connection", connection("keep-alive")),
        ("a connection that only begins like it", connection("Upgrades")),
        ("a connection that closes", connection("Upgrade, close")),
        ("a connection with a quoted name", connection("\"Upgrade\"")),
        ("another protocol", upgrade("h2c")),
        ("a protocol that only contains the name", upgrade("websockets")),
        ("a protocol with a version", upgrade("websocket/13")),
        ("a list of protocols", upgrade("h2c, websocket")),
        ("the protocol twice", format!("{whole}Upgrade: websocket\r\n")),
        ("a body", format!("{whole}Content-Length: 2\r\n")),
        ("a chunked body", format!("{whole}Transfer-Encoding: chunked\r\n")),
    ];
    for path in SOCKETS {
        for (what, headers) in &rows {
            let response = sends(&shop, &format!("GET {path} HTTP/1.1"), headers).await;
            assert!(is_refused(&response, 400, "invalid_upgrade"), "{path}, {what}: {response}");
        }
    }
}

#[actix_web::test]
async fn another_version_of_the_handshake_gets_the_version_that_is_supported() {
    single_node("nginx answers, or changes, this request itself");
    let shop = TestShop::open().await;
    let version = |version: &str| format!("Sec-WebSocket-Version: {version}\r\n");
    for versions in [
        String::new(),
        version("12"),
        version("8"),
        version("7"),
        version("14"),
        version("013"),
        version("13, 8"),
        version("13") + &version("13"),
        version("8") + &version("13"),
        version("x"),
        version(""),
    ] {
        for path in SOCKETS {
            let headers = format!("{UPGRADE}{versions}{KEY}");
            let response = sends(&shop, &format!("GET {path} HTTP/1.1"), &headers).await;
            assert!(is_refused(&response, 426, "websocket_version"), "{versions}: {response}");
            assert!(response.contains("\r\nsec-websocket-version: 13\r\n"), "{response}");
            assert!(response.contains("\r\nupgrade: websocket\r\n"), "{response}");
        }
    }
}

#[actix_web::test]
async fn a_handshake_is_accepted_however_a_client_or_a_proxy_writes_it() {
    let shop = TestShop::open().await;
    let handshake = |connection: &str, upgrade: &str| {
        format!("{connection}\r\nUpgrade: {upgrade}\r\n{VERSION}{KEY}")
    };
    for headers in [
        handshake("Connection: Upgrade", "websocket"),
        handshake("Connection: upgrade", "WebSocket"),
        handshake("Connection: keep-alive, Upgrade", "websocket"),
        handshake("Connection: keep-alive,Upgrade,te", "websocket"),
        handshake("Connection: keep-alive\r\nConnection: UPGRADE", "WEBSOCKET"),
        handshake("Connection: Upgrade", "websocket") + "Content-Length: 0\r\n",
        handshake("Connection: Upgrade", "websocket")
            + "Sec-WebSocket-Extensions: permessage-deflate\r\n\
               Sec-WebSocket-Protocol: chat, microshop.v1\r\n",
    ] {
        for path in SOCKETS {
            // A masked close without a code, which ends the connection.
            let close = [0x88, 0x80, 0, 0, 0, 0];
            let address = shop.url.trim_start_matches("http://");
            let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n");
            let received = exchanges(address, [head.as_bytes(), &close].concat()).await;
            assert!(received.starts_with("HTTP/1.1 101 "), "{headers}: {received}");
            let accept = "\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
            assert!(received.contains(accept), "{headers}: {received}");
        }
    }
}

/// Whether a response closes the connection with a status and, for a program, a problem's code. A
/// response to `HEAD` has no body, and a page only a sentence.
fn is_refused(response: &str, status: u16, code: &str) -> bool {
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or((response, ""));
    let is_program = head.contains("application/problem+json") && !body.is_empty();
    head.starts_with(&format!("HTTP/1.1 {status} "))
        && head.contains("\r\nconnection: close")
        && (!is_program || body.contains(&format!("\"code\":\"{code}\"")))
}

/// Sends the head of a request, and returns what the shop sends until it closes the connection. A
/// body that the head announces is not sent.
async fn sends(shop: &TestShop, request: &str, headers: &str) -> String {
    let address = shop.url.trim_start_matches("http://");
    exchanges(address, format!("{request}\r\nHost: {address}\r\n{headers}\r\n")).await
}
