//! The shop's cookies (RFC 6265bis): names, flags and how to take them back.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite};

/// A cookie of the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// Proves a browser session.
    Session,
    /// Names the cart of a visitor who is not signed in.
    Guest,
    /// The language chosen.
    Language,
}

/// How the shop sets cookies.
#[derive(Debug, Clone, Copy)]
pub struct Cookies {
    /// Whether they are sent over TLS only.
    pub secure: bool,
}

impl Cookies {
    /// The value of a cookie, if the request carries it.
    pub fn get(self, request: &HttpRequest, name: Name) -> Option<String> {
        request.cookie(self.name(name)).map(|cookie| cookie.value().to_owned())
    }

    /// A cookie that the browser keeps until it is closed, and no script can read.
    pub fn set(self, name: Name, value: String) -> Cookie<'static> {
        Cookie::build(self.name(name), value)
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.secure)
            .finish()
    }

    /// A cookie that makes the browser forget the one of that name.
    pub fn forget(self, name: Name) -> Cookie<'static> {
        let mut cookie = self.set(name, String::new());
        cookie.make_removal();
        cookie
    }

    /// Whether a cookie is the one of that name.
    pub fn is(self, cookie: &Cookie<'_>, name: Name) -> bool {
        cookie.name() == self.name(name)
    }

    /// The prefix keeps other hosts of the domain from setting it.
    fn name(self, name: Name) -> &'static str {
        match (name, self.secure) {
            (Name::Session, true) => "__Host-session",
            (Name::Session, false) => "session",
            (Name::Guest, true) => "__Host-guest",
            (Name::Guest, false) => "guest",
            (Name::Language, true) => "__Host-language",
            (Name::Language, false) => "language",
        }
    }
}
