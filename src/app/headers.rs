//! Headers of every response (OWASP Secure Headers Project), unless the response sets its own.

use actix_web::middleware::DefaultHeaders;

use crate::config::sections::ServerConfig;

/// What pages may load, and which sites may frame them (CSP Level 3).
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'; object-src 'none'";

/// Returns what makes browsers that have connected over TLS never fall back to plain HTTP (RFC
/// 6797); `None` if the shop has no `https` origin.
pub(super) fn strict_transport_security(server: &ServerConfig) -> Option<&'static str> {
    match (server.public_origin.starts_with("https://"), server.hsts_include_subdomains) {
        (false, _) => None,
        (true, false) => Some("max-age=31536000"),
        (true, true) => Some("max-age=31536000; includeSubDomains"),
    }
}

/// Returns the middleware that adds the headers.
///
/// No cache keeps a response that does not allow it: most depend on the user, and a refusal, a
/// redirect or a token would be wrong for the next one (RFC 9111, section 5.2.2.5).
pub(super) fn default_headers(strict_transport_security: Option<&str>) -> DefaultHeaders {
    let headers = DefaultHeaders::new()
        .add(("content-security-policy", CONTENT_SECURITY_POLICY))
        .add(("x-content-type-options", "nosniff"))
        .add(("x-frame-options", "DENY"))
        .add(("referrer-policy", "same-origin"))
        .add(("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"))
        .add(("cross-origin-opener-policy", "same-origin"))
        .add(("cache-control", "no-store"));
    match strict_transport_security {
        Some(policy) => headers.add(("strict-transport-security", policy)),
        None => headers,
    }
}
