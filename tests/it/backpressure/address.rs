//! The limit of sockets of one client address, which guests without cookies share.

use std::net::SocketAddr;

use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::Response;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::harness::{TestShop, single_node};

#[actix_web::test]
async fn a_client_without_cookies_is_refused_beyond_its_share_and_another_address_gets_in() {
    single_node("each node limits for itself");
    let shop = TestShop::open_with(&[("LIVE__SOCKETS_PER_ADDRESS", "3")]).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(connect(&shop, "127.0.0.1", "").await.unwrap());
    }
    let refused = refusal(&shop, "127.0.0.1", "").await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "10");
    // The header of a client is ignored as long as no proxy is trusted.
    assert_eq!(refusal(&shop, "127.0.0.1", "192.0.2.7").await.status(), 429);
    connect(&shop, "127.0.0.2", "").await.unwrap();
}

#[actix_web::test]
async fn clients_of_a_trusted_proxy_are_counted_by_their_own_addresses() {
    single_node("each node limits for itself");
    let settings = [("LIVE__SOCKETS_PER_ADDRESS", "1"), ("SERVER__TRUSTED_PROXIES", "127.0.0.1")];
    let shop = TestShop::open_with(&settings).await;
    let mut open = Vec::new();
    for client in ["192.0.2.7", "192.0.2.8", "2001:db8::1"] {
        open.push(connect(&shop, "127.0.0.1", client).await.unwrap());
    }
    for client in ["192.0.2.7", "203.0.113.9, 192.0.2.8", "2001:db8::2"] {
        assert_eq!(refusal(&shop, "127.0.0.1", client).await.status(), 429, "{client}");
    }
    // The other networks of the /48 have three more slots together.
    for network in 1..=3 {
        let client = format!("2001:db8:0:{network}::1");
        open.push(connect(&shop, "127.0.0.1", &client).await.unwrap());
    }
    assert_eq!(refusal(&shop, "127.0.0.1", "2001:db8:0:4::1").await.status(), 429);
    open.push(connect(&shop, "127.0.0.1", "2001:db8:1::1").await.unwrap());
}

/// Connects as a guest without cookies from a local address, with an `X-Forwarded-For` header.
async fn connect(
    shop: &TestShop,
    from: &str,
    forwarded_for: &str,
) -> Result<WebSocketStream<TcpStream>, Error> {
    let address: SocketAddr = shop.url.trim_start_matches("http://").parse().unwrap();
    let stream = TcpSocket::new_v4().unwrap();
    stream.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
    let stream = stream.connect(address).await.unwrap();
    let mut request = format!("ws://{address}/api/live").into_client_request().unwrap();
    request.headers_mut().insert("x-forwarded-for", forwarded_for.parse().unwrap());
    Ok(client_async(request, stream).await?.0)
}

/// Returns the response to a handshake that is refused.
async fn refusal(shop: &TestShop, from: &str, forwarded_for: &str) -> Response<Option<Vec<u8>>> {
    match connect(shop, from, forwarded_for).await.err() {
        Some(Error::Http(response)) => *response,
        other => panic!("not refused: {other:?}"),
    }
}
