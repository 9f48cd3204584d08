//! The search of the desk.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use domain::search::Search;
use domain::shown::Shown;
use maud::html;
use serde::Deserialize;
use views::admin::search::{page, palette_results, palette_status};
use views::layout::partial;

use crate::auth::browser::{Administrator, Member};
use crate::error::Problem;
use crate::html::{html_response, is_htmx};
use crate::pages::render_page;
use crate::query::Parameters;
use crate::search::find;

/// What is searched.
#[derive(Deserialize)]
pub struct SearchQuery {
    #[serde(default)]
    q: String,
}

/// `GET /admin/search`: shows what a search finds. htmx receives the results for the palette.
pub async fn show_search(
    Administrator(Member { visitor, .. }): Administrator,
    request: HttpRequest,
    Parameters(SearchQuery { q }): Parameters<SearchQuery>,
) -> Result<HttpResponse, Problem> {
    let search = Search::new(&q);
    let found = find(&visitor.state, &search).await?;
    let locale = visitor.locale;
    if is_htmx(&request) {
        let fragments = html! {
            (partial("palette-found", None, &palette_results(locale, &search, &found)))
            (partial("palette-status", None, &palette_status(locale, &search, &found)))
        };
        return Ok(html_response(StatusCode::OK, fragments));
    }
    let main = async { Ok(page(locale, &search, &found)) };
    render_page(&visitor, "page-search", Shown::Nothing, main).await
}
