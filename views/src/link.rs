//! Addresses with another address in their query.

use domain::user::UserId;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The characters that a value in a query must encode (RFC 3986, sections 2.3 and 3.4).
const RESERVED: AsciiSet =
    NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Returns a text as a value in a query.
pub(crate) fn query_value(text: &str) -> String {
    utf8_percent_encode(text, &RESERVED).to_string()
}

/// Returns the address of the form to sign in, which leads to the path `then` afterwards.
pub fn sign_in(then: &str) -> String {
    format!("/login?then={}", query_value(then))
}

/// Returns the address of the form to register, which leads to the path `then` afterwards.
pub(crate) fn registration(then: &str) -> String {
    format!("/register?then={}", query_value(then))
}

/// Returns the address of the list of the articles that a search finds.
pub(crate) fn stock(search: &str) -> String {
    found("/admin/articles", search)
}

/// Returns the address of the list of the users that a search finds.
pub(crate) fn users(search: &str) -> String {
    found("/admin/users", search)
}

/// Returns the address of the page of this list that starts after a user.
pub fn users_after(search: &str, after: Option<UserId>) -> String {
    let list = users(search);
    let sign = if search.is_empty() { '?' } else { '&' };
    after.map_or(list.clone(), |after| format!("{list}{sign}after={after}"))
}

fn found(list: &str, search: &str) -> String {
    if search.is_empty() {
        return list.to_owned();
    }
    format!("{list}?q={}", query_value(search))
}
