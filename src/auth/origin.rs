//! Whether a request comes from one of the shop's own pages (OWASP CSRF Prevention Cheat Sheet).

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HOST, HeaderName, ORIGIN};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest};

use crate::error::{Code, Problem};
use crate::state::state;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses what changes something unless one of the shop's own pages asks for it.
pub async fn same_origin(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.method().is_safe() || is_own(request.request()) {
        next.call(request).await
    } else {
        Ok(request.error_response(Problem::new(Code::CrossOrigin)))
    }
}

/// Whether the browser says that one of the shop's own pages makes the request.
///
/// A request that says nothing comes from no browser of this decade; without cookies it can do no harm.
pub fn is_own(request: &HttpRequest) -> bool {
    match text(request, &SEC_FETCH_SITE) {
        Some(state) => state == "same-origin" || state == "none",
        None => is_own_origin(request)
            .unwrap_or_else(|| request.cookies().is_ok_and(|cookies| cookies.is_empty())),
    }
}

/// Whether the origin that the request names is the shop's own, if it names one.
pub fn is_own_origin(request: &HttpRequest) -> Option<bool> {
    let origin = text(request, &ORIGIN)?;
    let configured = state(request).public_origin.as_str();
    if !configured.is_empty() {
        return Some(origin == configured.trim_end_matches('/'));
    }
    let host = text(request, &HOST)?;
    Some(origin.split_once("://").is_some_and(|(_, authority)| authority == host))
}

fn text<'a>(request: &'a HttpRequest, name: &HeaderName) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}
