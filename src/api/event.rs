//! The log of events of the REST API, for administrators.

use actix_web::web::Data;
use domain::event::{Entry, Event};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::page_limit;
use crate::answer::{Answered, Example, Success, success};
use crate::auth::bearer::Admin;
use crate::error::Problem;
use crate::error::code::Code;
use crate::log;
use crate::objects::event::{LoggedEvent, detailed_json};
use crate::objects::example;
use crate::query::Parameters;
use crate::state::AppState;

/// The query that selects a section of the log.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventsQuery {
    /// The event after which the section starts; the oldest one is first if absent.
    after: Option<u64>,
    /// The most events to return.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<usize>,
    /// The type of the events; all if absent.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// What the events are about; everything if absent.
    subject: Option<String>,
}

/// A section of the log.
#[derive(Serialize, JsonSchema)]
pub struct Section {
    count: usize,
    /// The oldest event that the log still has.
    first: u64,
    /// The newest event of the log.
    last: u64,
    /// How many events after `after` the log no longer has.
    missed: u64,
    /// What `after` must be for the next page; `null` on the last page.
    next: Option<u64>,
    events: Vec<LoggedEvent>,
}

impl Example for Section {
    fn example() -> Value {
        let entry = Entry {
            id: 41,
            at: example::NOW,
            event: Event::ArticleChanged(example::article()),
            by: None,
        };
        json!({
            "count": 1,
            "first": 1,
            "last": 41,
            "missed": 0,
            "next": null,
            "events": [detailed_json(&entry)],
        })
    }
}

/// `GET /api/events`: lists events of the log, oldest first, each as a socket sends it.
///
/// Not only `limit` ends a page, but also the number of events that one request examines.
pub async fn list_events(
    _: Admin,
    state: Data<AppState>,
    Parameters(query): Parameters<EventsQuery>,
) -> Answered<Success<Section>> {
    let EventsQuery { after, limit, kind, subject } = query;
    let limit = page_limit(limit)?;
    let filter = log::filter(&state.shop, kind.as_deref(), subject.as_deref()).await?;
    let unavailable = |error| Problem::because(Code::Unavailable, error);
    let last = state.shop.caught_up().await.map_err(unavailable)?;
    let replays = &state.shop.replays;
    let section = replays.section_after(after.unwrap_or(0), filter, limit, last).await;
    let section = section.map_err(unavailable)?;
    let events: Vec<_> = section.entries.iter().map(|entry| detailed_json(entry)).collect();
    // Without `after`, the reader takes what there is.
    let missed = after.map_or(0, |after| (section.first - 1).saturating_sub(after));
    Ok(success(Section {
        count: events.len(),
        first: section.first,
        last: section.last,
        missed,
        next: (section.until < section.last).then_some(section.until),
        events,
    }))
}
