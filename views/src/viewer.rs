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
    /// For whom the page is rendered: a user, a guest, or a new visitor.
    pub tag: String,
    /// The number of units in the visitor's cart.
    pub cart_count: u32,
    /// The id of the last event that the page reflects; its socket continues from there.
    pub event: u64,
    /// The path and query of the page, to return to it after signing in or changing the language.
    pub path: String,
    /// The outcome of the last command, if it was not shown yet.
    pub notice: Option<(Notice, String)>,
    /// Whether to warn the visitor that the first administrator still has the default password.
    pub default_password: bool,
}

/// The kind of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The command succeeded.
    Success,
    /// The command was refused.
    Error,
}

/// A signed-in user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The user name.
    pub username: String,
    /// The role, which decides what the navigation shows.
    pub role: Role,
}
