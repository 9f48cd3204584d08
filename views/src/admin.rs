//! The owner's desk: the pages of administrators.

use domain::user::Role;
use maud::{Markup, html};

use crate::viewer::Viewer;

pub mod article;
pub mod event;
pub mod order;
pub mod payment;
pub mod system;
pub mod today;
pub mod user;

/// The pages of the desk, each with the key of its name.
const PAGES: [(&str, &str); 7] = [
    ("/admin", "page-today"),
    ("/admin/orders", "page-desk-orders"),
    ("/admin/articles", "page-stock"),
    ("/admin/payments", "page-payments"),
    ("/admin/users", "page-users"),
    ("/admin/events", "page-events"),
    ("/admin/system", "page-system"),
];

/// Returns whether an administrator looks at a page of the desk.
pub(crate) fn is_on_desk(viewer: &Viewer) -> bool {
    let is_admin = viewer.account.as_ref().is_some_and(|account| account.role == Role::Admin);
    is_admin && viewer.path.starts_with("/admin")
}

/// Returns the navigation of the desk on its pages, and nothing on others.
pub(crate) fn navigation(viewer: &Viewer) -> Markup {
    html! {
        @if is_on_desk(viewer) {
            nav.desk aria-label=(viewer.locale.text("admin-navigation")) {
                @for (href, name) in PAGES {
                    @let current = is_current(&viewer.path, href).then_some("page");
                    a href=(href) aria-current=[current] { (viewer.locale.text(name)) }
                }
            }
        }
    }
}

/// Returns whether a path with its query leads to a page of the desk. That of today is the page of
/// the path that all others begin with.
fn is_current(path: &str, page: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    path == page || page != "/admin" && path.starts_with(page)
}
