//! The page of all users: the table, and the form to add one.

use domain::list::ListPage;
use domain::user::{User, UserId};
use maud::{Markup, html};

use crate::draft::Draft;
use crate::form::{Dangerous, command, field, refusal};
use crate::format::time;
use crate::locale::Locale;
use crate::pager::pager;
use crate::user::{email_field, new_password_field, role_key, username_field};

/// The keys of the column titles.
const COLUMNS: [&str; 5] = ["user-name", "user-email", "user-role", "user-since", "user-actions"];

/// Returns a page of the table of all users, for an administrator. `me` is the administrator's own
/// id.
pub fn table(locale: Locale, page: &ListPage<User, UserId>, me: UserId) -> Markup {
    html! {
        section #users .panel {
            h2 { (locale.text_with("user-count", &[("count", page.total.into())])) }
            div.scroll role="region" aria-label=(locale.text("page-users")) tabindex="0" {
                table {
                    thead {
                        tr {
                            @for key in COLUMNS {
                                th scope="col" { (locale.text(key)) }
                            }
                        }
                    }
                    tbody {
                        @for user in &page.entries {
                            (row(locale, user, page.after, me))
                        }
                    }
                }
            }
            (pager(locale, page, "/admin/users"))
        }
    }
}

/// Returns the form with which an administrator, `me`, adds a user.
pub fn add_form(locale: Locale, me: UserId, draft: &Draft) -> Markup {
    let roles = [("customer", "user-role-customer"), ("admin", "user-role-admin")];
    html! {
        section #user-add .panel {
            h2 { (locale.text("user-add")) }
            (command("/admin/users/add", &html! {
                (refusal(draft))
                // No other administrator of the browser sees what was typed.
                input type="hidden" name="user" value=(me);
                (username_field(locale, draft))
                (email_field(locale, draft))
                (new_password_field(&locale.text("user-password-choose"), "password", draft))
                (field(&locale.text("user-role"), &html! {
                    select name="role" {
                        @for (role, name) in roles {
                            option value=(role) selected[draft.value("role") == role] {
                                (locale.text(name))
                            }
                        }
                    }
                }))
                button { (locale.text("user-add")) }
            }))
        }
    }
}

fn row(locale: Locale, user: &User, after: Option<UserId>, me: UserId) -> Markup {
    html! {
        tr id={ "user-" (user.id) } {
            th.long scope="row" { (user.username) }
            td.long { (user.email.as_ref().map_or("–", |email| email.as_str())) }
            td { (locale.text(role_key(user.role))) }
            td { (time(locale, user.created_at)) }
            td {
                @if user.id == me {
                    span.badge { (locale.text("user-me")) }
                } @else {
                    (delete_form(locale, user, after))
                }
            }
        }
    }
}

/// Returns the form that deletes a user and leads back to the page after `after`.
fn delete_form(locale: Locale, user: &User, after: Option<UserId>) -> Markup {
    let page = after.map(|after| format!("?after={after}")).unwrap_or_default();
    let action = format!("/admin/users/delete/{}{page}", user.id);
    let question =
        locale.text_with("user-delete-question", &[("name", user.username.as_str().into())]);
    let delete = Dangerous { action: &action, class: "link", question: &question };
    delete.render(&html! {
        (locale.text("user-delete")) span.unseen { " (" (user.username) ")" }
    })
}

#[cfg(test)]
mod tests {
    use domain::user::Role;

    use super::*;
    use crate::sample::{first_page, lines, user};

    #[test]
    fn an_administrator_sees_every_user_and_can_delete_all_but_their_own_account() {
        let (admin, ana) = (user("admin", Role::Admin), user("ana", Role::Customer));
        let page = table(Locale::En, &first_page(vec![admin.clone(), ana]), admin.id);
        insta::assert_snapshot!("users_en", lines(&page));
        assert_eq!(
            page.0.matches("/admin/users/delete/").count(),
            2,
            "one form, with its path in `action` and in `hx-post`"
        );
        let form = add_form(Locale::Fr, admin.id, &Draft::default());
        insta::assert_snapshot!("user_add_fr", lines(&form));
    }
}
