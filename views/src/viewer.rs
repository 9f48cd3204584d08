//! The visitor of a page.

use domain::user::Role;

use crate::locale::Locale;

/// Everything about a request that the frame of a page depends on.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// The language of the page.
    pub locale: Locale,
    /// The signed-in user, or `None` for a guest.
    pub account: Option<Account>,
    /// The number of units in the visitor's cart.
    pub cart_count: u32,
    /// The id of the last event that the page reflects; its socket continues from there.
    pub event: u64,
    /// The path and query of the page, to return to it after signing in or changing the language.
    pub path: String,
    /// Whether the administrator still has the default password.
    pub default_password: bool,
    /// Returns the address of a static file, which contains a hash of its content.
    pub asset: fn(&str) -> String,
}

/// A signed-in user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The user name.
    pub username: String,
    /// The role, which decides what the navigation shows.
    pub role: Role,
}
