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

/// `GET /health/ready`: answers 200 if the store can be read and takes commits, else 503.
pub async fn check_readiness(state: Data<AppState>) -> Result<HttpResponse, Problem> {
    let ready = state.shop.tables.store.ready().await;
    ready.map_err(|error| Problem::because(Code::Unavailable, error))?;
    let is_current = state.shop.revocations.is_current(state.shop.clock.moment());
    if *state.shop.is_lost.borrow() || !is_current {
        return Err(Problem::because(
            Code::Unavailable,
            "this node does not know the state of the store",
        ));
    }
    Ok(HttpResponse::Ok().json(json!({ "status": "ready" })))
}
