//! Health: whether the process lives, and whether it can serve.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use crate::error::{Code, Problem};
use crate::state::AppState;

/// `GET /health/live`: the process answers.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "live" }))
}

/// `GET /health/ready`: the store answers too.
pub async fn ready(state: Data<AppState>) -> Result<HttpResponse, Problem> {
    let store = state.shop.tables.store.last_event().await;
    store.map_err(|error| Problem::because(Code::Unavailable, error))?;
    Ok(HttpResponse::Ok().json(json!({ "status": "ready" })))
}
