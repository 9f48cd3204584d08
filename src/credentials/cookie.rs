//! The shop's cookies: their names and attributes, and how to remove them (RFC 6265bis).

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite};

/// A cookie of the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieName {
    /// The secret of a browser session.
    Session,
    /// The secret of the cart of a visitor who is not signed in.
    Guest,
    /// The language that the visitor has chosen.
    Language,
}

/// Reads and builds the shop's cookies.
#[derive(Debug, Clone, Copy)]
pub struct Cookies {
    /// Whether browsers send the cookies over TLS only.
    pub secure: bool,
}

impl Cookies {
    /// Returns the value of a cookie, or `None` if the request does not carry it.
    pub fn get(self, request: &HttpRequest, name: CookieName) -> Option<String> {
        request.cookie(self.full_name(name)).map(|cookie| cookie.value().to_owned())
    }

    /// Builds a cookie that lasts until the browser is closed and that scripts cannot read.
    pub fn build(self, name: CookieName, value: String) -> Cookie<'static> {
        Cookie::build(self.full_name(name), value)
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.secure)
            .finish()
    }

    /// Builds a cookie that makes the browser delete its cookie of that name.
    pub fn build_removal(self, name: CookieName) -> Cookie<'static> {
        let mut cookie = self.build(name, String::new());
        cookie.make_removal();
        cookie
    }

    /// Whether a cookie has that name.
    pub fn is_named(self, cookie: &Cookie<'_>, name: CookieName) -> bool {
        cookie.name() == self.full_name(name)
    }

    /// Returns the name in the HTTP headers. Browsers accept a cookie with the prefix `__Host-`
    /// only from the host that it is sent to, not from another host of the same domain.
    fn full_name(self, name: CookieName) -> &'static str {
        match (name, self.secure) {
            (CookieName::Session, true) => "__Host-session",
            (CookieName::Session, false) => "session",
            (CookieName::Guest, true) => "__Host-guest",
            (CookieName::Guest, false) => "guest",
            (CookieName::Language, true) => "__Host-language",
            (CookieName::Language, false) => "language",
        }
    }
}
