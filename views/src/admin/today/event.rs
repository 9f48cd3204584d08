//! The last events of the log, in words.

use std::sync::Arc;

use domain::cart::Owner;
use domain::event::{Entry, Event};
use maud::{Markup, html};

use crate::admin::event::kind_key;
use crate::admin::payment::{mode_keys, state_key};
use crate::format::time;
use crate::locale::Locale;
use crate::order::{badge, title};

/// The keys of the column titles.
const COLUMNS: [&str; 3] = ["today-event-at", "today-event-kind", "today-event-subject"];

/// Returns the table of the last events.
pub(super) fn panel(locale: Locale, events: &[Arc<Entry>]) -> Markup {
    html! {
        section #today-events .panel {
            h2 { (locale.text("today-events")) }
            @if events.is_empty() {
                p.quiet { (locale.text("today-events-none")) }
            } @else {
                div.scroll role="region" aria-label=(locale.text("today-events")) tabindex="0" {
                    table {
                        thead {
                            tr { @for key in COLUMNS { th scope="col" { (locale.text(key)) } } }
                        }
                        tbody {
                            @for entry in events {
                                tr id={ "event-" (entry.id) } {
                                    td { (time(locale, entry.at)) }
                                    th scope="row" { (locale.text(kind_key(entry.event.kind()))) }
                                    td.long { (subject(locale, &entry.event)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Returns what the event is about, as far as the event itself says.
fn subject(locale: Locale, event: &Event) -> Markup {
    html! {
        @match event {
            Event::CartChanged { owner, cart } => {
                (locale.text(match owner {
                    Owner::User(_) => "today-of-user",
                    Owner::Guest(_) => "today-of-guest",
                }))
                ", "
                (locale.text_with("order-units", &[("count", cart.item_count().into())]))
            }
            Event::ArticleAdded(article) | Event::ArticleChanged(article) => { (article.name) }
            Event::ArticleRemoved { id } => { (id) }
            Event::OrderPlaced(order) | Event::OrderChanged(order) => {
                (title(locale, order.id)) " " (badge(locale, order))
            }
            Event::UserAdded(user) | Event::UserChanged(user) | Event::UserDeleted(user) => {
                (user.username)
            }
            Event::SessionOpened(session) => { (session.username) }
            Event::SessionEnded { .. } | Event::ShopClosing => { "–" }
            Event::BreakerChanged(breaker) => { (locale.text(state_key(breaker.state))) }
            Event::ShopOpened { version } => { (version) }
            Event::BankChanged(behaviour) => { (locale.text(mode_keys(behaviour.mode).0)) }
        }
    }
}
