//! The hosts that a shop answers to (DNS rebinding), and the origin of sockets in the log.

use std::io::{Read, Write};
use std::net::TcpStream;

use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::json;

use crate::harness::{TestShop, single_node};
use crate::people::Answer;

/// Hosts that no other site can have.
const OWN: [&str; 7] = [
    "localhost",
    "localhost:5000",
    "LOCALHOST",
    "127.0.0.1",
    "127.8.9.1:80",
    "[::1]",
    "[::1]:5000",
];

/// Hosts that another site can point to the shop, or that are no host.
const FOREIGN: [&str; 12] = [
    "evil.example",
    "evil.example:5000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "192.0.2.1",
    "0.0.0.0:5000",
    "localhost@evil.example",
    "",
    "local host",
    "localhost:abc",
    "localhost:99999",
    "127.0.0.1:+80",
];

#[actix_web::test]
async fn a_shop_on_loopback_answers_only_to_its_own_hosts() {
    single_node("nginx answers, or changes, this request itself");
    let shop = TestShop::open().await;
    for host in OWN {
        assert_eq!(status(&shop, host, "/articles").await, 200, "{host}");
    }
    for host in FOREIGN {
        assert_eq!(status(&shop, host, "/articles").await, 421, "{host}");
    }
    for path in ["/", "/health/live", "/api/articles", "/static/shop.css", "/live", "/nowhere"] {
        assert_eq!(status(&shop, "evil.example", path).await, 421, "{path}");
    }
}

#[actix_web::test]
async fn a_site_that_points_its_name_to_the_shop_cannot_sign_in() {
    let shop = TestShop::open().await;
    let credentials = json!({ "username": "admin", "password": "admin" });
    let rebound = shop.request(Method::POST, "/auth/login").header("host", "evil.example:5000");
    let answer = Answer::to(rebound.json(&credentials)).await;
    let problem = answer.expect_problem(421, "misdirected_request").json;
    for text in ["detail", "message"] {
        let text = problem[text].as_str().unwrap();
        assert!(text.contains("server.public_origin"), "{text}");
    }
    let form = shop.request(Method::POST, "/login").form(&credentials);
    let form = form.header("host", "evil.example").header("sec-fetch-site", "same-origin");
    let page = form.send().await.unwrap();
    assert_eq!(page.status(), 421);
    assert!(!page.headers().contains_key("set-cookie"));
    assert!(page.text().await.unwrap().contains("server.public_origin"));
}

#[actix_web::test]
async fn a_shop_on_loopback_also_answers_to_the_host_of_its_public_origin() {
    let shop = TestShop::open_with(&[("SERVER__PUBLIC_ORIGIN", "https://Shop.Example:8443")]).await;
    for host in ["shop.example", "SHOP.example:8443", "shop.example.", "localhost", "[::1]:1"] {
        assert_eq!(status(&shop, host, "/articles").await, 200, "{host}");
    }
    for host in ["evil.example", "www.shop.example", "shop.example.evil.example"] {
        assert_eq!(status(&shop, host, "/articles").await, 421, "{host}");
    }
}

#[actix_web::test]
async fn the_case_of_a_host_does_not_make_another_origin() {
    let shop = TestShop::open().await;
    for (host, status) in
        [("LOCALHOST:6001", 303), ("localhost:6001", 303), ("localhost:6002", 403)]
    {
        let form = shop.request(Method::POST, "/cart/clear").header("host", host);
        let form = form.header("origin", "http://localhost:6001").form(&[("a", "b")]);
        assert_eq!(form.send().await.unwrap().status(), status, "{host}");
    }
}

#[actix_web::test]
async fn an_origin_that_cannot_be_read_or_occurs_twice_is_refused() {
    let shop = TestShop::open().await;
    let own = shop.url.as_str();
    for (name, values) in [
        ("origin", &[b"http://\xff.example".as_slice()][..]),
        ("origin", &[b"http://b\xc3\xbccher.example"]),
        ("origin", &[own.as_bytes(), b"https://evil.example"]),
        ("origin", &[own.as_bytes(), own.as_bytes()]),
        ("sec-fetch-site", &[b"same-origin", b"cross-site"]),
        ("sec-fetch-site", &[b"\xff"]),
    ] {
        for (method, path) in [(Method::POST, "/cart/clear"), (Method::GET, "/api/live")] {
            let mut request = shop.request(method, path);
            for value in values {
                request = request.header(name, HeaderValue::from_bytes(value).unwrap());
            }
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 403, "{path} {name}: {values:?}");
        }
    }
}

#[actix_web::test]
async fn every_host_that_a_request_names_counts() {
    single_node("nginx answers, or changes, this request itself");
    let shop = TestShop::open().await;
    for (request, status) in [
        ("GET /articles HTTP/1.1\r\nHost: localhost\r\n", "200"),
        ("GET http://localhost/articles HTTP/1.1\r\nHost: localhost\r\n", "200"),
        ("GET http://evil.example/articles HTTP/1.1\r\nHost: localhost\r\n", "421"),
        ("GET http://localhost/articles HTTP/1.1\r\nHost: evil.example\r\n", "421"),
        ("GET /articles HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n", "4"),
        ("GET /articles HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\n", "4"),
        ("GET /articles HTTP/1.1\r\n", "4"),
        ("GET /articles HTTP/1.0\r\n", "421"),
    ] {
        let answer = answer(&shop, request);
        let found = answer.split(' ').nth(1).unwrap_or_default();
        assert!(found.starts_with(status), "{request:?}: {answer:.80}");
    }
}

#[actix_web::test]
async fn a_shop_beyond_loopback_answers_to_every_host_and_warns_once_without_an_origin() {
    let public = [("SERVER__BIND", "0.0.0.0:0"), ("ADMIN__PASSWORD", "correct horse")];
    let mut shop = TestShop::open_logged(&public).await;
    assert_eq!(status(&shop, "shop.example", "/articles").await, 200);
    shop.stop();
    assert_eq!(shop.file("log").matches("server.public_origin is not set").count(), 1);

    for settings in [vec![], [&public[..], &[("SERVER__PUBLIC_ORIGIN", "https://a.b")]].concat()] {
        let mut shop = TestShop::open_logged(&settings).await;
        shop.stop();
        assert!(!shop.file("log").contains("server.public_origin"), "{settings:?}");
    }
}

#[actix_web::test]
async fn a_socket_refused_for_its_origin_logs_the_expected_one() {
    for (origin, expected) in [("", "http(s)://localhost:5000"), ("https://a.b", "https://a.b")] {
        let settings = [("LOG__FILTER", "info"), ("SERVER__PUBLIC_ORIGIN", origin)];
        let mut shop = TestShop::open_logged(&settings).await;
        for path in ["/api/live", "/live?topics=cart&since=0"] {
            let socket = shop.request(Method::GET, path).header("host", "localhost:5000");
            let socket = socket.header("origin", "https://evil.example");
            assert_eq!(socket.send().await.unwrap().status(), 403);
        }
        shop.stop();
        let log = shop.file("log");
        let mut lines = log.lines().filter(|line| line.contains("cross_site"));
        assert!(lines.all(|line| line.contains("evil.example") && line.contains(expected)));
        assert_eq!(log.matches("cross_site").count(), 2, "{log}");
    }
}

/// Returns the status of a page for a host.
async fn status(shop: &TestShop, host: &str, path: &str) -> u16 {
    let request = shop.request(Method::GET, path).header("host", host);
    request.send().await.unwrap().status().as_u16()
}

/// Sends the head of a request over a connection of its own, and returns the response.
fn answer(shop: &TestShop, head: &str) -> String {
    let mut stream = TcpStream::connect(shop.url.trim_start_matches("http://")).unwrap();
    stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    String::from_utf8_lossy(&response).into_owned()
}
