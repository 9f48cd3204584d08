//! The heads of requests: each has a deadline, also on a connection that is kept alive.

use std::time::Duration;

use actix_web::rt;
use actix_web::rt::time::{sleep, timeout};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{TestShop, single_node};

/// The time within which a connection with a slow head is closed: 20 s, and more for a slow
/// machine.
const LIMIT: Duration = Duration::from_secs(40);

const REQUEST: &[u8] = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n";

#[actix_web::test]
async fn a_slow_head_does_not_hold_a_connection_open() {
    single_node("nginx answers, or changes, this request itself");
    let shop = TestShop::open().await;
    let address = shop.url.trim_start_matches("http://").to_owned();
    let slow = [0, 1, 2, 20].map(|requests| rt::spawn(dribbles(address.clone(), requests)));
    let busy = rt::spawn(keeps_asking(address));
    for client in slow {
        assert!(timeout(LIMIT, client).await.is_ok(), "not closed in time");
    }
    // A connection whose heads arrive at once stays open for longer than any slow one.
    assert!(!busy.is_finished());
    busy.abort();
}

/// Sends some requests, and then a head without end. Returns when the connection is closed.
async fn dribbles(address: String, requests: usize) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    for _ in 0..requests {
        is_answered(&mut stream).await;
    }
    let (mut reader, mut writer) = stream.split();
    let dribbling = async {
        let _ = writer.write_all(b"GET /health/live HTTP/1.1\r\n").await;
        loop {
            // If the connection is closed, the reader finds out.
            let _ = writer.write_all(b"x: y\r\n").await;
            sleep(Duration::from_millis(500)).await;
        }
    };
    let mut rest = Vec::new();
    tokio::select! {
        // A reset ends the connection as well as a close does.
        _ = reader.read_to_end(&mut rest) => {}
        () = dribbling => {}
    }
}

/// Sends one request a second on one connection, each of which must be answered.
async fn keeps_asking(address: String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    loop {
        is_answered(&mut stream).await;
        sleep(Duration::from_secs(1)).await;
    }
}

async fn is_answered(stream: &mut TcpStream) {
    stream.write_all(REQUEST).await.unwrap();
    let mut response = Vec::new();
    while !response.ends_with(b"}\n") {
        let read = timeout(Duration::from_secs(20), stream.read_buf(&mut response));
        assert!(read.await.expect("a response in time").unwrap() > 0, "closed");
    }
}
