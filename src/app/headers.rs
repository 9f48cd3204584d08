//! Headers of every response (OWASP Secure Headers Project), unless the response sets its own.

use actix_web::middleware::DefaultHeaders;

/// What pages may load, and which sites may frame them (CSP Level 3).
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'; object-src 'none'";

/// Returns the middleware that adds the headers.
///
/// No cache keeps a response that does not allow it: most depend on the user, and a refusal, a
/// redirect or a token would be wrong for the next one (RFC 9111, section 5.2.2.5).
pub(super) fn default_headers(public_origin: &str) -> DefaultHeaders {
    let headers = DefaultHeaders::new()
        .add(("content-security-policy", CONTENT_SECURITY_POLICY))
        .add(("x-content-type-options", "nosniff"))
        .add(("x-frame-options", "DENY"))
        .add(("referrer-policy", "same-origin"))
        .add(("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"))
        .add(("cross-origin-opener-policy", "same-origin"))
        .add(("cache-control", "no-store"));
    // A browser that has connected over TLS never falls back to plain HTTP (RFC 6797).
    if public_origin.starts_with("https://") {
        headers.add(("strict-transport-security", "max-age=31536000"))
    } else {
        headers
    }
}
