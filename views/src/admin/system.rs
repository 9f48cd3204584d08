//! The page of a node: its actors, sockets, store and process.

use std::collections::BTreeMap;

use domain::system::{ActorReport, System};
use maud::{Markup, html};

use crate::form::{Dangerous, command};
use crate::format::second;
use crate::locale::Locale;

/// The keys of the column titles of the actors.
const COLUMNS: [&str; 6] = [
    "system-actor",
    "system-state",
    "system-waiting",
    "system-per-second",
    "system-handled",
    "system-restarts",
];

/// The actors, and the keys of their names.
const ACTORS: [(&str, &str); 8] = [
    ("sessions", "system-sessions"),
    ("users", "system-users"),
    ("catalogue", "system-catalogue"),
    ("carts", "system-carts"),
    ("payments", "system-payments"),
    ("orders", "system-orders"),
    ("statistics", "system-statistics"),
    ("hub", "system-hub"),
];

/// The numbers of the states of actors, and the keys of their names.
const NUMBERS: [(&str, &str); 14] = [
    ("cached", "system-cached"),
    ("revoked", "system-revoked"),
    ("hashing", "system-hashing"),
    ("throttled", "system-throttled"),
    ("articles", "system-articles"),
    ("active", "system-active"),
    ("free_calls", "system-free-calls"),
    ("waiting_calls", "system-waiting-calls"),
    ("pending", "system-pending"),
    ("calling", "system-calling"),
    ("queued", "system-queued"),
    ("recounting", "system-recounting"),
    ("subscribers", "system-subscribers"),
    ("channels", "system-channels"),
];

/// Returns everything on the page that changes. `chaos` says whether administrators may disturb the
/// node.
pub fn panel(locale: Locale, system: &System, chaos: bool) -> Markup {
    html! {
        div #system {
            (actors(locale, &system.actors, chaos))
            (sockets(locale, system, chaos))
            (store(locale, system))
            (process(locale, system))
        }
    }
}

fn actors(locale: Locale, actors: &[ActorReport], chaos: bool) -> Markup {
    html! {
        section #actors .panel {
            h2 { (locale.text("system-actors")) }
            div.scroll role="region" aria-label=(locale.text("system-actors")) tabindex="0" {
                table {
                    thead {
                        tr {
                            @for key in COLUMNS { th scope="col" { (locale.text(key)) } }
                            @if chaos { th scope="col" { (locale.text("system-kill")) } }
                        }
                    }
                    tbody {
                        @for actor in actors { (row(locale, actor, chaos)) }
                    }
                }
            }
        }
    }
}

fn row(locale: Locale, actor: &ActorReport, chaos: bool) -> Markup {
    let name = name(locale, &ACTORS, actor.name);
    html! {
        tr id={ "actor-" (actor.name) } {
            th scope="row" { (name) }
            td { (state(locale, actor)) (failure(locale, actor)) }
            td data-label=(locale.text("system-waiting")) { (actor.waiting) }
            td data-label=(locale.text("system-per-second")) { (actor.per_second) }
            td data-label=(locale.text("system-handled")) { (actor.handled) }
            td data-label=(locale.text("system-restarts")) {
                span.restarts { (actor.restarts) }
                @if let Some(at) = actor.restarted_at { " (" (second(at)) ")" }
            }
            @if chaos { td { (kill_form(locale, actor.name, &name)) } }
        }
    }
}

fn state(locale: Locale, actor: &ActorReport) -> Markup {
    let Some(numbers) = &actor.state else {
        return html! { span.badge.pending { (locale.text("system-silent")) } };
    };
    html! {
        span.badge.good { (locale.text("system-running")) } " "
        @for (place, (number, count)) in numbers.iter().enumerate() {
            @if place > 0 { ", " }
            (name(locale, &NUMBERS, number)) " " (count)
        }
    }
}

/// Returns when and why a message to the actor failed last, in the words of the log.
fn failure(locale: Locale, actor: &ActorReport) -> Markup {
    html! {
        @if let Some(failure) = &actor.failure {
            p.quiet.last-failure {
                (locale.text("system-failed")) " " (second(failure.at)) " · " (failure.text)
            }
        }
    }
}

fn kill_form(locale: Locale, actor: &str, name: &str) -> Markup {
    let action = format!("/admin/system/kill/{actor}");
    let question = locale.text_with("system-kill-question", &[("actor", name.into())]);
    let kill = Dangerous { action: &action, class: "link", question: &question };
    kill.render(&html! { (locale.text("system-kill")) span.unseen { " (" (name) ")" } })
}

fn sockets(locale: Locale, system: &System, chaos: bool) -> Markup {
    let sockets = &system.sockets;
    html! {
        section #sockets .panel {
            h2 { (locale.text("system-sockets")) }
            dl.facts {
                (fact(locale, "system-open", &sockets.open.to_string()))
                (fact(locale, "system-lagging", &sockets.lagging.to_string()))
                (fact(locale, "system-high-water", &sockets.high_water.to_string()))
            }
            (counts(locale, "system-topics", &sockets.topics))
            (counts(locale, "system-pages", &sockets.pages))
            @if chaos {
                (command("/admin/system/cut", &html! {
                    button.quiet { (locale.text("system-cut")) }
                }))
            }
        }
    }
}

fn counts(locale: Locale, title: &str, counts: &BTreeMap<&'static str, usize>) -> Markup {
    html! {
        h3 { (locale.text(title)) }
        dl.facts {
            @for (name, count) in counts { div { dt { code { (name) } } dd { (count) } } }
        }
    }
}

fn store(locale: Locale, system: &System) -> Markup {
    let store = &system.store;
    html! {
        section #store .panel {
            h2 { (locale.text("system-store")) }
            dl.facts {
                (fact(locale, "system-last-event", &store.last_event.to_string()))
                @for follower in &system.followers {
                    div {
                        dt {
                            (locale.text("system-read-by")) " "
                            (name(locale, &ACTORS, follower.name))
                        }
                        dd { (follower.position) }
                    }
                }
                (fact(locale, "system-commits", &store.commits.to_string()))
                (fact(locale, "system-commits-per-second", &store.per_second.to_string()))
                (fact(locale, "system-commit-time", &milliseconds(store.commit_us)))
                @if let Some(sync_us) = store.sync_us {
                    (fact(locale, "system-sync-time", &milliseconds(sync_us)))
                }
                @if let Some(bytes) = store.bytes {
                    (fact(locale, "system-store-size", &mebibytes(bytes)))
                }
            }
        }
    }
}

fn process(locale: Locale, system: &System) -> Markup {
    html! {
        section #process .panel {
            h2 { (locale.text("system-process")) }
            dl.facts {
                (fact(locale, "system-version", system.version))
                (fact(locale, "system-node", &system.node))
                (fact(locale, "system-number", &system.process.to_string()))
                (fact(locale, "system-uptime", &duration(system.uptime_s)))
                @if let Some(usage) = system.usage {
                    (fact(locale, "system-cpu", &format!("{} s", usage.cpu_ms / 1_000)))
                    (fact(locale, "system-memory", &mebibytes(usage.memory_bytes)))
                }
            }
        }
    }
}

fn fact(locale: Locale, key: &str, value: &str) -> Markup {
    html! { div { dt { (locale.text(key)) } dd { (value) } } }
}

/// Returns the name for a word of the reports; the word itself if it has none.
fn name(locale: Locale, names: &[(&str, &str)], word: &str) -> String {
    let found = names.iter().find(|(own, _)| *own == word);
    found.map_or_else(|| word.to_owned(), |(_, key)| locale.text(key).to_string())
}

fn milliseconds(microseconds: u64) -> String {
    format!("{}.{} ms", microseconds / 1_000, microseconds % 1_000 / 100)
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}

fn duration(seconds: u64) -> String {
    let hours = seconds / 3_600;
    format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use domain::system::{Follower, LastFailure, SocketReport, StoreReport, Usage};

    use super::*;
    use crate::sample::{lines, moment};

    fn system() -> System {
        let actor = |name, state| ActorReport {
            name,
            waiting: 2,
            handled: 300,
            per_second: 4,
            restarts: 1,
            restarted_at: Some(moment()),
            state,
            failure: Some(LastFailure { at: moment(), text: "it panicked".to_owned() }),
        };
        System {
            version: "1.0.0",
            node: "127.0.0.1:5000".to_owned(),
            process: 7,
            uptime_s: 3_725,
            usage: Some(Usage { cpu_ms: 1_500, memory_bytes: 64 << 20 }),
            actors: vec![
                actor("orders", Some([("pending", 3), ("calling", 1)].into())),
                actor("hub", None),
            ],
            sockets: SocketReport {
                open: 5,
                topics: [("cart", 4)].into(),
                pages: [("desk-order", 1), ("program", 3)].into(),
                lagging: 1,
                high_water: 9,
            },
            store: StoreReport {
                last_event: 41,
                commits: 30,
                per_second: 2,
                commit_us: 3_250,
                sync_us: Some(2_900),
                bytes: Some(5 << 20),
            },
            followers: vec![Follower { name: "hub", position: 41 }],
        }
    }

    #[test]
    fn the_page_shows_the_node_and_how_to_disturb_it_if_that_is_allowed() {
        insta::assert_snapshot!("system_en", lines(&panel(Locale::En, &system(), true)));
        let calm = panel(Locale::Fr, &system(), false).0;
        assert!(!calm.contains("<form"), "{calm}");
    }
}
