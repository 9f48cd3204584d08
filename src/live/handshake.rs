//! The handshake of a WebSocket, checked as RFC 6455, section 4.2.1, requires.

use actix_web::HttpRequest;
use actix_web::http::Version;
use actix_web::http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderName, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
    TRANSFER_ENCODING, UPGRADE,
};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::error::Problem;
use crate::error::code::Code;
use crate::upgrade::{PROTOCOL, VERSION};

/// The length of a decoded `Sec-WebSocket-Key`.
const KEY_BYTES: usize = 16;

/// Returns an error unless the request is a handshake of the only version.
pub(super) fn check(request: &HttpRequest) -> Result<(), Problem> {
    let fault = if request.version() != Version::HTTP_11 {
        Some("the handshake must have the version HTTP/1.1")
    } else if only(request, HOST).is_none() {
        Some("the handshake must have one header Host")
    } else if has_body(request) {
        Some("the handshake must have no body")
    } else if !only(request, UPGRADE).is_some_and(|name| name.eq_ignore_ascii_case(PROTOCOL)) {
        Some("the handshake must have the header Upgrade: websocket")
    } else if !is_in_list(request, CONNECTION, "upgrade")
        || is_in_list(request, CONNECTION, "close")
    {
        Some("the header Connection of the handshake must contain Upgrade and not close")
    } else if only(request, SEC_WEBSOCKET_VERSION) != Some(VERSION) {
        return Err(Problem::because(Code::WebsocketVersion, "the only version is 13"));
    } else if !only(request, SEC_WEBSOCKET_KEY).is_some_and(is_key) {
        Some("the handshake must have one Sec-WebSocket-Key, the base64 of 16 bytes")
    } else {
        None
    };
    fault.map_or(Ok(()), |fault| Err(Problem::because(Code::InvalidUpgrade, fault)))
}

/// Returns the value of a header; `None` if it is missing, repeated or no text.
fn only(request: &HttpRequest, name: HeaderName) -> Option<&str> {
    let mut values = request.headers().get_all(name);
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Whether a header that is a list, in one or more lines, contains a token.
fn is_in_list(request: &HttpRequest, name: HeaderName, token: &str) -> bool {
    let lists = request.headers().get_all(name).filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|entry| entry.trim().eq_ignore_ascii_case(token))
}

/// Whether a request announces a body. actix would read it as frames, and a proxy as a body.
fn has_body(request: &HttpRequest) -> bool {
    let headers = request.headers();
    headers.contains_key(TRANSFER_ENCODING)
        || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
}

fn is_key(key: &str) -> bool {
    BASE64_STANDARD.decode(key).is_ok_and(|key| key.len() == KEY_BYTES)
}
