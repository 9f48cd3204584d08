//! `HEAD`, answered wherever `GET` is.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::body::{BodySize, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ALLOW, HeaderMap, HeaderValue, UPGRADE};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Bytes;

/// The body that a response to `HEAD` does not send.
pub struct Unsent(BodySize);

/// Answers `HEAD` like `GET`, without the body (RFC 9110, section 9.3.2).
pub async fn answer_head<Body: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<Body>,
) -> Result<ServiceResponse<EitherBody<Body, Unsent>>, Error> {
    let is_head = request.method() == Method::HEAD;
    if is_head {
        let head = request.head_mut();
        head.method = Method::GET;
        // Only GET opens a WebSocket (RFC 6455, section 4.1).
        head.headers_mut().remove(UPGRADE);
    }
    let mut response = next.call(request).await?;
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        allow_head(response.headers_mut());
    }
    Ok(response.map_body(|_, body| match is_head {
        true => EitherBody::right(Unsent(body.size())),
        false => EitherBody::left(body),
    }))
}

/// Adds `HEAD` to the allowed methods of a resource that allows `GET`.
fn allow_head(headers: &mut HeaderMap) {
    let allowed = headers.get(ALLOW).and_then(|allowed| allowed.to_str().ok());
    let reads = allowed.filter(|allowed| allowed.split(", ").any(|method| method == "GET"));
    let Some(allowed) = reads.map(|allowed| format!("{allowed}, HEAD")) else { return };
    if let Ok(allowed) = HeaderValue::from_str(&allowed) {
        headers.insert(ALLOW, allowed);
    }
}

/// actix-http sends no body either, unless the client has already sent its next request: it then
/// encodes the response as one to that request. Without a body the connection ends instead.
impl MessageBody for Unsent {
    type Error = Infallible;

    /// Returns the size for `Content-Length`, if it is known before the body is sent.
    fn size(&self) -> BodySize {
        match self.0 {
            BodySize::Stream => BodySize::None,
            size => size,
        }
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        Poll::Ready(None)
    }
}
