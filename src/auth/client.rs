//! What the shop records of a client, and the network by which the client is counted.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderName, USER_AGENT};
use actors::session::SessionClient;
use domain::network::Network;

use crate::state::app_state;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The largest number of characters of a device's name.
const MAX_DEVICE: usize = 200;

/// Returns the client of a new session. `cookie_hash` is the SHA-256 of a browser's new cookie.
pub fn session_client(request: &HttpRequest, cookie_hash: Option<String>) -> SessionClient {
    SessionClient { cookie_hash, device: device(request), address: address(request) }
}

/// Returns the `User-Agent` of the request, shortened to 200 characters.
fn device(request: &HttpRequest) -> String {
    let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    agent.unwrap_or_default().chars().take(MAX_DEVICE).collect()
}

/// Returns the network by which the client is counted: that of its IP address, as forwarded by
/// trusted proxies. The server listens on TCP only, so every connection has one.
pub fn network(request: &HttpRequest) -> Network {
    Network::of(ip(request).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
}

/// Returns the client's IP address, as forwarded by trusted proxies, or an empty text if the
/// connection has none.
pub fn address(request: &HttpRequest) -> String {
    ip(request).map(|address| address.to_string()).unwrap_or_default()
}

fn ip(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?;
    let headers = request.headers().get_all(FORWARDED_FOR);
    let forwarded_for: Vec<_> =
        headers.map(|header| String::from_utf8_lossy(header.as_bytes())).collect();
    Some(app_state(request).proxies.client_address(peer.ip(), &forwarded_for.join(",")))
}
