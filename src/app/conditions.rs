//! The conditions of a read on the entity tag of its response, whatever its resource.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};

use crate::error::Problem;
use crate::error::code::Code;
use crate::etag::Condition;

/// Evaluates the conditions of a read against the entity tag of its response (RFC 9110, section
/// 13.2.2).
pub(super) async fn answer_conditions(
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
