//! The page of the log: its events, the newest first.

use domain::event::filter::{Filter, Subject};
use domain::event::kind::Kind;
use domain::event::{Entry, Event};
use domain::session::EndReason;
use domain::shown::Shown;
use maud::{Markup, html};

use super::payment::{light, mode_keys};
use crate::draft::Draft;
use crate::form::{Input, field};
use crate::format::time;
use crate::locale::Locale;
use crate::order::badge;

/// An event with its JSON.
pub struct Row<'a> {
    /// The event.
    pub entry: &'a Entry,
    /// The JSON that programs receive.
    pub json: String,
}

/// A page of the log.
pub struct Events<'a> {
    /// The events, the newest first.
    pub rows: &'a [Row<'a>],
    /// The first and the last event that were examined, and the oldest and the newest in the log;
    /// `None` on a page to which new events are added.
    pub range: Option<(u64, u64, u64, u64)>,
    /// The event after which the next newer page begins; `None` if there is none.
    pub newer: Option<u64>,
    /// The event before which the next older page ends; `None` if there is none.
    pub older: Option<u64>,
}

/// Returns the form that chooses the events.
pub fn filter_form(locale: Locale, draft: &Draft) -> Markup {
    let input = Input { name: "subject", longest: 100, is_optional: true, ..Input::default() };
    html! {
        form #event-filter .panel.numbers action="/admin/events" method="get" role="search" {
            (field(&locale.text("event-type"), &html! {
                select name="type" {
                    option value="" { (locale.text("event-all")) }
                    @for kind in Kind::ALL {
                        option value=(kind.name()) selected[draft.value("type") == kind.name()] {
                            (locale.text(kind_key(kind)))
                        }
                    }
                }
            }))
            div { (input.render(&locale.text("event-subject"), draft)) }
            button.quiet { (locale.text("event-filter")) }
        }
    }
}

/// Returns the panel around a list. New events are added to the list if the page follows the log; a
/// script shows the button that pauses that.
pub fn panel(locale: Locale, shown: Shown, list: &Markup) -> Markup {
    html! {
        section #events .panel aria-label=(locale.text("page-events")) {
            @if shown != Shown::Nothing {
                div #event-follow .follow hidden {
                    button #event-pause .quiet type="button"
                        data-resume=(locale.text("event-resume")) {
                        (locale.text("event-pause"))
                    }
                    p #event-waiting role="status" data-none=(locale.text("event-waiting-none"))
                        data-some=(locale.text("event-waiting"))
                        data-following=(locale.text("event-following")) {}
                }
            }
            (list)
        }
    }
}

/// Returns the list of a page, with the links to the others.
pub fn list(locale: Locale, filter: Filter, events: &Events<'_>) -> Markup {
    html! {
        div #event-list {
            ol #event-rows .log reversed { (rows(locale, events.rows)) }
            p.quiet { (locale.text("event-none")) }
            (pager(locale, filter, events))
        }
    }
}

/// Returns the rows of a list.
pub fn rows(locale: Locale, rows: &[Row<'_>]) -> Markup {
    html! { @for row in rows { (self::row(locale, row)) } }
}

/// Returns the links to the other pages. On a page that follows the log, a script shows the one to
/// older events when it removes rows.
fn pager(locale: Locale, filter: Filter, events: &Events<'_>) -> Markup {
    let first = address(filter);
    let page = |place: &str, id: u64| format!("{first}&{place}={id}");
    html! {
        nav.pager aria-label=(locale.text("pager-label")) {
            @if events.range.is_some() {
                a #pager-first href=(first) { (locale.text("event-newest")) }
            }
            @if let Some(newer) = events.newer {
                a #pager-previous rel="prev" href=(page("after", newer)) {
                    (locale.text("event-newer"))
                }
            }
            @if let Some((from, to, first, last)) = events.range {
                @let numbers = [("from", from), ("to", to), ("first", first), ("last", last)];
                span aria-current="page" {
                    (locale.text_with(
                        "event-range",
                        &numbers.map(|(name, id)| (name, id.to_string().into())),
                    ))
                }
            }
            a #pager-next rel="next" href=(page("before", events.older.unwrap_or(1)))
                hidden[events.older.is_none()] { (locale.text("event-older")) }
        }
    }
}

fn row(locale: Locale, Row { entry, json }: &Row<'_>) -> Markup {
    html! {
        li id={ "event-" (entry.id) } hx-morph-skip {
            p.what {
                span.quiet { (entry.id) " · " (time(locale, entry.at)) }
                strong { (locale.text(kind_key(entry.event.kind()))) }
                (about(locale, &entry.event))
                @if let Some(by) = &entry.by {
                    span.quiet {
                        (locale.text_with("event-by", &[("name", by.username.as_str().into())]))
                    }
                }
            }
            details {
                summary { "JSON" span.unseen { " (" (entry.id) ")" } }
                pre tabindex="0" { (json) }
            }
        }
    }
}

/// Returns what an event is about, as links to the events about it, and its new state.
fn about(locale: Locale, event: &Event) -> Markup {
    match event {
        Event::CartChanged { owner, cart } => html! {
            @if let Some(subject) = Subject::of_owner(owner) { (link(subject, None)) " " }
            (locale.text_with("order-units", &[("count", cart.item_count().into())]))
        },
        Event::ArticleAdded(article) | Event::ArticleChanged(article) => {
            link(Subject::Article(article.id), Some(&article.name))
        }
        Event::ArticleRemoved { id } => link(Subject::Article(*id), None),
        Event::OrderPlaced(order) | Event::OrderChanged(order) => html! {
            a href={ "/admin/orders/" (order.id) } { (order.id.number()) } " "
            (badge(locale, order))
        },
        Event::UserAdded(user) | Event::UserChanged(user) | Event::UserDeleted(user) => {
            link(Subject::Id(user.id.0), Some(user.username.as_str()))
        }
        Event::SessionOpened(session) => {
            link(Subject::Id(session.user.0), Some(session.username.as_str()))
        }
        Event::SessionEnded { user, reason, .. } => html! {
            (link(Subject::Id(user.0), None)) " " (locale.text(reason_key(*reason)))
        },
        Event::BreakerChanged(breaker) => light(locale, breaker.state),
        Event::BankChanged(behaviour) => html! {
            a href="/admin/payments" { (locale.text("admin-bank")) } " "
            (locale.text(mode_keys(behaviour.mode).0))
        },
        Event::ShopOpened { version } => html! { (version) },
        Event::ShopClosing => html! {},
    }
}

/// Returns a link to the events about a subject. An id without a name is shown by its last digits.
fn link(subject: Subject, name: Option<&str>) -> Markup {
    let text = subject.to_string();
    let short = match subject {
        Subject::Id(_) => text.get(text.len().saturating_sub(8)..).unwrap_or(&text),
        _ => &text,
    };
    let filter = Filter { kind: None, subject: Some(subject) };
    html! { a href=(address(filter)) { (name.unwrap_or(short)) } }
}

/// Returns the address of the first page of the events that a filter admits.
fn address(filter: Filter) -> String {
    let subject = filter.subject.map(|subject| subject.to_string()).unwrap_or_default();
    format!("/admin/events?type={}&subject={subject}", filter.kind.map_or("", Kind::name))
}

fn reason_key(reason: EndReason) -> &'static str {
    match reason {
        EndReason::SignedOut => "event-signed-out",
        EndReason::PasswordChanged => "event-password-changed",
        EndReason::UserChanged => "event-user-was-changed",
        EndReason::TokenReused => "event-token-reused",
    }
}

/// Returns the key of the name of a kind of events.
pub(super) fn kind_key(kind: Kind) -> &'static str {
    match kind {
        Kind::CartChanged => "event-cart-changed",
        Kind::ArticleAdded => "event-article-added",
        Kind::ArticleChanged => "event-article-changed",
        Kind::ArticleRemoved => "event-article-removed",
        Kind::OrderPlaced => "event-order-placed",
        Kind::OrderChanged => "event-order-changed",
        Kind::UserAdded => "event-user-added",
        Kind::UserChanged => "event-user-changed",
        Kind::UserDeleted => "event-user-deleted",
        Kind::SessionOpened => "event-session-opened",
        Kind::SessionEnded => "event-session-ended",
        Kind::BreakerChanged => "event-breaker-changed",
        Kind::BankChanged => "event-bank-changed",
        Kind::ShopOpened => "event-shop-opened",
        Kind::ShopClosing => "event-shop-closing",
    }
}

#[cfg(test)]
mod tests {
    use domain::bank::Behaviour;
    use domain::breaker::Breaker;
    use domain::cart::{Cart, Owner};
    use domain::event::Entry;
    use domain::user::{Author, Role};

    use super::*;
    use crate::sample::{HOSTILE, article, lines, moment, user};

    fn entries() -> Vec<Entry> {
        let mut hostile = article(1, HOSTILE, 100, 2);
        hostile.description = String::new();
        let guest = Owner::Guest("0a1b2c3d".repeat(8));
        let cart = Cart::empty(moment());
        let events = [
            Event::CartChanged { owner: guest, cart },
            Event::ArticleChanged(hostile),
            Event::UserAdded(user("ana", Role::Customer)),
            Event::BreakerChanged(Breaker::default()),
            Event::BankChanged(Behaviour::default()),
            Event::ShopOpened { version: "1.0.0".to_owned() },
        ];
        let boss = user("boss", Role::Admin);
        let by = Some(Author { id: boss.id, username: "boss".to_owned() });
        let entry = |(id, event)| Entry { id, at: moment(), event, by: by.clone() };
        let mut entries: Vec<_> = (41..).zip(events).map(entry).collect();
        entries.reverse();
        entries
    }

    fn shown(
        range: Option<(u64, u64, u64, u64)>,
        newer: Option<u64>,
        older: Option<u64>,
    ) -> String {
        let entries = entries();
        let row = |entry| Row { entry, json: format!("{{ \"name\": \"{HOSTILE}\" }}") };
        let rows: Vec<_> = entries.iter().map(row).collect();
        let events = Events { rows: &rows, range, newer, older };
        let filter = Filter { kind: Some(Kind::ArticleChanged), subject: None };
        lines(&panel(Locale::En, Shown::Events(filter), &list(Locale::En, filter, &events)))
    }

    #[test]
    fn every_event_says_what_it_is_about_and_shows_its_json() {
        insta::assert_snapshot!("events_en", shown(None, None, None));
        let page = shown(Some((41, 46, 1, 90)), Some(46), Some(41));
        assert!(page.contains("&amp;after=46") && page.contains("&amp;before=41"), "{page}");
        assert!(page.contains("41–46") && page.contains("1–90"), "{page}");
    }

    #[test]
    fn the_form_keeps_the_chosen_events() {
        let typed = vec![
            ("type".to_owned(), "cart.changed".to_owned()),
            ("subject".to_owned(), HOSTILE.to_owned()),
        ];
        let draft = Draft { typed, refusal: None };
        insta::assert_snapshot!("event_filter_fr", lines(&filter_form(Locale::Fr, &draft)));
    }
}
