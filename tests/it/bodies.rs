//! The bodies of requests: they have a deadline, and the rest of one that nothing reads ends its
//! connection.

use std::io::Write;
use std::time::Duration;

use actix_web::rt;
use actix_web::rt::time::{sleep, timeout};
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

use crate::harness::{TestShop, single_node};
use crate::wire::exchanges;

/// The send buffer of a client that floods, in bytes.
const SMALL_BUFFER: u32 = 16 * 1024;

/// What a flood may send at most: the 64 KiB that a request reads, the 64 KiB that are discarded,
/// and the buffers of both sides. A receive buffer grows to 6 MiB on Linux.
const MAX_FLOOD: usize = 8 * 1024 * 1024;

/// The types of bodies that requests read.
const JSON: &str = "content-type: application/json";
const FORM: &str = "content-type: application/x-www-form-urlencoded\r\nsec-fetch-site: same-origin";

/// Requests whose bodies arrive too slowly, each with the status of its response.
const SLOW: [(&str, &str, u16); 10] = [
    ("POST /auth/login", JSON, 408),
    ("POST /auth/register", JSON, 408),
    ("POST /auth/refresh", JSON, 408),
    ("POST /login", FORM, 408),
    ("POST /register", FORM, 408),
    ("POST /cart/add/1", FORM, 408),
    ("PUT /api/cart/items/1", JSON, 401),
    ("POST /nowhere", JSON, 404),
    ("PUT /auth/login", JSON, 405),
    ("GET /articles", FORM, 200),
];

/// Requests that do not read their bodies to the end, each with the status of its response.
const UNREAD: [(&str, &str, u16); 11] = [
    ("POST /auth/login", JSON, 413),
    ("POST /auth/register", JSON, 413),
    ("POST /login", FORM, 413),
    ("POST /auth/login", "content-type: text/plain", 415),
    ("POST /nowhere", JSON, 404),
    ("POST /static/shop.css", JSON, 405),
    ("PATCH /auth/login", JSON, 405),
    ("POST /api/orders", JSON, 401),
    ("POST /cart/clear", "sec-fetch-site: cross-site", 403),
    ("POST /checkout", FORM, 303),
    ("GET /health/live", JSON, 200),
];

#[actix_web::test]
async fn three_hundred_slow_bodies_are_closed_at_their_deadline_while_others_are_served() {
    single_node("nginx answers, or changes, this request itself");
    let body_timeout = Duration::from_secs(2);
    let shop = TestShop::open_with(&[("SERVER__BODY_TIMEOUT", "2s")]).await;
    let started = Instant::now();
    let slow = (0..300).map(|number| {
        let (request, headers, status) = SLOW[number % SLOW.len()];
        let client =
            Client { request, headers, is_chunked: (number / SLOW.len()).is_multiple_of(2) };
        let address = shop.url.trim_start_matches("http://").to_owned();
        rt::spawn(async move {
            let (response, closed_after) = client.dribbles(&address).await;
            assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {response}");
            let is_late = response.contains("request_timeout");
            assert_eq!(is_late, status == 408 && headers == JSON, "{request}: {response}");
            closed_after
        })
    });
    let slow: Vec<_> = slow.collect();
    while slow.iter().any(|client| !client.is_finished()) {
        let page = timeout(Duration::from_secs(5), shop.request(Method::GET, "/articles").send());
        assert_eq!(page.await.expect("a page in time").unwrap().status(), 200);
        assert!(started.elapsed() < Duration::from_secs(60), "not closed in time");
        sleep(Duration::from_millis(100)).await;
    }
    for client in slow {
        let closed_after = client.await.unwrap();
        assert!(closed_after < body_timeout + Duration::from_secs(5), "{closed_after:?}");
    }
}

#[actix_web::test]
async fn after_a_response_to_an_unread_body_a_client_can_send_only_a_little_more() {
    single_node("nginx answers, or changes, this request itself");
    let shop = TestShop::open().await;
    let address = shop.url.trim_start_matches("http://");
    for (request, headers, status) in UNREAD {
        for is_chunked in [true, false] {
            let (response, sent) = Client { request, headers, is_chunked }.floods(address).await;
            assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {response}");
            assert!(response.contains("\r\nconnection: close\r\n"), "{request}: {response}");
            assert!(sent < MAX_FLOOD, "{request} sent {sent} bytes");
        }
    }
}

#[actix_web::test]
async fn a_small_body_that_nothing_reads_does_not_end_its_connection() {
    single_node("nginx answers, or changes, this request itself");
    let shop = TestShop::open().await;
    let mut stream = TcpStream::connect(shop.url.trim_start_matches("http://")).await.unwrap();
    for (request, status) in
        [("POST /nowhere", 404), ("PUT /auth/login", 405), ("POST /api/orders", 401)]
    {
        for body in ["content-length: 2\r\n\r\n{}", "transfer-encoding: chunked\r\n\r\n0\r\n\r\n"] {
            let request = format!("{request} HTTP/1.1\r\nhost: localhost\r\n{JSON}\r\n{body}");
            stream.write_all(request.as_bytes()).await.unwrap();
            let response = read_response(&mut stream).await;
            assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
        }
    }
}

#[actix_web::test]
async fn a_large_body_that_keeps_coming_may_take_longer() {
    single_node("nginx answers, or changes, this request itself");
    let shop = TestShop::open_with(&[("SERVER__BODY_TIMEOUT", "1s")]).await;
    let mut stream = TcpStream::connect(shop.url.trim_start_matches("http://")).await.unwrap();
    let fields = r#"{"username":"ana","password":"wrong horse"}"#;
    let body = format!("{}{fields}", " ".repeat(60 * 1024 - fields.len()));
    let head = format!(
        "POST /auth/login HTTP/1.1\r\nhost: localhost\r\n{JSON}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    for part in body.as_bytes().chunks(15 * 1024) {
        stream.write_all(part).await.unwrap();
        sleep(Duration::from_millis(500)).await;
    }
    let response = read_response(&mut stream).await;
    assert!(response.contains("invalid_credentials"), "{response}");
}

#[actix_web::test]
async fn a_compressed_body_is_refused_without_being_decompressed() {
    let shop = TestShop::open().await;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&vec![b' '; 50_000_000]).unwrap();
    let gzip = gzip.finish().unwrap();
    assert!(gzip.len() < 64 * 1024);
    let small = br#"{"username":"ana","password":"wrong horse"}"#.to_vec();
    for (path, media_type, encoding, body, status) in [
        ("/auth/login", "application/json", "gzip", &gzip, 415),
        ("/auth/login", "application/json", "GZIP", &gzip, 415),
        ("/auth/login", "application/json", "identity, gzip", &gzip, 415),
        ("/auth/register", "application/json", "br", &small, 415),
        ("/auth/refresh", "application/json", "deflate", &small, 415),
        ("/login", "application/x-www-form-urlencoded", "gzip", &gzip, 415),
        ("/register", "application/x-www-form-urlencoded", "zstd", &small, 415),
        ("/auth/login", "application/json", "Identity", &small, 401),
    ] {
        let request = shop.request(Method::POST, path).header("content-type", media_type);
        let request = request.header("content-encoding", encoding).body(body.clone());
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{path} {encoding}");
        let accepted = response.headers().get("accept-encoding");
        assert_eq!(accepted.is_some_and(|value| value == "identity"), status == 415);
    }
}

/// A client that sends the head of a request correctly.
struct Client {
    request: &'static str,
    headers: &'static str,
    is_chunked: bool,
}

impl Client {
    /// Sends a byte now and then. Returns the response, and after what time the connection was
    /// closed.
    async fn dribbles(&self, address: &str) -> (String, Duration) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // Within the limit, so that only the deadline refuses it.
        stream.write_all(self.head(60_000).as_bytes()).await.unwrap();
        let started = Instant::now();
        let (mut reader, mut writer) = stream.split();
        let part: &[u8] = if self.is_chunked { b"1\r\n \r\n" } else { b" " };
        let dribbling = async {
            loop {
                for byte in part {
                    // If the connection is closed, the reader finds out.
                    let _ = writer.write_all(&[*byte]).await;
                    sleep(Duration::from_millis(300)).await;
                }
            }
        };
        let mut response = Vec::new();
        tokio::select! {
            // A reset ends the connection as well as a close does.
            _ = reader.read_to_end(&mut response) => {}
            () = dribbling => {}
        }
        (String::from_utf8_lossy(&response).into(), started.elapsed())
    }

    /// Sends a body without end as fast as possible. Returns the response, and how many bytes were
    /// sent until the connection was closed.
    async fn floods(&self, address: &str) -> (String, usize) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_send_buffer_size(SMALL_BUFFER).unwrap();
        let mut stream = socket.connect(address.parse().unwrap()).await.unwrap();
        stream.write_all(self.head(60_000_000_000).as_bytes()).await.unwrap();
        let (mut reader, mut writer) = stream.split();
        let spaces = " ".repeat(4 * 1024);
        let part = if self.is_chunked { format!("1000\r\n{spaces}\r\n") } else { spaces };
        let mut sent = 0;
        let flooding = async {
            while writer.write_all(part.as_bytes()).await.is_ok() {
                sent += part.len();
                assert!(sent < 64 * MAX_FLOOD, "{} sent {sent} bytes", self.request);
            }
        };
        let mut response = Vec::new();
        let both = async { tokio::join!(flooding, reader.read_to_end(&mut response)) };
        // A reset ends the connection as well as a close does.
        let _ = timeout(Duration::from_secs(20), both).await.expect("the connection is closed");
        (String::from_utf8_lossy(&response).into(), sent)
    }

    /// Returns the head of the request, which announces a length unless the body is chunked.
    fn head(&self, length: u64) -> String {
        let Self { request, headers, is_chunked } = self;
        let announced = match is_chunked {
            true => "transfer-encoding: chunked",
            false => &format!("content-length: {length}"),
        };
        format!("{request} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n{announced}\r\n\r\n")
    }
}

/// Reads the head of a response and its body, whose length the head has.
async fn read_response(stream: &mut TcpStream) -> String {
    let mut response = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&response).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.expect("a length").parse::<usize>().unwrap() {
                return text;
            }
        }
        let read = timeout(Duration::from_secs(20), stream.read_buf(&mut response));
        assert!(read.await.expect("a response in time").unwrap() > 0, "closed after {text:?}");
    }
}

#[actix_web::test]
async fn a_request_whose_body_ends_at_an_ambiguous_place_is_refused_and_closes_its_connection() {
    single_node("nginx answers, or changes, this request itself");
    let shop = TestShop::open().await;
    let address = shop.url.trim_start_matches("http://");
    let next = format!("GET /health/live HTTP/1.1\r\nhost: {address}\r\n\r\n");
    for lengths in [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 5",
        "content-length: 0\r\ntransfer-encoding: identity, chunked",
        "content-length: 5\r\ncontent-length: 6",
        "content-length: 5\r\ncontent-length: 5",
        "content-length: 5, 5",
        "content-length: +5",
        "content-length: -5",
        "content-length: 0x5",
        "content-length:",
        "transfer-encoding: gzip",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: chunked, gzip",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        "transfer-encoding: xchunked",
        "transfer-encoding: \"chunked\"",
        "transfer-encoding : chunked",
    ] {
        let head = format!("POST /auth/login HTTP/1.1\r\nhost: {address}\r\n{JSON}\r\n{lengths}");
        let received = exchanges(address, format!("{head}\r\n\r\n0\r\n\r\n{next}")).await;
        assert!(received.starts_with("HTTP/1.1 400 "), "{lengths}: {received}");
        assert_eq!(received.matches("HTTP/1.1 ").count(), 1, "{lengths}: {received}");
    }
}
