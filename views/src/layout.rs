//! The page around the fragments, and the ways a fragment reaches a page that is already there.

use std::collections::BTreeSet;

use domain::event::Topic;
use domain::user::Role;
use maud::{DOCTYPE, Markup, html};

use crate::locale::Locale;

mod header;

/// Who looks at a page, and from where.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// The reader's language.
    pub locale: Locale,
    /// Who is signed in, if anybody.
    pub account: Option<Account>,
    /// Pieces in the viewer's cart.
    pub cart_count: u32,
    /// The id of the last event the page shows.
    pub event: u64,
    /// Where the page is, to come back to after something else.
    pub path: String,
    /// Whether the administrator's password is still the first one.
    pub default_password: bool,
    /// The address of a static file, which changes with its content.
    pub asset: fn(&str) -> String,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The user's name.
    pub username: String,
    /// What the user may do.
    pub role: Role,
}

/// How what happened is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// It went well.
    Success,
    /// It was refused.
    Error,
}

/// A whole page: `title_key` also is its heading, `topics` are what it listens to besides one's cart and session.
pub fn page(viewer: &Viewer, title_key: &str, topics: &[Topic], main: Markup) -> Markup {
    let title = viewer.locale.text(title_key);
    html! {
        (DOCTYPE)
        html lang=(viewer.locale.code()) {
            (head(viewer, &title))
            body {
                a.skip href="#main" { (viewer.locale.text("layout-skip")) }
                div #live hx-ws:connect=(live_address(viewer, topics)) {
                    (header::header(viewer))
                    (empty_notice())
                    main #main tabindex="-1" {
                        h1 { (title) }
                        (main)
                    }
                    (footer(viewer.locale))
                }
            }
        }
    }
}

/// A fragment that takes the place of the element with that id, if the page has one.
pub fn partial(id: &str, fragment: Markup) -> Markup {
    // A notice is put in anew, so that it is seen and read aloud again even when it says the same.
    let swap = if id == "notice" { "innerHTML strip:true" } else { "outerMorph" };
    html! {
        hx-partial hx-target={ "#" (id) } hx-swap=(swap) { (fragment) }
    }
}

/// What just happened, in a sentence.
pub fn notice(locale: Locale, kind: Notice, message: &str) -> Markup {
    let (class, prefix) = match kind {
        Notice::Success => ("success", "layout-success"),
        Notice::Error => ("error", "layout-error"),
    };
    notice_region(&html! {
        p .(class) { span.unseen { (locale.text(prefix)) " " } (message) }
    })
}

/// The place for notices, without one.
pub fn empty_notice() -> Markup {
    notice_region(&html! {})
}

fn notice_region(content: &Markup) -> Markup {
    html! { div #notice .notice role="status" aria-live="polite" { (content) } }
}

fn head(viewer: &Viewer, title: &str) -> Markup {
    let asset = viewer.asset;
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="htmx-config" content=r#"{"ws":{"reconnectMaxDelay":10000}}"#;
            title { (title) " · MicroShop" }
            link rel="icon" type="image/svg+xml" href=(asset("favicon.svg"));
            link rel="stylesheet" href=(asset("shop.css"));
            // Not deferred: htmx would begin before the scripts behind it are there, and the page would never listen.
            @for script in ["htmx.min.js", "hx-ws.min.js", "shop.js"] {
                script src=(asset(script)) {}
            }
        }
    }
}

fn live_address(viewer: &Viewer, topics: &[Topic]) -> String {
    let mut heard = BTreeSet::from_iter(topics.iter().copied());
    heard.insert(Topic::Cart);
    if viewer.account.is_some() {
        heard.insert(Topic::Session);
    }
    let names: Vec<_> = heard.into_iter().map(Topic::name).collect();
    format!("/live?topics={}&since={}", names.join(","), viewer.event)
}

fn footer(locale: Locale) -> Markup {
    html! {
        footer.footer {
            p { "MicroShop · " (locale.text("layout-motto")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::lines;

    fn viewer(locale: Locale, account: Option<Account>) -> Viewer {
        Viewer {
            locale,
            account,
            cart_count: 2,
            event: 41,
            path: "/articles?page=2&sort=price".to_owned(),
            default_password: false,
            asset: |name| format!("/static/{name}?v=1"),
        }
    }

    fn admin() -> Account {
        Account { username: "admin".to_owned(), role: Role::Admin }
    }

    #[test]
    fn a_page_holds_everything_around_its_main_part() {
        let guest = page(
            &viewer(Locale::Fr, None),
            "page-articles",
            &[Topic::Catalogue],
            html! { p { "…" } },
        );
        insta::assert_snapshot!("page_guest_fr", lines(&guest));
        let admin = Viewer { default_password: true, ..viewer(Locale::En, Some(admin())) };
        insta::assert_snapshot!(
            "page_admin_en",
            lines(&page(&admin, "page-admin", &[Topic::Breaker], html! {}))
        );
    }

    #[test]
    fn every_page_listens_to_the_cart_and_once_signed_in_to_the_session() {
        assert_eq!(
            live_address(&viewer(Locale::Fr, None), &[Topic::Cart]),
            "/live?topics=cart&since=41"
        );
        let signed_in = viewer(Locale::Fr, Some(admin()));
        assert_eq!(
            live_address(&signed_in, &[Topic::Catalogue]),
            "/live?topics=catalogue,cart,session&since=41"
        );
    }

    #[test]
    fn a_partial_names_its_target_and_a_notice_is_put_in_anew() {
        let fragments = [
            partial("cart", html! { section #cart {} }),
            partial("notice", notice(Locale::En, Notice::Error, "No <b>way</b>.")),
            partial("notice", notice(Locale::Fr, Notice::Success, "Fait.")),
        ];
        insta::assert_snapshot!(
            "partials",
            lines(&html! { @for fragment in fragments { (fragment) } })
        );
    }
}
