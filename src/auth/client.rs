//! What a client says of itself when it signs in.

use actix_web::HttpRequest;
use actix_web::http::header::USER_AGENT;

/// What the client calls itself, shortened.
pub fn device(request: &HttpRequest) -> String {
    let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    agent.unwrap_or_default().chars().take(200).collect()
}

/// The address the client connects from.
pub fn address(request: &HttpRequest) -> String {
    request.peer_addr().map(|address| address.ip().to_string()).unwrap_or_default()
}
