//! The hosts that requests name, and which of them no other site can have (DNS rebinding).
//!
//! A site can point its own name to a server on this machine, so that browsers take the server for
//! a part of that site. Then the `Host` of the request is the name of the site.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::HOST;
use actix_web::http::uri::Authority;

/// Whether every host that the request names is on this machine or is the public host, and at
/// least one is named (RFC 9110, section 7.2).
pub fn is_for_own_host(request: &HttpRequest, public: Option<&str>) -> bool {
    let is_own = |authority: &str| is_own(authority, public);
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
    if !authority.as_str().strip_prefix(host).is_some_and(is_port) {
        return false;
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    is_loopback(host) || public.is_some_and(|public| host.eq_ignore_ascii_case(public))
}

/// Whether the text after a host is empty or a port (RFC 3986, section 3.2.3).
fn is_port(text: &str) -> bool {
    let digits = text.strip_prefix(':').unwrap_or(text);
    digits.is_empty()
        || (digits.len() < text.len()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && digits.parse::<u16>().is_ok())
}

/// Whether a host is `localhost` or a loopback address: names that always mean this machine.
pub fn is_loopback(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match address.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_localhost_and_loopback_addresses_are_loopback() {
        for host in ["localhost", "LocalHost", "localhost.", "127.0.0.1", "127.9.9.9", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example"] {
            assert!(!is_loopback(host), "{host}");
        }
        for host in ["0.0.0.0", "[::]", "192.0.2.1", "127.1", "2130706433", "shop.localhost"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn a_host_on_this_machine_is_the_server_s_own_on_any_port() {
        for host in ["localhost", "LOCALHOST:5000", "127.0.0.1:80", "127.8.9.1", "[::1]:5000"] {
            assert!(is_own(host, None), "{host}");
        }
        for host in ["", "evil.example", "evil.example:5000", "localhost@evil.example", "[::1"] {
            assert!(!is_own(host, None), "{host}");
        }
        for host in ["localhost:abc", "localhost:99999", "localhost:+80", "[::1]:x", "[::1]80"] {
            assert!(!is_own(host, None), "{host}");
        }
        for host in ["127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0", "192.0.2.1"] {
            assert!(!is_own(host, None), "{host}");
        }
    }

    #[test]
    fn the_public_host_is_the_server_s_own_on_any_port() {
        let public = Some("shop.example");
        for host in ["shop.example", "Shop.Example:8443", "shop.example.", "localhost"] {
            assert!(is_own(host, public), "{host}");
        }
        for host in ["www.shop.example", "shop.example.evil", "evil.example"] {
            assert!(!is_own(host, public), "{host}");
        }
    }
}
