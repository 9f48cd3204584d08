//! The log of events of the REST API, for administrators.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;
use serde_json::json;

use super::PageOf;
use crate::auth::bearer::Admin;
use crate::error::Problem;
use crate::error::code::Code;
use crate::log;
use crate::objects::event::detailed_json;
use crate::query::Parameters;
use crate::state::AppState;

/// The query that selects a section of the log.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventsQuery {
    /// The event after which the section starts; `None` starts with the oldest.
    after: Option<u64>,
    /// The most events to return.
    limit: Option<usize>,
    /// The type of the events; `None` stands for all.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// What the events are about; `None` stands for everything.
    subject: Option<String>,
}

/// `GET /api/events`: lists events of the log, oldest first, each as a socket sends it.
///
/// Not only `limit` ends a page, but also the number of events that one request examines.
pub async fn list_events(
    _: Admin,
    state: Data<AppState>,
    Parameters(query): Parameters<EventsQuery>,
) -> Result<HttpResponse, Problem> {
    let EventsQuery { after, limit, kind, subject } = query;
    let limit = PageOf { after, limit }.limit()?;
    let filter = log::filter(&state.shop, kind.as_deref(), subject.as_deref()).await?;
    let unavailable = |error| Problem::because(Code::Unavailable, error);
    let last = state.shop.caught_up().await.map_err(unavailable)?;
    let replays = &state.shop.replays;
    let section = replays.section_after(after.unwrap_or(0), filter, limit, last).await;
    let section = section.map_err(unavailable)?;
    let events: Vec<_> = section.entries.iter().map(|entry| detailed_json(entry)).collect();
    // Without `after`, the reader takes what there is.
    let missed = after.map_or(0, |after| (section.first - 1).saturating_sub(after));
    Ok(HttpResponse::Ok().json(json!({
        "success": true,
        "count": events.len(),
        "first": section.first,
        "last": section.last,
        "missed": missed,
        "next": (section.until < section.last).then_some(section.until),
        "events": events,
    })))
}
