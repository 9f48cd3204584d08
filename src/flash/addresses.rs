//! The pages that commands and redirects lead to.

use actix_web::http::header::{ACCEPT, HeaderName, LOCATION, REFERER};
use actix_web::{HttpRequest, HttpResponse};

/// The header with the address of the page that sent a request of htmx.
const CURRENT_URL: HeaderName = HeaderName::from_static("hx-current-url");

/// Returns the page with the form of a command, for a command whose address is not a page.
///
/// The buttons that add an article are on several pages.
pub fn page_of_command(request: &HttpRequest) -> Option<String> {
    let segments: Vec<_> = request.path().split('/').skip(1).collect();
    let page = match segments.as_slice() {
        ["cart", "add", _] | ["language"] => return Some(referring_page(request)),
        ["cart", "update" | "remove", _] | ["cart", "clear"] => "/cart",
        ["orders", id, "pay" | "cancel"] => return Some(format!("/orders/{id}")),
        ["account", "password"] | ["account", "sessions", ..] => "/account",
        ["admin", "orders", "ship"] => "/admin/orders",
        ["admin", "orders", id, "ship" | "deliver" | "refund" | "cancel" | "note"] => {
            return Some(format!("/admin/orders/{id}"));
        }
        ["admin", "articles", "change" | "duplicate" | "picture" | "remove", _] => {
            return Some(desk_page(&referring_page(request)));
        }
        ["admin", "articles", "add" | "import"] => "/admin/articles",
        ["admin", "payments", _] => "/admin/payments",
        ["admin", "system", ..] => "/admin/system",
        ["admin", "users", "add"] | ["admin", "users", "delete", _] => "/admin/users",
        ["admin", "users", id, "role" | "reset-link" | "sign-out"] => {
            return Some(format!("/admin/users/{id}"));
        }
        _ => return None,
    };
    Some(page.to_owned())
}

/// Returns the page if it is one of the articles of the desk, else their list.
fn desk_page(page: &str) -> String {
    let list = "/admin/articles";
    if page.starts_with(list) { page.to_owned() } else { list.to_owned() }
}

/// Whether the client asks for a page, as browsers do and programs do not.
pub fn accepts_html(request: &HttpRequest) -> bool {
    let accepted = request.headers().get(ACCEPT).and_then(|types| types.to_str().ok());
    accepted.is_some_and(|types| types.contains("text/html"))
}

/// Returns the path of the page that sent the form, or `/` if it is unknown.
pub fn referring_page(request: &HttpRequest) -> String {
    local_path(path_in(request, &REFERER).as_deref())
}

/// Returns the path of the open page that sent a request of htmx, or `/` if it is unknown.
pub fn open_page(request: &HttpRequest) -> String {
    local_path(path_in(request, &CURRENT_URL).as_deref())
}

/// Returns the path if it leads to a page of the shop, else `/` (OWASP Unvalidated Redirects and
/// Forwards Cheat Sheet).
pub fn local_path(path: Option<&str>) -> String {
    let is_local = |path: &&str| {
        let leaves_site =
            path.starts_with("//") || path.contains('\\') || path.chars().any(char::is_control);
        path.starts_with('/') && !leaves_site && path.is_ascii()
    };
    path.filter(is_local).unwrap_or("/").to_owned()
}

/// Redirects to a page of the shop (303, RFC 9110, section 15.4.4).
pub fn see_other(page: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, page)).finish()
}

/// Returns the path and the query of the address in a header.
fn path_in(request: &HttpRequest, header: &HeaderName) -> Option<String> {
    let address = request.headers().get(header)?.to_str().ok()?;
    let (_, path) = address.split_once("://")?.1.split_once('/')?;
    Some(format!("/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_outside_the_shop_is_replaced_by_the_home_page() {
        assert_eq!(local_path(Some("/cart?x=1")), "/cart?x=1");
        for foreign in
            ["//evil.example", "https://evil.example", "/\\evil.example", "cart", "/a\r\nb", ""]
        {
            assert_eq!(local_path(Some(foreign)), "/", "{foreign:?}");
        }
    }
}
