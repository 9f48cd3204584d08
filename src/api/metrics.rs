//! The metrics of the shop, for Prometheus.

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::auth::bearer::Scraper;
use crate::state::AppState;

/// `GET /metrics`: returns all metrics in Prometheus' text format 0.0.4.
pub async fn get_metrics(_: Scraper, state: Data<AppState>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(state.metrics.render())
}
