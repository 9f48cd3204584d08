//! The owner's desk: the pages of administrators.

use domain::user::Role;
use maud::{Markup, html};

use crate::viewer::Viewer;

pub mod article;
pub mod event;
pub mod order;
pub mod payment;
pub mod search;
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

/// Returns whether an administrator looks at the page.
pub(crate) fn is_admin(viewer: &Viewer) -> bool {
    viewer.account.as_ref().is_some_and(|account| account.role == Role::Admin)
}

/// Returns the navigation of the desk on its pages, and nothing on others.
pub(crate) fn navigation(viewer: &Viewer) -> Markup {
    html! {
        @if is_admin(viewer) && viewer.path.starts_with("/admin") {
            nav.desk aria-label=(viewer.locale.text("admin-navigation")) {
                @for (href, name) in PAGES {
                    @let current = is_current(&viewer.path, href).then_some("page");
                    a href=(href) aria-current=[current] { (viewer.locale.text(name)) }
                }
                @let current = is_current(&viewer.path, search::PAGE).then_some("page");
                a #palette-open href=(search::PAGE) aria-current=[current]
                    aria-keyshortcuts="/ Control+K Meta+K" {
                    (viewer.locale.text("page-search"))
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
