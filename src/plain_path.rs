//! Paths with one spelling, so that a proxy and the shop never read the same path differently.
//!
//! The router decodes escaped characters. A rule of a proxy for `/metrics` may therefore not match
//! `/%6Detrics`, which the shop would answer like `/metrics`.

use actix_web::dev::ServiceRequest;

use crate::error::Problem;
use crate::error::code::Code;

/// Refuses a request whose path has another, normal spelling (RFC 3986, section 6.2.2).
///
/// An escape of a character that a path cannot contain otherwise passes. No route matches it.
pub fn require_plain_path(request: &ServiceRequest) -> Result<(), Problem> {
    match find_fault(request.uri().path()) {
        Some(fault) => Err(Problem::because(Code::InvalidPath, fault)),
        None => Ok(()),
    }
}

/// Returns what is wrong with the spelling of a path, `None` if nothing is.
fn find_fault(path: &str) -> Option<&'static str> {
    if path.contains("//") {
        return Some("the path has an empty segment");
    }
    if path.contains('\\') {
        return Some("the path has a backslash");
    }
    if path.split('/').any(|segment| segment == "." || segment == "..") {
        return Some("the path has a dot segment");
    }
    path.split('%').skip(1).find_map(|escape| match decode(escape) {
        None => Some("a percent sign in the path is not followed by two hexadecimal digits"),
        Some(byte) if is_unreserved(byte) => {
            Some("the path escapes a character that needs no escape")
        }
        Some(_) => None,
    })
}

/// Returns the byte that the two hexadecimal digits at the beginning of a text stand for.
fn decode(escape: &str) -> Option<u8> {
    let digits = escape.get(..2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

/// Whether a character means the same whether or not it is escaped (RFC 3986, section 2.3).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_its_normal_spelling_has_no_fault() {
        for path in ["", "*", "/", "/metrics", "/static/shop-1.2_3~4.css", "/a.b/..c/...", "/a/"] {
            assert_eq!(find_fault(path), None, "{path}");
        }
        for path in ["/caf%C3%A9", "/a%20b", "/100%25", "/a%2Fb", "/%00", "/%5c", "/a:b@c,d;e=f"] {
            assert_eq!(find_fault(path), None, "{path}");
        }
    }

    #[test]
    fn a_path_with_another_spelling_has_a_fault() {
        for path in
            ["/%6detrics", "/%6Detrics", "/metric%73", "/%2e%2E/a", "/a%2D1", "/%7e", "/%30"]
        {
            let fault = find_fault(path);
            assert_eq!(fault, Some("the path escapes a character that needs no escape"), "{path}");
        }
        for path in ["//", "//metrics", "/api//cart", "/a/./b", "/..", "/a/../metrics", "/a\\b"] {
            assert!(find_fault(path).is_some(), "{path}");
        }
        for path in ["/%", "/%4", "/%zz", "/%+1", "/a%é"] {
            assert!(find_fault(path).is_some(), "{path}");
        }
    }
}
