//! The field of a JSON body or a form that a problem is about, as a JSON pointer (RFC 6901).

use actix_web::http::Method;

use super::code::Code;

/// Returns the field that a code is about on a route, such as `/api/cart/items`, if it is about
/// one. A code that is about different fields names them itself ([`super::Problem::about`]).
pub(super) fn field(code: Code, method: &Method, route: &str) -> Option<&'static str> {
    // Other methods have no body; their codes are about the resource.
    if ![Method::POST, Method::PUT, Method::PATCH].contains(method) {
        return None;
    }
    match (code, route) {
        (Code::ArticleNotFound | Code::ArticleUnavailable, "/api/cart/items") => {
            Some("/article_id")
        }
        (Code::TooManyArticles, "/api/cart/items") => Some("/article_id"),
        (Code::QuantityOutOfRange | Code::TooManyUnits, _) => Some("/quantity"),
        (Code::CartChanged, _) => Some("/cart_version"),
        (Code::TotalChanged, _) => Some("/expected_total_cents"),
        (Code::BelowReserved, _) => Some("/on_hand"),
        (Code::InvalidUsername | Code::UsernameTaken, _) => Some("/username"),
        (Code::InvalidEmail, _) => Some("/email"),
        (Code::LastAdmin, _) => Some("/role"),
        (Code::WrongPassword, _) => Some("/current_password"),
        (Code::InvalidResetLink, _) => Some("/token"),
        (
            Code::PasswordLength
            | Code::PasswordCommon
            | Code::PasswordPersonal
            | Code::PasswordBreached
            | Code::OwnPassword,
            route,
        ) => Some(if is_change(route) { "/new_password" } else { "/password" }),
        (Code::InvalidToken, "/auth/refresh") => Some("/refresh_token"),
        _ => None,
    }
}

/// Whether a route takes a new password of a user who has one.
fn is_change(route: &str) -> bool {
    route.ends_with("/password") || route == "/auth/reset" || route.starts_with("/reset/")
}
