//! Users: forms to register, to sign in and out, and the account page.

use domain::user::{Role, User};
use maud::{Markup, html};

use crate::draft::Draft;
use crate::form::{Input, command, refusal};
use crate::format::time;
use crate::link;
use crate::locale::Locale;

/// Returns the form to sign in. `then` is the path to open afterwards.
pub fn login(locale: Locale, then: &str, draft: &Draft) -> Markup {
    html! {
        section #login .narrow {
            form.panel action="/login" method="post" {
                (refusal(draft))
                input type="hidden" name="then" value=(then);
                (username_field(locale, draft))
                (password_field(&locale.text("user-password"), "password", draft))
                button { (locale.text("user-sign-in")) }
            }
            p.quiet {
                (locale.text("user-no-account")) " "
                a href=(link::registration(then)) {
                    (locale.text("user-create-account"))
                }
            }
        }
    }
}

/// Returns the form to create an account. `then` is the path to open afterwards.
pub fn register(locale: Locale, then: &str, draft: &Draft) -> Markup {
    html! {
        section #register .narrow {
            form.panel action="/register" method="post" {
                (refusal(draft))
                input type="hidden" name="then" value=(then);
                (username_field(locale, draft))
                (email_field(locale, draft))
                (new_password_field(&locale.text("user-password-choose"), "password", draft))
                button { (locale.text("user-create-account")) }
            }
            p.quiet {
                (locale.text("user-has-account")) " "
                a href=(link::sign_in(then)) { (locale.text("user-sign-in")) }
            }
        }
    }
}

/// Returns the form by which the user of a link sets a new password, given the token of the link.
pub fn reset_form(locale: Locale, token: &str, draft: &Draft) -> Markup {
    html! {
        section #reset .narrow {
            form.panel action={ "/reset/" (token) } method="post" {
                (refusal(draft))
                p { (locale.text("user-reset-hint")) }
                (new_password_field(&locale.text("user-password-new"), "new", draft))
                button { (locale.text("user-reset")) }
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
pub fn password_form(locale: Locale, username: &str, draft: &Draft) -> Markup {
    let current = locale.text("user-password-current");
    let new = locale.text("user-password-new");
    html! {
        section #password .panel {
            h2 { (locale.text("user-change-password")) }
            (command("/account/password", &html! {
                (refusal(draft))
                input hidden autocomplete="username" value=(username);
                (password_field(&current, "current", draft))
                (new_password_field(&new, "new", draft))
                button { (locale.text("user-change-password")) }
            }))
        }
    }
}

/// Returns the key of the name of a role.
pub(crate) fn role_key(role: Role) -> &'static str {
    match role {
        Role::Customer => "user-role-customer",
        Role::Admin => "user-role-admin",
    }
}

/// Returns the field for the name of a new user.
pub(crate) fn username_field(locale: Locale, draft: &Draft) -> Markup {
    let input =
        Input { name: "username", autocomplete: "username", longest: 64, ..Input::default() };
    input.render(&locale.text("user-name"), draft)
}

/// Returns the field for the e-mail address of a new user.
pub(crate) fn email_field(locale: Locale, draft: &Draft) -> Markup {
    let input = Input {
        name: "email",
        kind: "email",
        autocomplete: "email",
        longest: 254,
        is_optional: true,
    };
    input.render(&locale.text("user-email-optional"), draft)
}

fn password_field(label: &str, name: &str, draft: &Draft) -> Markup {
    password(label, name, "current-password", draft)
}

/// Returns the field for a new password.
pub(crate) fn new_password_field(label: &str, name: &str, draft: &Draft) -> Markup {
    password(label, name, "new-password", draft)
}

fn password(label: &str, name: &str, autocomplete: &str, draft: &Draft) -> Markup {
    let input = Input { name, kind: "password", autocomplete, longest: 128, ..Input::default() };
    input.render(label, draft)
}

#[cfg(test)]
mod tests {
    use domain::user::Role;

    use super::*;
    use crate::sample::{HOSTILE, draft, lines, user};

    #[test]
    fn the_login_and_registration_forms_keep_the_input_but_no_password() {
        let refused = draft(&[("username", HOSTILE), ("password", "secret")], None);
        let login = lines(&login(Locale::Fr, "/cart", &refused));
        assert!(!login.contains("secret"), "{login}");
        insta::assert_snapshot!("login_fr", login);
        let taken = draft(&[("username", "ana"), ("email", "ana@")], Some("username"));
        insta::assert_snapshot!("register_en", lines(&register(Locale::En, "/", &taken)));
    }

    #[test]
    fn the_account_page_shows_the_profile_and_the_password_form() {
        let account = html! {
            (profile(Locale::Fr, &user("ana", Role::Customer)))
            (password_form(Locale::Fr, "ana", &draft(&[], Some("current"))))
            (logout(Locale::Fr))
        };
        insta::assert_snapshot!("account_fr", lines(&account));
    }

    #[test]
    fn the_form_of_a_link_keeps_its_token_and_no_password() {
        let refused = draft(&[("new", "secret")], Some("new"));
        let form = lines(&reset_form(Locale::En, "t-1", &refused));
        assert!(form.contains("action=\"/reset/t-1\"") && !form.contains("secret"), "{form}");
        insta::assert_snapshot!("reset_en", form);
    }
}
