//! The table of all users, for administrators.

use domain::user::{Role, User, UserId};
use maud::{Markup, html};

use crate::format::time;
use crate::locale::Locale;

/// The keys of the column titles.
const COLUMNS: [&str; 5] = ["user-name", "user-email", "user-role", "user-since", "user-actions"];

/// Returns a row for each user, with a form to delete them. `me` is the reader's own id.
pub(super) fn panel(locale: Locale, users: &[User], me: UserId) -> Markup {
    html! {
        section #users .panel {
            h2 { (locale.text_with("user-count", &[("count", users.len().into())])) }
            div.scroll {
                table {
                    thead {
                        tr {
                            @for key in COLUMNS {
                                th scope="col" { (locale.text(key)) }
                            }
                        }
                    }
                    tbody {
                        @for user in users {
                            (row(locale, user, me))
                        }
                    }
                }
            }
        }
    }
}

/// Returns the key of the name of a role.
pub(super) fn role_key(role: Role) -> &'static str {
    match role {
        Role::Customer => "user-role-customer",
        Role::Admin => "user-role-admin",
    }
}

fn row(locale: Locale, user: &User, me: UserId) -> Markup {
    html! {
        tr id={ "user-" (user.id) } {
            th scope="row" { (user.username) }
            td { (user.email.as_ref().map_or("–", |email| email.as_str())) }
            td { (locale.text(role_key(user.role))) }
            td { (time(locale, user.created_at)) }
            td {
                @if user.id == me {
                    span.badge { (locale.text("user-me")) }
                } @else {
                    (delete_form(locale, user))
                }
            }
        }
    }
}

fn delete_form(locale: Locale, user: &User) -> Markup {
    let action = format!("/admin/users/delete/{}", user.id);
    let question =
        locale.text_with("user-delete-question", &[("name", user.username.as_str().into())]);
    html! {
        form action=(action) method="post"
            hx-post=(action) hx-target="#notice" hx-swap="none" hx-confirm=(question) {
            button.link { (locale.text("user-delete")) span.unseen { " (" (user.username) ")" } }
        }
    }
}
