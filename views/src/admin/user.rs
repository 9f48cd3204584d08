//! The page of all users: a search, the list with their figures, and the form to add one.

use domain::list::ListPage;
use domain::search::Search;
use domain::user::UserId;
use domain::user::report::UserReport;
use maud::{Markup, html};

use crate::draft::Draft;
use crate::form::{Dangerous, command, field, refusal};
use crate::format::{money, time};
use crate::link;
use crate::locale::Locale;
use crate::pager::pager;
use crate::user::{email_field, new_password_field, role_key, username_field};

pub mod detail;

/// The keys of the column titles.
const COLUMNS: [&str; 8] = [
    "user-name",
    "user-email",
    "user-role",
    "user-orders",
    "user-spent",
    "user-seen",
    "user-devices",
    "user-actions",
];

/// Returns the form that searches users, with the text of the current search.
pub fn search_form(locale: Locale, search: &Search) -> Markup {
    html! {
        form.search action="/admin/users" role="search" {
            label {
                span.unseen { (locale.text("user-search")) }
                input type="search" name="q" value=(search.text()) maxlength=(Search::LONGEST)
                    placeholder=(locale.text("user-search")) spellcheck="false";
            }
            button.quiet { (locale.text("admin-search")) }
            @if !search.is_empty() {
                a href="/admin/users" { (locale.text("admin-search-end")) }
            }
        }
    }
}

/// Returns a page of the table of the users that a search finds, for an administrator. `me` is the
/// administrator's own id.
pub fn table(
    locale: Locale,
    page: &ListPage<UserReport, UserId>,
    search: &Search,
    me: UserId,
) -> Markup {
    html! {
        section #users .panel {
            h2 { (locale.text_with("user-count", &[("count", page.total.into())])) }
            @if page.entries.is_empty() {
                p.quiet { (locale.text("user-none")) }
            } @else {
                div.scroll role="region" aria-label=(locale.text("page-users")) tabindex="0" {
                    table {
                        thead {
                            tr { @for key in COLUMNS { th scope="col" { (locale.text(key)) } } }
                        }
                        tbody {
                            @for report in &page.entries {
                                (row(locale, report, page.after, search, me))
                            }
                        }
                    }
                }
            }
            (pager(locale, page, &link::users(search.text())))
        }
    }
}

/// Returns the form with which an administrator, `me`, adds a user. A script opens it in a dialog;
/// without scripts it opens in its place.
pub fn add_form(locale: Locale, me: UserId, draft: &Draft) -> Markup {
    let roles = [("customer", "user-role-customer"), ("admin", "user-role-admin")];
    html! {
        section #user-add {
            details.pop open[draft.refusal.is_some()] {
                summary.button { (locale.text("user-add")) }
                dialog aria-labelledby="user-add-title" {
                    h2 #user-add-title { (locale.text("user-add")) }
                    (command("/admin/users/add", &html! {
                        (refusal(draft))
                        // No other administrator of the browser sees what was typed.
                        input type="hidden" name="user" value=(me);
                        (username_field(locale, draft))
                        (email_field(locale, draft))
                        (new_password_field(
                            &locale.text("user-password-choose"),
                            "password",
                            draft,
                        ))
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
                    form.close method="dialog" {
                        button.quiet { (locale.text("admin-close")) }
                    }
                }
            }
        }
    }
}

fn row(
    locale: Locale,
    report: &UserReport,
    after: Option<UserId>,
    search: &Search,
    me: UserId,
) -> Markup {
    let user = &report.user;
    html! {
        tr id={ "user-" (user.id) } {
            th.long scope="row" {
                a href={ "/admin/users/" (user.id) } { (user.username) }
            }
            td.long { (user.email.as_ref().map_or("–", |email| email.as_str())) }
            td { (locale.text(role_key(user.role))) }
            td data-label=(locale.text("user-orders")) { (report.orders) }
            td data-label=(locale.text("user-spent")) { (money(locale, report.spent)) }
            td data-label=(locale.text("user-seen")) { (seen(locale, report)) }
            td data-label=(locale.text("user-devices")) { (report.devices) }
            td {
                @if user.id == me {
                    span.badge { (locale.text("user-me")) }
                } @else {
                    (delete_form(locale, report, &link::users_after(search.text(), after), "link"))
                }
            }
        }
    }
}

/// Returns when a user was last seen.
fn seen(locale: Locale, report: &UserReport) -> Markup {
    match report.last_seen_at {
        Some(at) => time(locale, at),
        None => html! { "–" },
    }
}

/// Returns the form that deletes a user and leads back to a page of the list, by its address.
fn delete_form(locale: Locale, report: &UserReport, list: &str, class: &str) -> Markup {
    let user = &report.user;
    let query = list.split_once('?').map(|(_, query)| format!("?{query}")).unwrap_or_default();
    let action = format!("/admin/users/delete/{}{query}", user.id);
    let question =
        locale.text_with("user-delete-question", &[("name", user.username.as_str().into())]);
    let delete = Dangerous { action: &action, class, question: &question };
    delete.render(&html! {
        (locale.text("user-delete")) span.unseen { " (" (user.username) ")" }
    })
}

#[cfg(test)]
mod tests {
    use domain::user::Role;

    use super::*;
    use crate::sample::{first_page, lines, report, user};

    #[test]
    fn an_administrator_sees_every_user_and_can_delete_all_but_their_own_account() {
        let admin = user("admin", Role::Admin);
        let page = first_page(vec![report("admin", Role::Admin), report("ana", Role::Customer)]);
        let page = table(Locale::En, &page, &Search::default(), admin.id);
        insta::assert_snapshot!("users_en", lines(&page));
        assert_eq!(
            page.0.matches("/admin/users/delete/").count(),
            2,
            "one form, with its path in `action` and in `hx-post`"
        );
        let form = add_form(Locale::Fr, admin.id, &Draft::default());
        insta::assert_snapshot!("user_add_fr", lines(&form));
    }

    #[test]
    fn a_deletion_leads_back_to_its_page_of_the_list() {
        let ana = report("ana", Role::Customer);
        let id = ana.user.id;
        for (after, search, query) in [
            (None, "", String::new()),
            (Some(id), "", format!("?after={id}")),
            (None, "a&b", "?q=a%26b".to_owned()),
            (Some(id), "ana", format!("?q=ana&amp;after={id}")),
        ] {
            let list = link::users_after(search, after);
            let form = delete_form(Locale::En, &ana, &list, "link").into_string();
            let action = format!("action=\"/admin/users/delete/{id}{query}\"");
            assert!(form.contains(&action), "{form}");
        }
    }
}
