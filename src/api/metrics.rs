//! Metrics for whoever watches over the shop.

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::auth::bearer::Scraper;
use crate::state::AppState;

/// `GET /metrics`: everything counted and measured, as Prometheus reads it (text format 0.0.4).
pub async fn show(_: Scraper, state: Data<AppState>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(state.metrics.render())
}
