//! Protection against requests from other sites (OWASP CSRF Prevention Cheat Sheet).

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest};

use crate::error::Problem;
use crate::error::code::Code;
use crate::state::app_state;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses an unsafe request unless it comes from one of the shop's own pages. Safe methods change
/// nothing (RFC 9110, section 9.2.1) and always pass.
pub async fn same_origin(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.method().is_safe() || is_from_own_page(request.request()) {
        next.call(request).await
    } else {
        Ok(request.error_response(Problem::new(Code::CrossOrigin)))
    }
}

/// Whether the request comes from one of the shop's own pages, according to the browser.
///
/// Browsers send `Sec-Fetch-Site` or at least `Origin`. A request with neither must not carry
/// cookies, so that it acts for no user.
fn is_from_own_page(request: &HttpRequest) -> bool {
    match header(request, &SEC_FETCH_SITE) {
        Some(site) => site == "same-origin" || site == "none",
        None => is_own_origin(request)
            .unwrap_or_else(|| request.cookies().is_ok_and(|cookies| cookies.is_empty())),
    }
}

/// Whether the handshake of a socket comes from one of the shop's own pages or from a program.
///
/// Browsers always send the `Origin`. Without it, only a request that acts for no user by cookie is
/// allowed: a guest's, or one with an access token, which no page of another site can add.
pub fn may_open_socket(request: &HttpRequest) -> bool {
    let is_program = request.headers().contains_key(AUTHORIZATION);
    match is_own_origin(request) {
        Some(is_own) => is_own,
        None => is_program || is_from_own_page(request),
    }
}

/// Whether the `Origin` of the request is the shop's own, or `None` if there is no such header.
///
/// Without a configured `server.public_origin`, the origin must match the `Host` header.
fn is_own_origin(request: &HttpRequest) -> Option<bool> {
    let origin = header(request, &ORIGIN)?;
    let configured = app_state(request).public_origin.as_str();
    if !configured.is_empty() {
        return Some(origin == configured);
    }
    let host = header(request, &HOST)?;
    Some(origin.split_once("://").is_some_and(|(_, authority)| authority == host))
}

/// Returns an error unless the handshake of a socket [may open](may_open_socket) it.
pub fn require_own_origin(request: &HttpRequest) -> Result<(), Problem> {
    if may_open_socket(request) { Ok(()) } else { Err(Problem::new(Code::CrossOrigin)) }
}

/// Returns whether the request comes from another origin that may use the API; an error if it comes
/// from an origin that may not.
///
/// A browser sends the shop's cookies with the request of another origin on the same site. The
/// request must not act by them.
pub fn is_allowed_foreign_origin(request: &HttpRequest) -> Result<bool, Problem> {
    let own = require_own_origin(request);
    let origin = header(request, &ORIGIN);
    let is_allowed = origin.is_some_and(|origin| app_state(request).cors_origins.contains(origin));
    match own {
        Ok(()) => Ok(false),
        Err(_) if is_allowed => Ok(true),
        Err(problem) => Err(problem),
    }
}

/// Returns the `Origin` of the request and that of the shop's own pages, for the log.
pub fn received_and_expected(request: &HttpRequest) -> (&str, String) {
    let origin = header(request, &ORIGIN).unwrap_or_default();
    let configured = &app_state(request).public_origin;
    let expected = match header(request, &HOST) {
        Some(host) if configured.is_empty() => format!("http(s)://{host}"),
        _ => configured.clone(),
    };
    (origin, expected)
}

fn header<'a>(request: &'a HttpRequest, name: &HeaderName) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}
