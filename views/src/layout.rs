//! The frame of a page around its main part, and partials, which update a part of an open page.

use domain::shown::Shown;
use domain::topic::Topic;
use maud::{DOCTYPE, Markup, html};

use crate::admin;
use crate::locale::Locale;
use crate::site::site;
use crate::viewer::{Notice, Viewer};

mod head;
mod header;

/// The ids of the notices about commands that fail on their way, and the keys of their texts:
/// without a response, without one in time, with one that is not the shop's, and not sent because
/// the amount had just changed.
const FAILURES: [(&str, &str); 4] = [
    ("notice-unreachable", "layout-unreachable"),
    ("notice-late", "layout-late"),
    ("notice-failed", "layout-failed"),
    ("notice-changed", "layout-changed"),
];

/// Returns a whole page around its main part.
///
/// The title is also the heading. `shown` is what the socket of the page keeps up to date besides
/// the number of units in the visitor's cart.
pub fn page(viewer: &Viewer, title: &str, shown: Shown, main: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(viewer.locale.code()) {
            (head::head(viewer, &title_of(viewer.locale, title, shown)))
            body {
                a.skip href="#main" { (viewer.locale.text("layout-skip")) }
                div #live data-visitor=(viewer.tag) hx-ws:connect=(live_address(viewer, shown)) {
                    (header::header(viewer))
                    (admin::navigation(viewer))
                    (admin::search::palette(viewer))
                    (notice_region(viewer))
                    (admin::order::arrival::region(viewer))
                    main #main tabindex="-1" {
                        h1 { (title) }
                        (main)
                    }
                    (footer(viewer.locale))
                }
                (head::scripts(viewer))
            }
        }
    }
}

/// Returns the title of a page, which differs between the first page of a list and the others.
fn title_of(locale: Locale, title: &str, shown: Shown) -> String {
    if shown.is_continued() {
        locale.text_with("pager-title", &[("title", title.into())])
    } else {
        title.to_owned()
    }
}

/// Returns a page without the frame, for a visitor who is not known.
pub fn bare_page(locale: Locale, title: &str, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(locale.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · MicroShop" }
            }
            body { h1 { (title) } (main) }
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

/// Wraps a fragment so that htmx inserts it as the first part of the element with this id.
pub fn prepended(id: &str, fragment: &Markup) -> Markup {
    html! {
        hx-partial hx-target={ "#" (id) } hx-swap="afterbegin" { (fragment) }
    }
}

/// Returns a message about the last command, wrapped so that htmx shows it in the notice region.
pub fn notice(locale: Locale, kind: Notice, message: &str) -> Markup {
    // The content of the region is replaced rather than morphed. Screen readers and the animation
    // then start again, even if the text is the same.
    html! {
        hx-partial hx-target="#notice" hx-swap="innerHTML" { (sentence(locale, kind, message)) }
    }
}

/// Returns the notice region with the outcome of the command that led to the page, and the messages
/// that scripts show: in the region when a command fails on its way, and to screen readers when the
/// connection is lost and found.
fn notice_region(viewer: &Viewer) -> Markup {
    let locale = viewer.locale;
    html! {
        div #notice .notice role="status" aria-live="polite" {
            @if let Some((kind, message)) = &viewer.notice {
                (sentence(locale, *kind, message))
            }
        }
        @for (id, key) in FAILURES {
            template id=(id) { (sentence(locale, Notice::Error, &locale.text(key))) }
        }
        p #connection .unseen role="status" data-lost=(locale.text("layout-connection-lost"))
            data-found=(locale.text("layout-connection-found")) {}
    }
}

fn sentence(locale: Locale, kind: Notice, message: &str) -> Markup {
    let (class, prefix) = match kind {
        Notice::Success => ("success", "layout-success"),
        Notice::Error => ("error", "layout-error"),
    };
    html! { p .(class) { span.unseen { (locale.text(prefix)) " " } (message) } }
}

/// Returns the address of the socket, with what the page shows, the topics to subscribe to besides
/// those of what it shows, the last event seen, and the visitor that the page is rendered for.
fn live_address(viewer: &Viewer, shown: Shown) -> String {
    let session = viewer.account.is_some().then_some(Topic::Session);
    let orders = admin::is_admin(viewer).then_some(Topic::Payments);
    let topics = [Topic::Cart].into_iter().chain(session).chain(orders);
    let topics: Vec<_> = topics.map(Topic::name).collect();
    let Viewer { event, tag, .. } = viewer;
    format!("/live?topics={}&shows={shown}&since={event}&visitor={tag}", topics.join(","))
}

fn footer(locale: Locale) -> Markup {
    let zone = site().time_zone.iana_name().unwrap_or_default();
    html! {
        footer.footer {
            p { "MicroShop · " (locale.text("layout-motto")) }
            // Scripts show times in the time zone of the reader.
            noscript { (locale.text_with("layout-time-zone", &[("zone", zone.into())])) }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::article::ArticleId;
    use domain::user::Role;

    use super::*;
    use crate::sample::lines;
    use crate::viewer::Account;

    fn viewer(locale: Locale, account: Option<Account>) -> Viewer {
        Viewer {
            locale,
            tag: account.as_ref().map_or("new", |_| "7").to_owned(),
            account,
            cart_count: 2,
            event: 41,
            path: "/articles?page=2&sort=price".to_owned(),
            notice: None,
            default_password: false,
        }
    }

    fn admin() -> Account {
        Account { username: "admin".to_owned(), role: Role::Admin }
    }

    #[test]
    fn a_page_has_a_header_a_notice_region_and_a_footer_around_its_main_part() {
        let guest = page(
            &viewer(Locale::Fr, None),
            "Catalogue",
            Shown::Articles(None),
            html! { p { "…" } },
        );
        insta::assert_snapshot!("page_guest_fr", lines(&guest));
        let admin = Viewer {
            default_password: true,
            notice: Some((Notice::Success, "Done.".to_owned())),
            ..viewer(Locale::En, Some(admin()))
        };
        insta::assert_snapshot!(
            "page_admin_en",
            lines(&page(&admin, "Administration", Shown::Payments, html! {}))
        );
    }

    #[test]
    fn every_page_subscribes_to_the_cart_the_session_and_for_administrators_to_orders() {
        assert_eq!(
            live_address(&viewer(Locale::Fr, None), Shown::Nothing),
            "/live?topics=cart&shows=nothing&since=41&visitor=new"
        );
        for (role, topics) in
            [(Role::Customer, "cart,session"), (Role::Admin, "cart,session,payments")]
        {
            let signed_in = viewer(Locale::Fr, Some(Account { role, ..admin() }));
            assert_eq!(
                live_address(&signed_in, Shown::Articles(None)),
                format!("/live?topics={topics}&shows=articles&since=41&visitor=7")
            );
        }
    }

    #[test]
    fn the_title_of_a_page_of_a_list_differs_from_that_of_its_first_page() {
        let title = |after| title_of(Locale::En, "Catalogue", Shown::Articles(after));
        assert_eq!(title(None), "Catalogue");
        assert_eq!(title(Some(ArticleId(24))), "Catalogue, continued");
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
