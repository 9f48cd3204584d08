//! Requests to change the protocol of a connection (RFC 9110, section 7.8). Only the handshake of a
//! WebSocket may make one.
//!
//! Everything that follows a request with `Upgrade: websocket` is an endless body for actix,
//! whatever the length of the body that the request announces. Such a request would wait for the
//! end of its body until the deadline.

use actix_web::HttpMessage;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::UPGRADE;
use actix_web::http::{Method, Version};

use crate::error::Problem;
use crate::error::code::Code;

/// The name of the protocol of WebSockets in the header `Upgrade` (RFC 6455, section 4.2.1).
pub const PROTOCOL: &str = "websocket";

/// The only version of that protocol.
pub const VERSION: &str = "13";

/// The paths of the WebSockets.
const SOCKETS: [&str; 2] = ["/live", "/api/live"];

/// Marks a request that is answered like `GET`, but whose method is `HEAD`.
pub struct IsHead;

/// Refuses a request to change the protocol before its body is read, unless it may be the handshake
/// of a WebSocket.
///
/// The middleware that limits bodies closes the connection after the response.
pub fn refuse_upgrade(request: &ServiceRequest) -> Result<(), Problem> {
    if !request.headers().contains_key(UPGRADE) || may_be_handshake(request) {
        return Ok(());
    }
    let detail = "only a GET request with HTTP/1.1 to /live or /api/live may have the header \
                  Upgrade; send the request without it";
    Err(Problem::because(Code::InvalidUpgrade, detail))
}

fn may_be_handshake(request: &ServiceRequest) -> bool {
    request.method() == Method::GET
        && !request.extensions().contains::<IsHead>()
        && request.version() == Version::HTTP_11
        && SOCKETS.contains(&request.path())
}
