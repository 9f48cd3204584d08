//! Refuses requests while this node has lost its place in the log.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use crate::error::Problem;
use crate::error::code::Code;
use crate::state::AppState;

/// The beginnings of the paths that show nothing of the shop.
const WITHOUT_SHOP: [&str; 4] = ["/health/", "/metrics", "/static/", "/favicon.ico"];

/// Refuses a request for the shop while the node reads everything again: its copies may be wrong
/// until then.
pub async fn require_place(
    state: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let shows_shop = !WITHOUT_SHOP.iter().any(|start| request.path().starts_with(start));
    if shows_shop && *state.shop.is_lost.borrow() {
        let problem = Problem::because(Code::Unavailable, "the store is being read again");
        return Ok(request.error_response(problem));
    }
    next.call(request).await
}
