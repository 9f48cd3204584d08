//! What HTTP asks of every read, whatever its resource: `HEAD`, and conditions on the entity tag.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ALLOW, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_MATCH,
    IF_NONE_MATCH,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage, HttpResponse};

use crate::error::Problem;
use crate::error::code::Code;
use crate::etag::Condition;
use crate::upgrade::IsHead;

/// The body that a response to `HEAD` does not send.
pub struct Unsent(BodySize);

/// Answers `HEAD` like `GET`, without the body (RFC 9110, section 9.3.2).
pub async fn answer_head<Body: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<Body>,
) -> Result<ServiceResponse<EitherBody<Body, Unsent>>, Error> {
    let is_head = request.method() == Method::HEAD;
    if is_head {
        request.head_mut().method = Method::GET;
        request.extensions_mut().insert(IsHead);
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

/// Evaluates the conditions of a read against the entity tag of its response (RFC 9110, section
/// 13.2.2).
pub async fn answer_conditions(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let response = next.call(request).await?;
    let is_read = response.request().method() == Method::GET;
    Ok(if is_read && response.status() == StatusCode::OK {
        apply_conditions(response)
    } else {
        response
    })
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

/// Replaces the response by 304 if the client has it already, or by 412 if it wants another one.
fn apply_conditions(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let etag = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok());
    let Some(etag) = etag else { return response };
    let headers = response.request().headers();
    let required = Condition::read(headers, IF_MATCH);
    if required.is_some_and(|required| !required.matches_strongly(etag)) {
        let problem = Problem::new(Code::PreconditionFailed);
        return response.into_response(HttpResponse::from_error(problem));
    }
    match Condition::read(headers, IF_NONE_MATCH) {
        Some(known) if known.matches_weakly(etag) => not_modified(response),
        _ => response,
    }
}

/// Removes the content, and the headers that describe only it (section 15.4.5).
fn not_modified(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let mut headers = response.headers().clone();
    for content in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING] {
        headers.remove(content);
    }
    let mut response = response.into_response(HttpResponse::NotModified().finish());
    for (name, value) in headers {
        response.headers_mut().append(name, value);
    }
    response
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
