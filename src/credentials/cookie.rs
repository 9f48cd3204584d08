//! The shop's cookies: their names and attributes, and how to remove them (RFC 6265bis).

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::Uri;
use actix_web::http::header::{COOKIE, HOST};

/// A cookie of the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieName {
    /// The secret of a browser session.
    Session,
    /// The secret of the cart of a visitor who is not signed in.
    Guest,
    /// The language that the visitor has chosen.
    Language,
    /// The outcome of the last command, until a page shows it.
    Notice,
    /// The last event that the browser may have seen.
    Position,
    /// What was typed into the form to sign in.
    SignInDraft,
    /// What was typed into the form to register.
    RegistrationDraft,
    /// What was typed into the form of the checkout.
    CheckoutDraft,
    /// Why the form to change the password was refused.
    PasswordDraft,
    /// Why the form to set a password by a link was refused.
    ResetDraft,
    /// What was typed into the form to add a user.
    UserDraft,
    /// What was typed into the form to add an article.
    NewArticleDraft,
    /// What was typed into a form that changes an article.
    ArticleDraft,
}

/// Reads the shop's cookies.
#[derive(Debug, Clone)]
pub struct Cookies {
    /// Whether browsers send the cookies over TLS only.
    secure: bool,
    /// The port of the configured origin, `None` if it is the default one; `None` outside if no
    /// origin is configured.
    public_port: Option<Option<u16>>,
}

/// Builds the cookies of one browser.
#[derive(Debug, Clone, Copy)]
pub struct BrowserCookies {
    secure: bool,
    /// The port in the URLs of the browser; `None` if it is the default one.
    port: Option<u16>,
}

impl Cookies {
    /// Creates the cookies of a shop; `public_origin` is empty if it is not configured.
    pub fn new(secure: bool, public_origin: &str) -> Self {
        let uri = public_origin.parse::<Uri>().ok();
        Self {
            secure,
            public_port: uri.filter(|uri| uri.host().is_some()).map(|uri| uri.port_u16()),
        }
    }

    /// Returns the value of a cookie, or `None` if the request does not carry it.
    pub fn get(&self, request: &HttpRequest, name: CookieName) -> Option<String> {
        // Most requests of programs have no cookie at all.
        request.headers().get(COOKIE)?;
        request.cookie(&self.of(request).full_name(name)).map(|cookie| cookie.value().to_owned())
    }

    /// Returns the cookies as the browser of a request names them.
    pub fn of(&self, request: &HttpRequest) -> BrowserCookies {
        let host = || request.headers().get(HOST)?.to_str().ok()?.rsplit_once(':')?.1.parse().ok();
        BrowserCookies { secure: self.secure, port: self.public_port.unwrap_or_else(host) }
    }
}

impl BrowserCookies {
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

    /// Returns the name in the HTTP headers.
    ///
    /// Browsers accept a cookie with the prefix `__Host-` only from the host that it is sent to,
    /// not from another host of the same domain. Without TLS the name contains the port that the
    /// browser connects to: browsers send a cookie to every port of its host (RFC 6265, section
    /// 8.5), and other programs on this machine may have a cookie with the name `session`.
    fn full_name(self, name: CookieName) -> String {
        let name = match name {
            CookieName::Session => "session",
            CookieName::Guest => "guest",
            CookieName::Language => "language",
            CookieName::Notice => "notice",
            CookieName::Position => "position",
            CookieName::SignInDraft => "draft-sign-in",
            CookieName::RegistrationDraft => "draft-registration",
            CookieName::CheckoutDraft => "draft-checkout",
            CookieName::PasswordDraft => "draft-password",
            CookieName::ResetDraft => "draft-reset",
            CookieName::UserDraft => "draft-user",
            CookieName::NewArticleDraft => "draft-new-article",
            CookieName::ArticleDraft => "draft-article",
        };
        match self.port {
            _ if self.secure => format!("__Host-{name}"),
            Some(port) => format!("{name}-{port}"),
            None => name.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_name_contains_the_port_that_the_browser_connects_to() {
        let name = |secure, public_origin: &str, host| {
            let request = TestRequest::get().insert_header((HOST, host)).to_http_request();
            Cookies::new(secure, public_origin).of(&request).full_name(CookieName::Session)
        };
        assert_eq!(name(false, "", "localhost:5000"), "session-5000");
        assert_eq!(name(false, "", "[::1]:5001"), "session-5001");
        assert_eq!(name(false, "", "localhost"), "session");
        assert_eq!(name(false, "", "localhost:x"), "session");
        assert_eq!(name(false, "http://localhost:8080", "localhost:5000"), "session-8080");
        assert_eq!(name(false, "http://localhost", "localhost:5000"), "session");
        assert_eq!(name(true, "", "localhost:5000"), "__Host-session");
        assert_eq!(name(true, "https://shop.example:8443", "shop.example"), "__Host-session");
    }
}
