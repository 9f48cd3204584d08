//! The first page of the desk: the figures of today, what is to do, and the last events.

use std::sync::Arc;

use domain::event::Entry;
use domain::money::Cents;
use domain::statistics::Recount;
use domain::statistics::today::Today;
use maud::{Markup, html};

use super::payment::light;
use crate::format::{money, signed_money};
use crate::locale::Locale;

mod bars;
mod event;

/// The page of orders to be shipped, and of those whose payment or refund needs attention.
const TO_SHIP: &str = "/admin/orders?status=to_ship";
const PROBLEMS: &str = "/admin/orders?status=problem";

/// The list of unknown payments.
const UNKNOWN: &str = "/admin/payments#unknown-payments";

/// The page of all articles: those that run out come first.
const ARTICLES: &str = "/admin/articles";

/// Returns everything on the page that changes. `events` are the last events of the log, the newest
/// first.
pub fn panel(locale: Locale, today: &Today, events: &[Arc<Entry>]) -> Markup {
    html! {
        div #today {
            @if today.counts.totals.recount != Recount::Done {
                p.problem { (locale.text("today-recount")) }
            }
            (figures(locale, today))
            (to_do(locale, today))
            (bars::panel(locale, today))
            (server(locale, today))
            (event::panel(locale, events))
        }
    }
}

fn figures(locale: Locale, today: &Today) -> Markup {
    let sums = today.sums();
    let zone = today.time_zone.iana_name().unwrap_or_default();
    let average =
        sums.average_cents().map_or("–".to_owned(), |cents| money(locale, Cents(cents)));
    html! {
        section #today-figures .panel {
            h2 { (locale.text("today-figures")) }
            dl.figures {
                (figure(locale, "today-revenue", &signed_money(locale, sums.revenue())))
                (figure(locale, "today-orders", &sums.placed.to_string()))
                (figure(locale, "today-basket", &average))
                (figure(locale, "today-paid", &sums.paid.to_string()))
                (figure(locale, "today-declined", &sums.declined.count.to_string()))
                (figure(locale, "today-waiting", &today.counts.totals.standing.waiting.to_string()))
                (figure(locale, "today-visitors", &today.visitors.to_string()))
                (figure(locale, "today-sockets", &today.sockets.to_string()))
            }
            p.quiet { (locale.text_with("today-zone", &[("zone", zone.into())])) }
        }
    }
}

fn figure(locale: Locale, key: &str, value: &str) -> Markup {
    html! {
        div id=(key) { dt { (locale.text(key)) } dd { (value) } }
    }
}

fn to_do(locale: Locale, today: &Today) -> Markup {
    let standing = &today.counts.totals.standing;
    html! {
        section #today-to-do .panel {
            h2 { (locale.text("today-to-do")) }
            ul.to-do {
                (task(locale, "today-to-ship", standing.to_ship, TO_SHIP))
                (task(locale, "today-unpaid", standing.declined, PROBLEMS))
                (task(locale, "today-low-stock", today.low_stock as u64, ARTICLES))
                (task(locale, "today-refunding", standing.refunding, PROBLEMS))
                (task(locale, "today-unknown", standing.unknown, UNKNOWN))
            }
        }
    }
}

/// Returns how many things wait for an administrator, with the page that shows them.
fn task(locale: Locale, key: &str, count: u64, href: &str) -> Markup {
    let text = locale.text_with(key, &[("count", count.into())]);
    let class = (count > 0).then_some("due");
    html! {
        li id=(key) class=[class] {
            strong { (count) } " "
            a href=(href) { (text) }
        }
    }
}

fn server(locale: Locale, today: &Today) -> Markup {
    let minutes = today.uptime.as_secs() / 60;
    let (hours, days) = (minutes / 60, minutes / 60 / 24);
    let uptime = if days > 0 {
        locale.text_with("today-days", &[("days", days.into()), ("hours", (hours % 24).into())])
    } else {
        let rest = ("minutes", (minutes % 60).into());
        locale.text_with("today-hours", &[("hours", hours.into()), rest])
    };
    html! {
        section #today-server .panel {
            h2 { (locale.text("today-server")) }
            dl.facts {
                div { dt { (locale.text("admin-breaker")) } dd { (light(locale, today.breaker)) } }
                div { dt { (locale.text("today-version")) } dd { (today.version) } }
                div { dt { (locale.text("today-node")) } dd { (today.node) } }
                div { dt { (locale.text("today-uptime")) } dd { (uptime) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::breaker::State;
    use domain::event::Event;
    use domain::order::OrderStatus;
    use domain::payment::PaymentStatus;
    use domain::statistics::Counts;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::sample::{article, lines, moment, order};

    fn today(counts: Counts) -> Today {
        Today {
            now: moment(),
            time_zone: TimeZone::UTC,
            counts: Arc::new(counts),
            low_stock: 2,
            sockets: 3,
            visitors: 2,
            breaker: State::HalfOpen { until: None },
            version: "1.2.3",
            node: "127.0.0.1:5000".into(),
            uptime: Duration::from_secs(90_000),
        }
    }

    fn counts() -> Counts {
        let mut counts = Counts::default();
        let orders = [
            order(OrderStatus::Paid, 1, PaymentStatus::Succeeded),
            order(OrderStatus::PendingPayment, 1, PaymentStatus::Unknown),
            order(OrderStatus::Refunded, 1, PaymentStatus::Succeeded),
        ];
        for order in &orders {
            counts.recount(order, None, moment());
        }
        counts
    }

    #[test]
    fn the_page_shows_figures_tasks_bars_and_events() {
        let paid = order(OrderStatus::Paid, 1, PaymentStatus::Succeeded);
        let events = [
            Event::OrderChanged(paid),
            Event::ArticleChanged(article(2, "Souris", 2_990, 3)),
            Event::ShopOpened { version: "1.2.3".into() },
        ];
        let entries: Vec<_> = (1..)
            .zip(events)
            .map(|(id, event)| Arc::new(Entry { id, at: moment(), event, by: None }))
            .collect();
        insta::assert_snapshot!("today_en", lines(&panel(Locale::En, &today(counts()), &entries)));
    }

    #[test]
    fn a_page_without_orders_says_so_and_one_that_is_being_counted_too() {
        let page = panel(Locale::Fr, &today(Counts::default()), &[]);
        assert!(page.0.contains("–") && page.0.contains("Aucun événement"), "{}", page.0);
        assert!(!page.0.contains("class=\"due\" id=\"today-to-ship\""));
        let mut counts = counts();
        counts.totals.recount = Recount::UpTo(None);
        let page = panel(Locale::Fr, &today(counts), &[]);
        assert!(page.0.contains("en cours de comptage"), "{}", page.0);
    }
}
