//! The health checks of an orchestrator such as Kubernetes: liveness and readiness.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use crate::error::Problem;
use crate::error::code::Code;
use crate::state::AppState;

/// `GET /health/live`: answers 200 while the process runs.
pub async fn check_liveness() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "live" }))
}

/// `GET /health/ready`: answers 200 if the store can be read, else 503.
pub async fn check_readiness(state: Data<AppState>) -> Result<HttpResponse, Problem> {
    let store = state.shop.tables.store.last_event().await;
    store.map_err(|error| Problem::because(Code::Unavailable, error))?;
    Ok(HttpResponse::Ok().json(json!({ "status": "ready" })))
}
