//! Users: signing in and out, one's own account, and the administrators' table.

use domain::user::{Role, User, UserId};
use maud::{Markup, html};

use crate::form::{command, encoded, field, refusal};
use crate::locale::{Locale, time};

/// The form to sign in; `then` is where to go afterwards.
pub fn login(locale: Locale, username: &str, then: &str, error: Option<&str>) -> Markup {
    html! {
        section #login .narrow {
            form.panel action="/login" method="post" {
                (refusal(error))
                input type="hidden" name="then" value=(then);
                (username_field(locale, username))
                (password_field(&locale.text("user-password"), "password", "current-password"))
                button { (locale.text("user-sign-in")) }
            }
            p.quiet { (locale.text("user-no-account")) " " a href={ "/register?then=" (encoded(then)) } { (locale.text("user-create-account")) } }
        }
    }
}

/// The form to create an account; `then` is where to go afterwards.
pub fn register(
    locale: Locale,
    username: &str,
    email: &str,
    then: &str,
    error: Option<&str>,
) -> Markup {
    html! {
        section #register .narrow {
            form.panel action="/register" method="post" {
                (refusal(error))
                input type="hidden" name="then" value=(then);
                (username_field(locale, username))
                (email_field(locale, email))
                (password_field(&locale.text("user-password-choose"), "password", "new-password"))
                button { (locale.text("user-create-account")) }
            }
            p.quiet { (locale.text("user-has-account")) " " a href={ "/login?then=" (encoded(then)) } { (locale.text("user-sign-in")) } }
        }
    }
}

/// The question whether to sign out.
pub fn logout(locale: Locale) -> Markup {
    html! {
        section #logout .narrow {
            form.panel action="/logout" method="post" {
                p { (locale.text("user-sign-out-question")) }
                button { (locale.text("user-sign-out")) }
            }
        }
    }
}

/// Who one is to the shop.
pub fn profile(locale: Locale, user: &User) -> Markup {
    html! {
        section #profile .panel {
            h2 { (locale.text("user-profile")) }
            dl {
                dt { (locale.text("user-name")) } dd { (user.username) }
                @if let Some(email) = &user.email {
                    dt { (locale.text("user-email")) } dd { (email.as_str()) }
                }
                dt { (locale.text("user-role")) } dd { (locale.text(role_key(user.role))) }
                dt { (locale.text("user-since")) } dd { (time(locale, user.created_at)) }
            }
            form action="/logout" method="post" { button.quiet { (locale.text("user-sign-out")) } }
        }
    }
}

/// The form to choose another password.
pub fn password_form(locale: Locale, error: Option<&str>) -> Markup {
    html! {
        section #password .panel {
            h2 { (locale.text("user-change-password")) }
            (command("/account/password", &html! {
                (refusal(error))
                (password_field(&locale.text("user-password-current"), "current", "current-password"))
                (password_field(&locale.text("user-password-new"), "new", "new-password"))
                button { (locale.text("user-change-password")) }
            }))
        }
    }
}

/// Every user, as an administrator sees them.
pub fn table(locale: Locale, users: &[User], me: UserId) -> Markup {
    html! {
        section #users .panel {
            h2 { (locale.text_with("user-count", &[("count", users.len().into())])) }
            div.scroll {
                table {
                    thead {
                        tr {
                            @for key in ["user-name", "user-email", "user-role", "user-since", "user-actions"] {
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

/// The form with which an administrator adds a user.
pub fn add_form(locale: Locale, error: Option<&str>) -> Markup {
    html! {
        section #user-add .panel {
            h2 { (locale.text("user-add")) }
            (command("/admin/users/add", &html! {
                (refusal(error))
                (username_field(locale, ""))
                (email_field(locale, ""))
                (password_field(&locale.text("user-password-choose"), "password", "new-password"))
                (field(&locale.text("user-role"), &html! {
                    select name="role" {
                        option value="customer" selected { (locale.text("user-role-customer")) }
                        option value="admin" { (locale.text("user-role-admin")) }
                    }
                }))
                button { (locale.text("user-add")) }
            }))
        }
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
                @if user.id == me { span.badge { (locale.text("user-me")) } } @else { (delete_form(locale, user)) }
            }
        }
    }
}

fn delete_form(locale: Locale, user: &User) -> Markup {
    let action = format!("/admin/users/delete/{}", user.id);
    let question =
        locale.text_with("user-delete-question", &[("name", user.username.as_str().into())]);
    html! {
        form action=(action) method="post" hx-post=(action) hx-target="#notice" hx-swap="none" hx-confirm=(question) {
            button.link { (locale.text("user-delete")) span.unseen { " (" (user.username) ")" } }
        }
    }
}

fn username_field(locale: Locale, username: &str) -> Markup {
    field(
        &locale.text("user-name"),
        &html! {
            input name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="64" value=(username);
        },
    )
}

fn email_field(locale: Locale, email: &str) -> Markup {
    field(
        &locale.text("user-email-optional"),
        &html! {
            input type="email" name="email" autocomplete="email" maxlength="254" value=(email);
        },
    )
}

fn password_field(label: &str, name: &str, autocomplete: &str) -> Markup {
    field(
        label,
        &html! {
            input type="password" name=(name) autocomplete=(autocomplete) required maxlength="128";
        },
    )
}

fn role_key(role: Role) -> &'static str {
    match role {
        Role::Customer => "user-role-customer",
        Role::Admin => "user-role-admin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{HOSTILE, lines, user};

    #[test]
    fn signing_in_and_registering_keep_what_was_typed_but_no_password() {
        insta::assert_snapshot!(
            "login_fr",
            lines(&login(Locale::Fr, HOSTILE, "/cart", Some("Non.")))
        );
        insta::assert_snapshot!(
            "register_en",
            lines(&register(Locale::En, "ana", "ana@", "/", None))
        );
    }

    #[test]
    fn the_account_page_shows_the_profile_and_changes_the_password() {
        let account = html! {
            (profile(Locale::Fr, &user("ana", Role::Customer)))
            (password_form(Locale::Fr, Some("Non.")))
            (logout(Locale::Fr))
        };
        insta::assert_snapshot!("account_fr", lines(&account));
    }

    #[test]
    fn an_administrator_sees_everybody_and_can_delete_everybody_else() {
        let (admin, ana) = (user("admin", Role::Admin), user("ana", Role::Customer));
        let page = table(Locale::En, &[admin.clone(), ana], admin.id);
        insta::assert_snapshot!("users_en", lines(&page));
        assert_eq!(
            page.0.matches("/admin/users/delete/").count(),
            2,
            "one form, in its action and its hx-post"
        );
        insta::assert_snapshot!("user_add_fr", lines(&add_form(Locale::Fr, None)));
    }
}
