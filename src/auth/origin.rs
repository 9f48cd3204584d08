//! Protection against requests from other sites (OWASP CSRF Prevention Cheat Sheet).

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HOST, HeaderName, ORIGIN};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest};

use super::bearer;
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

/// Returns an error unless the handshake of a page's socket comes from one of the shop's own pages.
///
/// Browsers always send the `Origin`. Without it, only a guest's request is allowed: it acts for no
/// user by cookie.
pub fn require_own_origin(request: &HttpRequest) -> Result<(), Problem> {
    let is_own = is_own_origin(request).unwrap_or_else(|| is_from_own_page(request));
    if is_own { Ok(()) } else { Err(Problem::new(Code::CrossOrigin)) }
}

/// Returns whether the handshake of a program's socket comes from another origin that may use the
/// API; an error if it comes from an origin that may not.
///
/// A browser sends the shop's cookies with the request of another origin on the same site. The
/// socket must not act by them. Without an `Origin`, a request with an access token is allowed too:
/// the socket acts by that token only, and no page of another site can send such a request.
pub fn is_allowed_foreign_origin(request: &HttpRequest) -> Result<bool, Problem> {
    match (require_own_origin(request), header(request, &ORIGIN)) {
        (Ok(()), _) => Ok(false),
        (Err(_), None) if bearer::has_socket_token(request) => Ok(false),
        (Err(_), Some(origin)) if app_state(request).cors_origins.contains(origin) => Ok(true),
        (Err(problem), _) => Err(problem),
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
    let host = header(request, &HOST).unwrap_or_default();
    // Browsers send the host in lower case in both headers, other clients as it was typed.
    let is_host = |(_, authority): (&str, &str)| authority.eq_ignore_ascii_case(host);
    Some(origin.split_once("://").is_some_and(is_host))
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

/// Returns the origin of the shop's own pages, for a link that a user opens elsewhere: the
/// configured one, or the one that the request was sent to.
pub fn own(request: &HttpRequest) -> String {
    let configured = &app_state(request).public_origin;
    if !configured.is_empty() {
        return configured.clone();
    }
    let connection = request.connection_info().clone();
    format!("{}://{}", connection.scheme(), header(request, &HOST).unwrap_or_default())
}

/// Returns the value of a header; an empty text, which is the value of no shop and no browser, if
/// it is not ASCII or occurs several times.
fn header<'a>(request: &'a HttpRequest, name: &HeaderName) -> Option<&'a str> {
    let mut values = request.headers().get_all(name);
    let value = values.next()?;
    let is_only = values.next().is_none();
    Some(value.to_str().ok().filter(|_| is_only).unwrap_or_default())
}
