//! The page of the log: its events, the newest first.

use actix_web::HttpResponse;
use actors::live::log::Section;
use domain::event::filter::Filter;
use domain::shown::Shown;
use maud::{Markup, html};
use serde::Deserialize;
use views::admin::event::{self, Events};
use views::draft::{Draft, Refusal};
use views::locale::Locale;

use crate::auth::browser::{Administrator, Member, Visitor};
use crate::error::Problem;
use crate::error::code::Code;
use crate::log;
use crate::objects::event::detailed_text;
use crate::pages::{refused, render_page};
use crate::query::Parameters;
use crate::state::AppState;

/// The most events that a page shows when it is rendered.
const LISTED: usize = 50;

/// The query of a page of the log: an empty parameter is none.
#[derive(Deserialize)]
pub struct EventsQuery {
    /// The event before which the page ends.
    before: Option<u64>,
    /// The event after which the page begins.
    after: Option<u64>,
    /// The type of the events.
    #[serde(rename = "type", default)]
    kind: String,
    /// What the events are about.
    #[serde(default)]
    subject: String,
}

/// `GET /admin/events`: shows a page of the log. The first page is kept up to date.
pub async fn show_events(
    Administrator(Member { visitor, .. }): Administrator,
    Parameters(query): Parameters<EventsQuery>,
) -> Result<HttpResponse, Problem> {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let kind = given(&query.kind);
    let subject = given(query.subject.trim());
    let filter = log::filter(&visitor.state.shop, kind.as_deref(), subject.as_deref()).await;
    let typed = vec![("type".to_owned(), query.kind), ("subject".to_owned(), query.subject)];
    let draft = Draft { typed, refusal: None };
    let filter = match filter {
        Ok(filter) => filter,
        Err(problem) if problem.code == Code::InvalidQuery => {
            return refuse(&visitor, &problem, draft).await;
        }
        Err(problem) => return Err(problem),
    };
    let locale = visitor.locale;
    let shop = &visitor.state.shop;
    let shown = match (query.before, query.after) {
        (None, None) => Shown::Events(filter),
        _ => Shown::Nothing,
    };
    render_page(&visitor, "page-events", shown, async {
        let list = match (query.before, query.after) {
            (None, None) => render_newest(&visitor.state, locale, filter, visitor.event).await?,
            (Some(before), _) => {
                let section =
                    shop.replays.section_before(before, filter, LISTED, visitor.event).await;
                static_page(locale, filter, &section.map_err(unavailable)?)
            }
            (None, Some(after)) => {
                let section =
                    shop.replays.section_after(after, filter, LISTED, visitor.event).await;
                static_page(locale, filter, &section.map_err(unavailable)?)
            }
        };
        Ok(html! {
            (event::filter_form(locale, &draft))
            (event::panel(locale, shown, &list))
        })
    })
    .await
}

/// Renders the newest events up to `position`, and the link to older ones.
pub async fn render_newest(
    state: &AppState,
    locale: Locale,
    filter: Filter,
    position: u64,
) -> Result<Markup, Problem> {
    let section = state.shop.replays.section_before(u64::MAX, filter, LISTED, position).await;
    let section = section.map_err(unavailable)?;
    let older = older(&section);
    Ok(event::list(
        locale,
        filter,
        &Events { rows: &rows(&section), range: None, newer: None, older },
    ))
}

/// Renders the events after `since` up to `position`; `None` if there are too many of them.
pub async fn render_new(
    state: &AppState,
    locale: Locale,
    filter: Filter,
    since: u64,
    position: u64,
) -> Result<Option<Markup>, Problem> {
    let section = state.shop.replays.section_after(since, filter, LISTED, position).await;
    let section = section.map_err(unavailable)?;
    let is_whole = section.after == since && section.until == position;
    Ok(is_whole.then(|| event::rows(locale, &rows(&section))))
}

/// Renders a page that does not change.
fn static_page(locale: Locale, filter: Filter, section: &Section) -> Markup {
    let newer = (section.until < section.last).then_some(section.until);
    let range = Some((section.after + 1, section.until, section.first, section.last));
    event::list(
        locale,
        filter,
        &Events { rows: &rows(section), range, newer, older: older(section) },
    )
}

/// Returns the event before which the next older page ends; `None` on the last page.
fn older(section: &Section) -> Option<u64> {
    (section.after >= section.first).then_some(section.after + 1)
}

/// Returns the events, the newest first, with their JSON.
fn rows(section: &Section) -> Vec<event::Row<'_>> {
    let rows = section.entries.iter().rev();
    rows.map(|entry| event::Row { entry, json: detailed_text(entry) }).collect()
}

async fn refuse(
    visitor: &Visitor,
    problem: &Problem,
    draft: Draft,
) -> Result<HttpResponse, Problem> {
    let message = visitor.locale.text("event-no-subject");
    let refusal = Some(Refusal { message: message.to_string(), field: Some("subject".to_owned()) });
    let draft = Draft { refusal, ..draft };
    let form = async { Ok(event::filter_form(visitor.locale, &draft)) };
    let page = render_page(visitor, "page-events", Shown::Nothing, form).await?;
    Ok(refused(problem, page))
}

fn unavailable(error: impl ToString) -> Problem {
    Problem::because(Code::Unavailable, error)
}
