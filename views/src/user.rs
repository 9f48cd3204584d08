//! Users: forms to sign in and out, the account page, and the users page of administrators.

use domain::user::{User, UserId};
use maud::{Markup, html};

use crate::form::{command, encoded, field, refusal};
use crate::format::time;
use crate::locale::Locale;
use crate::user::table::role_key;

mod table;

/// Returns the form to sign in. `then` is the path to open afterwards.
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
            p.quiet {
                (locale.text("user-no-account")) " "
                a href={ "/register?then=" (encoded(then)) } {
                    (locale.text("user-create-account"))
                }
            }
        }
    }
}

/// Returns the form to create an account. `then` is the path to open afterwards.
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
            p.quiet {
                (locale.text("user-has-account")) " "
                a href={ "/login?then=" (encoded(then)) } { (locale.text("user-sign-in")) }
            }
        }
    }
}

/// Returns the form that asks for confirmation before signing out.
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

/// Returns the profile of the signed-in user.
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

/// Returns the form to change the password. The name is for the browser, which keeps the password
/// for it, and is not sent.
pub fn password_form(locale: Locale, username: &str, error: Option<&str>) -> Markup {
    let current = locale.text("user-password-current");
    let new = locale.text("user-password-new");
    html! {
        section #password .panel {
            h2 { (locale.text("user-change-password")) }
            (command("/account/password", &html! {
                (refusal(error))
                input hidden autocomplete="username" value=(username);
                (password_field(&current, "current", "current-password"))
                (password_field(&new, "new", "new-password"))
                button { (locale.text("user-change-password")) }
            }))
        }
    }
}

/// Returns the table of all users, for an administrator. `me` is the administrator's own id.
pub fn table(locale: Locale, users: &[User], me: UserId) -> Markup {
    table::panel(locale, users, me)
}

/// Returns the form with which an administrator adds a user.
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

fn username_field(locale: Locale, username: &str) -> Markup {
    field(
        &locale.text("user-name"),
        &html! {
            input name="username" autocomplete="username" autocapitalize="none" spellcheck="false"
                required maxlength="64" value=(username);
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

#[cfg(test)]
mod tests {
    use domain::user::Role;

    use super::*;
    use crate::sample::{HOSTILE, lines, user};

    #[test]
    fn the_login_and_registration_forms_keep_the_input_but_no_password() {
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
    fn the_account_page_shows_the_profile_and_the_password_form() {
        let account = html! {
            (profile(Locale::Fr, &user("ana", Role::Customer)))
            (password_form(Locale::Fr, "ana", Some("Non.")))
            (logout(Locale::Fr))
        };
        insta::assert_snapshot!("account_fr", lines(&account));
    }

    #[test]
    fn an_administrator_sees_every_user_and_can_delete_all_but_their_own_account() {
        let (admin, ana) = (user("admin", Role::Admin), user("ana", Role::Customer));
        let page = table(Locale::En, &[admin.clone(), ana], admin.id);
        insta::assert_snapshot!("users_en", lines(&page));
        assert_eq!(
            page.0.matches("/admin/users/delete/").count(),
            2,
            "one form, with its path in `action` and in `hx-post`"
        );
        insta::assert_snapshot!("user_add_fr", lines(&add_form(Locale::Fr, None)));
    }
}
