//! The page of a user for administrators: profile, figures, orders, devices, and what to do.

use domain::order::Order;
use domain::session::Session;
use domain::user::report::UserReport;
use domain::user::{Role, UserId};
use maud::{Markup, html};

use super::{delete_form, seen};
use crate::form::{Dangerous, command};
use crate::format::{money, time};
use crate::locale::Locale;
use crate::order::{badge, title};
use crate::session::device_lines;
use crate::user::role_key;

/// What a user is shown with.
pub struct UserPage<'a> {
    /// The user, with the figures.
    pub report: &'a UserReport,
    /// The newest orders.
    pub orders: &'a [Order],
    /// The open sessions.
    pub sessions: &'a [Session],
    /// The administrator's own id.
    pub me: UserId,
}

/// Returns everything on the page that changes.
pub fn panel(locale: Locale, page: &UserPage<'_>) -> Markup {
    html! {
        div #user-desk {
            section.panel {
                (facts(locale, page.report))
                @if page.report.user.id == page.me {
                    p { a href="/account" { (locale.text("user-own")) } }
                    p { (export_link(locale, page.me)) }
                } @else {
                    (actions(locale, page.report))
                }
            }
            section.panel {
                h2 { (locale.text("session-title")) }
                (devices(locale, page))
            }
            section.panel {
                h2 { (locale.text("user-orders-latest")) }
                (orders(locale, page.orders))
            }
        }
    }
}

/// Returns what the page shows once its user is deleted.
pub fn deleted(locale: Locale) -> Markup {
    html! {
        div #user-desk {
            section.panel {
                p { (locale.text("user-deleted")) }
                a href="/admin/users" { (locale.text("user-to-list")) }
            }
        }
    }
}

/// Returns the form that makes a link by which a user sets a new password, and the link once it is
/// made. No push replaces it: the link is shown once.
pub fn reset_panel(locale: Locale, user: UserId, link: Option<&str>) -> Markup {
    let action = format!("/admin/users/{user}/reset-link");
    html! {
        section #user-reset .panel {
            h2 { (locale.text("user-reset-link")) }
            p.quiet { (locale.text("user-reset-link-hint")) }
            @match link {
                Some(link) => {
                    label.field {
                        span { (locale.text("user-reset-link-copy")) }
                        input #reset-link readonly value=(link) autocomplete="off"
                            spellcheck="false";
                    }
                }
                None => {
                    (command(&action, &html! {
                        button.quiet { (locale.text("user-reset-link-make")) }
                    }))
                }
            }
        }
    }
}

fn facts(locale: Locale, report: &UserReport) -> Markup {
    let user = &report.user;
    html! {
        dl.facts {
            div {
                dt { (locale.text("user-email")) }
                dd.long {
                    @match &user.email {
                        Some(email) => {
                            a href={ "mailto:" (email.as_str()) } { (email.as_str()) }
                        }
                        None => { "–" }
                    }
                }
            }
            div { dt { (locale.text("user-role")) } dd { (locale.text(role_key(user.role))) } }
            div { dt { (locale.text("user-since")) } dd { (time(locale, user.created_at)) } }
            div { dt { (locale.text("user-seen")) } dd { (seen(locale, report)) } }
            div { dt { (locale.text("user-orders")) } dd { (report.orders) } }
            div { dt { (locale.text("user-spent")) } dd { (money(locale, report.spent)) } }
        }
    }
}

/// Returns what an administrator can do with another user.
fn actions(locale: Locale, report: &UserReport) -> Markup {
    let id = report.user.id;
    html! {
        div.actions {
            (role_form(locale, report))
            a.button.quiet href={ "/admin/events?type=&subject=" (id) } {
                (locale.text("user-events"))
            }
            (export_link(locale, id))
            (delete_form(locale, report, "", "quiet"))
        }
    }
}

fn export_link(locale: Locale, user: UserId) -> Markup {
    html! {
        a.button.quiet href={ "/admin/users/" (user) "/export" } download {
            (locale.text("user-export"))
        }
    }
}

/// Returns the form that gives a user the other role. Once the role has changed it is another form,
/// so that a push closes its question.
fn role_form(locale: Locale, report: &UserReport) -> Markup {
    let (role, label, question) = match report.user.role {
        Role::Customer => ("admin", "user-make-admin", "user-make-admin-question"),
        Role::Admin => ("customer", "user-make-customer", "user-make-customer-question"),
    };
    let name = report.user.username.as_str();
    html! {
        details.confirm id={ "confirm-role-" (role) } hx-morph-skip {
            summary.quiet { (locale.text(label)) }
            (command(&format!("/admin/users/{}/role", report.user.id), &html! {
                input type="hidden" name="role" value=(role);
                p { (locale.text_with(question, &[("name", name.into())])) }
                button { (locale.text(label)) }
            }))
        }
    }
}

fn devices(locale: Locale, page: &UserPage<'_>) -> Markup {
    let user = &page.report.user;
    let action = format!("/admin/users/{}/sign-out", user.id);
    let name = user.username.as_str();
    let question = locale.text_with("user-sign-out-all-question", &[("name", name.into())]);
    let sign_out = Dangerous { action: &action, class: "quiet", question: &question };
    html! {
        @if page.sessions.is_empty() {
            p.quiet { (locale.text("user-devices-none")) }
        } @else {
            ul.lines {
                @for session in page.sessions {
                    li.line { div.what { (device_lines(locale, session)) } }
                }
            }
            @if user.id != page.me {
                (sign_out.render(&html! { (locale.text("user-sign-out-all")) }))
            }
        }
    }
}

fn orders(locale: Locale, orders: &[Order]) -> Markup {
    html! {
        @if orders.is_empty() {
            p.quiet { (locale.text("user-orders-none")) }
        } @else {
            ul.lines {
                @for order in orders {
                    li.line {
                        div.what {
                            a href={ "/admin/orders/" (order.id) } { (title(locale, order.id)) }
                            p.quiet { (time(locale, order.created_at)) }
                        }
                        (badge(locale, order))
                        span.price { (money(locale, order.total)) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::order::OrderStatus;
    use domain::payment::PaymentStatus;

    use super::*;
    use crate::sample::{self, lines, report};

    fn shown(locale: Locale, report: &UserReport, me: u128) -> String {
        let orders = [sample::order(OrderStatus::Paid, 1, PaymentStatus::Succeeded)];
        let sessions = [sample::session(1, "curl/8")];
        let me = UserId(uuid::Uuid::from_u128(me));
        let page = UserPage { report, orders: &orders, sessions: &sessions, me };
        lines(&panel(locale, &page))
    }

    #[test]
    fn a_user_is_shown_with_figures_devices_orders_and_commands() {
        let ana = report("ana", Role::Customer);
        insta::assert_snapshot!("user_desk_en", shown(Locale::En, &ana, 1));
        let colleague = shown(Locale::Fr, &report("colleague", Role::Admin), 1);
        assert!(colleague.contains("id=\"confirm-role-customer\""), "{colleague}");
    }

    #[test]
    fn a_link_is_shown_in_place_of_the_form_that_makes_one() {
        let user = UserId(uuid::Uuid::from_u128(3));
        let form = reset_panel(Locale::En, user, None).into_string();
        assert!(form.contains("/reset-link\" method=\"post\"") && !form.contains("readonly"));
        let link = reset_panel(Locale::En, user, Some("https://shop.example/reset/t"));
        insta::assert_snapshot!("user_reset_link_en", lines(&link));
    }

    #[test]
    fn administrators_cannot_change_their_own_account_here() {
        let page = shown(Locale::En, &report("admin", Role::Admin), 5);
        assert!(page.contains("href=\"/account\"") && !page.contains("<form"), "{page}");
    }
}
