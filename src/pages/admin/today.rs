//! The first page of the desk: the figures of today, what is to do, and the last events.

use actix_web::HttpResponse;
use domain::shown::Shown;
use maud::Markup;
use views::locale::Locale;

use crate::auth::browser::{Administrator, Member};
use crate::error::Problem;
use crate::pages::render_page;
use crate::state::AppState;
use crate::today::today;

/// The number of events that the page shows.
const EVENTS: usize = 20;

/// `GET /admin`: shows the page.
pub async fn show_today(
    Administrator(Member { visitor, .. }): Administrator,
) -> Result<HttpResponse, Problem> {
    render_page(&visitor, "page-today", Shown::Today, async {
        Ok(render_today(&visitor.state, visitor.locale))
    })
    .await
}

/// Renders what the page shows.
pub fn render_today(state: &AppState, locale: Locale) -> Markup {
    let events = state.shop.replays.latest(EVENTS);
    views::admin::today::panel(locale, &today(state), &events)
}
