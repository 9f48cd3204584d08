//! What a client does wrong is no error of the shop, and no line of that level.

use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::TestShop;
use crate::socket::Socket;

#[actix_web::test]
async fn what_a_client_does_wrong_is_no_error_of_the_shop() {
    let shop = TestShop::open_logged(&[("LOG__FILTER", "info")]).await;
    let ana = shop.customer("ana").await;
    for body in ["", "{", "[1,2", "\"\\ud800\"", "{\"article_id\":1e999}"] {
        let request = ana.request(Method::POST, "/api/cart/items").body(body);
        let request = request.header("content-type", "application/json");
        assert!(request.send().await.unwrap().status().is_client_error());
    }
    let address = shop.url.trim_start_matches("http://");
    for request in invalid_requests(&ana.token) {
        for is_reset in [false, true] {
            let mut connection = TcpStream::connect(address).await.unwrap();
            // The shop may close the connection before everything is sent.
            let _ = connection.write_all(request.as_bytes()).await;
            if is_reset {
                connection.set_zero_linger().unwrap();
            } else {
                connection.shutdown().await.unwrap_or_default();
                let _ = connection.read_to_end(&mut Vec::new()).await;
            }
        }
    }
    Socket::open(&shop, &ana.token).await.vanishes();
    Socket::open(&shop, &ana.token).await.leaves().await;
    ana.get("/api/cart").await.expect(200);
    let log = shop.file("log");
    let error = log.lines().find(|line| line.contains("ERROR"));
    assert_eq!(error, None);
}

/// Returns requests that break the rules of HTTP or end in the middle of a body.
fn invalid_requests(token: &str) -> [String; 15] {
    let json = "Content-Type: application/json\r\n";
    let large = "x".repeat(300_000);
    [
        "garbage\r\n\r\n".into(),
        "GET / HTTP/9.9\r\n\r\n".into(),
        "GET /articles HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n".into(),
        "GET /articles HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n".into(),
        format!("GET /{large} HTTP/1.1\r\nHost: a\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: a\r\nX: {large}\r\n\r\n"),
        "GET /articles HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"
            .into(),
        "GET /articles HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n".into(),
        "POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\
         Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            .into(),
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}".into(),
        format!("POST /auth/login HTTP/1.1\r\nHost: a\r\n{json}Content-Length: 100\r\n\r\n{{"),
        format!(
            "POST /auth/login HTTP/1.1\r\nHost: a\r\n{json}Transfer-Encoding: chunked\r\n\r\nzz\r\n"
        ),
        format!(
            "POST /auth/login HTTP/1.1\r\nHost: a\r\n{json}Content-Encoding: gzip\r\n\
             Content-Length: 2\r\n\r\n{{}}"
        ),
        format!(
            "POST /api/cart/items HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n{json}\
             Transfer-Encoding: chunked\r\n\r\n5\r\n{{\"a\":\r\n"
        ),
        "GET /api/live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
            .into(),
    ]
}
