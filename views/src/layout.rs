//! The frame of a page around its main part, and partials, which update a part of an open page.

use std::collections::BTreeSet;

use domain::topic::Topic;
use maud::{DOCTYPE, Markup, html};

use crate::locale::Locale;
use crate::viewer::Viewer;

mod header;

/// The kind of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The command succeeded.
    Success,
    /// The command was refused.
    Error,
}

/// Returns a whole page around its main part.
///
/// `title_key` is the key of the title, which is also the heading. `topics` are the topics that the
/// page subscribes to besides the visitor's cart and session.
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
                    (notice_region())
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

/// Wraps a fragment so that htmx replaces the element with this id.
///
/// `event` is the id of the last event that the fragment certainly reflects; `None` if it is never
/// pushed. A page ignores a fragment that is older than the one it shows, or whose element it does
/// not have.
pub fn partial(id: &str, event: Option<u64>, fragment: &Markup) -> Markup {
    let swap = event.map_or("outerMorph".to_owned(), |event| format!("outerMorph event:{event}"));
    html! {
        hx-partial hx-target={ "#" (id) } hx-swap=(swap) { (fragment) }
    }
}

/// Returns a message about the last command, wrapped so that htmx shows it in the notice region.
pub fn notice(locale: Locale, kind: Notice, message: &str) -> Markup {
    let (class, prefix) = match kind {
        Notice::Success => ("success", "layout-success"),
        Notice::Error => ("error", "layout-error"),
    };
    // The content of the region is replaced rather than morphed. Screen readers and the animation
    // then start again, even if the text is the same.
    html! {
        hx-partial hx-target="#notice" hx-swap="innerHTML" {
            p .(class) { span.unseen { (locale.text(prefix)) " " } (message) }
        }
    }
}

/// Returns the notice region without a message.
fn notice_region() -> Markup {
    html! { div #notice .notice role="status" aria-live="polite" {} }
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
            // Not deferred: htmx would start before its extension is loaded, and the page would
            // never open its socket.
            @for script in ["htmx.min.js", "hx-ws.min.js", "shop.js"] {
                script src=(asset(script)) {}
            }
        }
    }
}

/// Returns the address of the socket, with the topics to subscribe to and the last event seen.
fn live_address(viewer: &Viewer, topics: &[Topic]) -> String {
    let mut subscribed = BTreeSet::from_iter(topics.iter().copied());
    subscribed.insert(Topic::Cart);
    if viewer.account.is_some() {
        subscribed.insert(Topic::Session);
    }
    let names: Vec<_> = subscribed.into_iter().map(Topic::name).collect();
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
    use domain::user::Role;

    use super::*;
    use crate::sample::lines;
    use crate::viewer::Account;

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
    fn a_page_has_a_header_a_notice_region_and_a_footer_around_its_main_part() {
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
    fn every_page_subscribes_to_the_cart_and_if_signed_in_to_the_session() {
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
    fn a_partial_names_its_target_and_a_notice_is_inserted_again() {
        let fragments = [
            partial("cart", Some(41), &html! { section #cart {} }),
            notice(Locale::En, Notice::Error, "No <b>way</b>."),
            notice(Locale::Fr, Notice::Success, "Fait."),
        ];
        insta::assert_snapshot!(
            "partials",
            lines(&html! { @for fragment in fragments { (fragment) } })
        );
    }
}
