//! The header of every page: navigation, connection indicator, language, account and cart.

use domain::user::Role;
use maud::{Markup, html};

use crate::cart;
use crate::link;
use crate::locale::Locale;
use crate::viewer::{Account, Viewer};

/// Returns the header of a page, with a warning while the default password is in use.
pub(super) fn header(viewer: &Viewer) -> Markup {
    let locale = viewer.locale;
    html! {
        header.header {
            a.logo href="/articles" { (bag()) "MicroShop" }
            (navigation(viewer))
            (indicator(locale))
            (language_switch(viewer))
            @match &viewer.account {
                Some(account) => (account_menu(locale, account)),
                None => (guest_menu(viewer)),
            }
            (cart::badge(locale, viewer.cart_count))
        }
        @if viewer.default_password {
            p.banner role="alert" {
                (locale.text("layout-default-password")) " "
                a href="/account" { (locale.text("layout-change-password")) }
            }
        }
    }
}

fn navigation(viewer: &Viewer) -> Markup {
    let locale = viewer.locale;
    let role = viewer.account.as_ref().map(|account| account.role);
    html! {
        nav.navigation aria-label=(locale.text("layout-navigation")) {
            (nav_link(viewer, "/articles", "layout-articles"))
            @if role.is_some() { (nav_link(viewer, "/orders", "layout-orders")) }
            @if role == Some(Role::Admin) { (nav_link(viewer, "/admin", "layout-admin")) }
        }
    }
}

fn nav_link(viewer: &Viewer, href: &str, key: &str) -> Markup {
    let current = viewer.path.starts_with(href).then_some("page");
    html! { a href=(href) aria-current=[current] { (viewer.locale.text(key)) } }
}

/// Returns the indicator of the live connection.
///
/// `connection.js` shows one of the two states; without scripts, both stay hidden.
fn indicator(locale: Locale) -> Markup {
    html! {
        span.indicator {
            span.on { (locale.text("layout-live")) }
            span.off { (locale.text("layout-reconnecting")) }
        }
    }
}

fn language_switch(viewer: &Viewer) -> Markup {
    html! {
        form.languages action="/language" method="post"
            aria-label=(viewer.locale.text("layout-language")) {
            input type="hidden" name="back" value=(viewer.path);
            @for locale in Locale::ALL {
                button name="language" value=(locale.code()) lang=(locale.code())
                    aria-current=[(locale == viewer.locale).then_some("true")] {
                    abbr title=(locale.text("layout-language-name")) { (locale.code()) }
                }
            }
        }
    }
}

fn account_menu(locale: Locale, account: &Account) -> Markup {
    html! {
        div.account {
            a href="/account" title=(locale.text("layout-account")) { (account.username) }
            form action="/logout" method="post" { button.link { (locale.text("user-sign-out")) } }
        }
    }
}

fn guest_menu(viewer: &Viewer) -> Markup {
    html! {
        div.account {
            a href=(login_address(&viewer.path)) { (viewer.locale.text("user-sign-in")) }
        }
    }
}

/// Returns the address of the login page, which leads back to the given path afterwards.
///
/// The pages for signing in and out are not worth returning to, and the address of a link that sets
/// a new password is a secret.
fn login_address(path: &str) -> String {
    let is_sign_in =
        ["/login", "/register", "/logout", "/reset/"].iter().any(|page| path.starts_with(page));
    if is_sign_in { "/login".to_owned() } else { link::sign_in(path) }
}

fn bag() -> Markup {
    html! {
        svg viewBox="0 0 24 24" width="26" height="26" aria-hidden="true" {
            path d="M4.5 8h15l-1.3 12.5H5.8z" {}
            path d="M8.5 10.5V7a3.5 3.5 0 0 1 7 0v3.5" {}
        }
    }
}
