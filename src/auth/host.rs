//! Protection against DNS rebinding: a site that points its own name to the shop, so that browsers
//! take the shop for a part of that site.
//!
//! A shop on loopback trusts its visitor with a default password, so it answers only to names that
//! no other site can have.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::HOST;
use actix_web::http::uri::Authority;
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest};

use crate::config::origin;
use crate::error::Problem;
use crate::error::code::Code;
use crate::state::app_state;

/// Refuses a request for a host that is not the shop's (RFC 9110, section 7.4), if the shop is on
/// loopback.
pub async fn require_own_host(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if !app_state(request.request()).on_loopback || is_for_own_host(request.request()) {
        return next.call(request).await;
    }
    let detail = "on a loopback address the shop answers to the hosts localhost, 127.0.0.0/8 and \
                  [::1]; set server.public_origin to the origin that browsers use to add its host";
    Ok(request.error_response(Problem::because(Code::MisdirectedRequest, detail)))
}

/// Whether every host that the request names is one of the shop's, and at least one is named.
fn is_for_own_host(request: &HttpRequest) -> bool {
    let public = origin::host(&app_state(request).public_origin);
    let is_own = |authority: &str| is_own(authority, public.as_deref());
    let mut headers = request.headers().get_all(HOST).peekable();
    let target = request.uri().authority();
    (headers.peek().is_some() || target.is_some())
        && headers.all(|host| host.to_str().is_ok_and(is_own))
        && target.is_none_or(|target| is_own(target.as_str()))
}

/// Whether a host, with or without a port, is on this machine or is the public host.
fn is_own(authority: &str, public: Option<&str>) -> bool {
    let Ok(authority) = authority.parse::<Authority>() else { return false };
    if authority.as_str().contains('@') {
        return false;
    }
    let host = authority.host();
    let host = host.strip_suffix('.').unwrap_or(host);
    origin::is_loopback(host) || public.is_some_and(|public| host.eq_ignore_ascii_case(public))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_on_this_machine_is_the_shop_s_own_on_any_port() {
        for host in ["localhost", "LOCALHOST:5000", "127.0.0.1:80", "127.8.9.1", "[::1]:5000"] {
            assert!(is_own(host, None), "{host}");
        }
        for host in ["", "evil.example", "evil.example:5000", "localhost@evil.example", "[::1"] {
            assert!(!is_own(host, None), "{host}");
        }
        for host in ["127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0", "192.0.2.1"] {
            assert!(!is_own(host, None), "{host}");
        }
    }

    #[test]
    fn the_public_host_is_the_shop_s_own_on_any_port() {
        let public = Some("shop.example");
        for host in ["shop.example", "Shop.Example:8443", "shop.example.", "localhost"] {
            assert!(is_own(host, public), "{host}");
        }
        for host in ["www.shop.example", "shop.example.evil", "evil.example"] {
            assert!(!is_own(host, public), "{host}");
        }
    }
}
