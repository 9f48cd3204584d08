//! The state of this node, and how administrators disturb it, for administrators.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::api::one;
use crate::auth::audit::kill;
use crate::auth::bearer::Admin;
use crate::error::Problem;
use crate::state::AppState;
use crate::system::observe;

/// `GET /api/admin/system`: returns the actors, sockets, store and process of this node.
pub async fn get_system(_: Admin, state: Data<AppState>) -> HttpResponse {
    one("system", json!(observe(&state).await))
}

/// `POST /api/admin/system/actors/{name}/kill`: makes an actor panic; it is restarted.
pub async fn kill_actor(
    Admin(me): Admin,
    request: HttpRequest,
    state: Data<AppState>,
    name: Path<String>,
) -> Result<HttpResponse, Problem> {
    kill(&state, &name, me.user, &request)?;
    Ok(HttpResponse::Accepted().json(json!({ "success": true, "actor": *name })))
}
