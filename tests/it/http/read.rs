//! `HEAD`: every read without its body.

use reqwest::Method;

use super::Response;
use crate::harness::{TestShop, single_node};
use crate::people::signs_in;
use crate::tidy::routes::served;
use crate::wire::exchanges;

/// Headers that differ between two responses to the same request.
const OWN: [&str; 3] = ["date", "x-request-id", "set-cookie"];

#[actix_web::test]
async fn head_answers_every_read_with_the_headers_of_get_and_no_body() {
    single_node("nginx answers, or changes, this request itself");
    let shop = TestShop::open().await;
    let admin = shop.admin().await.0;
    // An empty cart would expire at another time in each response.
    admin.adds(2, 1).await.expect(200);
    let cookie = signs_in(&shop, "admin", "admin").await;
    let mut reads = 0;
    for route in served() {
        let (method, path) = route.split_once(' ').unwrap();
        let path = match path.split_once('{') {
            Some(("/static/", _)) => "/static/shop.css".to_owned(),
            Some((start, rest)) => format!("{start}1{}", rest.split_once('}').unwrap().1),
            None => path.to_owned(),
        };
        let ask = async |method| {
            let request = shop.request(method, &path).bearer_auth(&admin.token);
            Response::to(request.header("cookie", &cookie)).await
        };
        if method != "GET" {
            continue;
        }
        reads += 1;
        let [mut get, head] = [ask(Method::GET).await, ask(Method::HEAD).await];
        // It belongs to a body that is sent in parts (RFC 9110, section 9.3.2).
        get.headers.remove("transfer-encoding");
        assert_eq!(head.status, get.status, "{path}");
        assert!(head.body.is_empty(), "{path}");
        for (name, value) in &get.headers {
            // The metrics count the requests for them, and an export names its time.
            let differs = OWN.contains(&name.as_str())
                || ["/metrics", "/auth/export"].contains(&path.as_str());
            assert!(differs || head.headers.get(name) == Some(value), "{path}: {name}");
        }
        assert_eq!(head.headers.len(), get.headers.len(), "{path}");
    }
    assert!(reads > 30, "{reads}");
}

#[actix_web::test]
async fn head_is_refused_where_get_is_and_allowed_where_it_is_listed() {
    single_node("nginx answers, or changes, this request itself");
    let shop = TestShop::open().await;
    for (path, allowed) in [
        ("/api/orders", "GET, HEAD, POST"),
        ("/api/articles/1", "DELETE, GET, HEAD, PATCH"),
        ("/articles", "GET, HEAD"),
        ("/static/shop.css", "GET, HEAD"),
        ("/auth/login", "POST"),
        ("/cart/clear", "POST"),
        ("/api/cart/items/1", "DELETE, PUT"),
    ] {
        let put = shop.answers("TRACE", path, &[("sec-fetch-site", "same-origin")]).await;
        let mut listed: Vec<_> = put.header("allow").split(", ").collect();
        listed.sort_unstable();
        assert_eq!((put.status, listed.join(", ").as_str()), (405, allowed), "{path}");
        let head = shop.answers("HEAD", path, &[]).await;
        assert_eq!(head.status == 405, !allowed.contains("HEAD"), "{path}");
    }
}

#[actix_web::test]
async fn no_body_follows_head_even_if_the_next_request_was_already_sent() {
    let shop = TestShop::open().await;
    let address = shop.url.trim_start_matches("http://");
    for (path, headers) in [
        ("/articles", "Accept-Encoding: br\r\n"),
        ("/api/articles", "Accept-Encoding: gzip\r\n"),
        ("/articles", ""),
        ("/static/shop.css", ""),
        ("/nowhere", ""),
    ] {
        let head = format!("HEAD {path} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n");
        let live = format!("GET /health/live HTTP/1.1\r\nHost: {address}\r\n");
        let last = format!("{live}Connection: close\r\n\r\n");
        let received = exchanges(address, &format!("{head}{last}")).await;
        // The connection may also end, after the response or without it.
        let rest = received.split_once("\r\n\r\n").map_or(received.as_str(), |(_, rest)| rest);
        assert!(rest.is_empty() || rest.starts_with("HTTP/1.1 200 "), "{path}: {received}");
    }
}

#[actix_web::test]
async fn head_never_opens_a_socket() {
    single_node("nginx answers, or changes, this request itself");
    let shop = TestShop::open().await;
    let address = shop.url.trim_start_matches("http://");
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for path in ["/api/live", "/live?topics=catalogue"] {
        let request = format!("HEAD {path} HTTP/1.1\r\nHost: {address}\r\n{upgrade}\r\n");
        let received = exchanges(address, &request).await;
        assert!(received.starts_with("HTTP/1.1 400 "), "{path}: {received}");
    }
}

#[actix_web::test]
async fn a_resource_has_one_url() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    ana.adds(1, 1).await.expect(200);
    let order = ana.checks_out("k").await.expect(201).json["order"]["id"].clone();
    let order = order.as_str().unwrap();
    for (path, status) in [
        ("/api/articles/1", 200),
        ("/api/articles/01", 404),
        ("/api/articles/+1", 404),
        ("/api/articles/%2B1", 404),
        ("/api/articles/1.0", 404),
        (&format!("/api/orders/{order}"), 200),
        (&format!("/api/orders/{}", order.to_uppercase()), 200),
        (&format!("/api/orders/%7B{order}%7D"), 404),
        (&format!("/api/orders/urn:uuid:{order}"), 404),
        (&format!("/api/orders/{}", order.replace('-', "")), 404),
    ] {
        assert_eq!(ana.get(path).await.status, status, "{path}");
    }
    for path in ["/cart/add/01", "/cart/update/+1", "/cart/remove/01"] {
        let form = shop.request(Method::POST, path).form(&[("quantity", "1")]);
        assert_eq!(form.send().await.unwrap().status(), 404, "{path}");
    }
}
