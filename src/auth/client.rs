//! What is known of a client that signs in.

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderName, USER_AGENT};

use crate::state::state;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What the client calls itself, shortened.
pub fn device(request: &HttpRequest) -> String {
    let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    agent.unwrap_or_default().chars().take(200).collect()
}

/// The address the client connects from, as seen by the first of the trusted proxies.
pub fn address(request: &HttpRequest) -> String {
    let Some(peer) = request.peer_addr() else { return String::new() };
    let said = request
        .headers()
        .get_all(FORWARDED_FOR)
        .map(|said| String::from_utf8_lossy(said.as_bytes()));
    state(request).proxies.client(peer.ip(), &said.collect::<Vec<_>>().join(",")).to_string()
}
