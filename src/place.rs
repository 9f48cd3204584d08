//! Refuses requests that this node could answer only with an older state than it should: while it
//! has lost its place in the log, or before it has read what the client has seen on another node.

use std::time::Duration;

use actix_web::Error;
use actix_web::body::BoxBody;
use actix_web::cookie::time;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::HeaderValue;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actors::store::EventId;

use crate::cors::{SHOP_POSITION, is_api};
use crate::credentials::cookie::CookieName;
use crate::error::Problem;
use crate::error::code::Code;
use crate::state::{AppState, app_state};

/// The beginnings of the paths that show nothing of the shop.
const WITHOUT_SHOP: [&str; 4] = ["/health/", "/metrics", "/static/", "/favicon.ico"];

/// How long a browser remembers the position: until every node is past it, with a large margin.
const REMEMBERED: time::Duration = time::Duration::minutes(1);

/// How long a client should wait before it repeats a refused request.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Refuses a request for the shop while the node reads everything again: its copies may be wrong
/// until then.
pub async fn require_place(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let state = app_state(request.request());
    let shows_shop = !WITHOUT_SHOP.iter().any(|start| request.path().starts_with(start));
    if shows_shop && *state.shop.is_lost.borrow() {
        return Ok(request.error_response(unavailable("the store is being read again")));
    }
    if shows_shop && state.shop.tables.store.is_shared() {
        let state = state.clone();
        return Box::pin(after_position(state, request, next)).await;
    }
    next.call(request).await
}

/// Answers a request once this node shows what the client has seen, and says how far the answer
/// goes: to programs in a header, to browsers after a command in a cookie.
async fn after_position(
    state: Data<AppState>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_shown = match seen(&state, &request) {
        Some(seen) => state.shop.shows(seen).await,
        None => Ok(true),
    };
    if !is_shown.unwrap_or(false) {
        return Ok(request.error_response(unavailable("this node does not follow fast enough")));
    }
    let is_command = !request.method().is_safe();
    let mut response = next.call(request).await?;
    let shop = &state.shop;
    let position = if is_command { shop.shown_after_command().await } else { shop.shown() };
    let position = position.to_string();
    if is_api(response.request().path()) {
        if let Ok(position) = HeaderValue::try_from(position) {
            response.headers_mut().insert(SHOP_POSITION, position);
        }
    } else if is_command {
        let cookies = state.cookies.of(response.request());
        let mut cookie = cookies.build(CookieName::Position, position);
        cookie.set_max_age(REMEMBERED);
        response.response_mut().add_cookie(&cookie)?;
    }
    Ok(response)
}

fn unavailable(reason: &str) -> Problem {
    Problem::because(Code::Unavailable, reason).retry_after(RETRY_AFTER)
}

/// Returns the last event that the client of a request has seen, as it says. Anything that is no
/// number is ignored.
fn seen(state: &AppState, request: &ServiceRequest) -> Option<EventId> {
    let header =
        request.headers().get(SHOP_POSITION).and_then(|seen| seen.to_str().ok()?.parse().ok());
    let cookie = state.cookies.get(request.request(), CookieName::Position);
    header.max(cookie.and_then(|seen| seen.parse().ok()))
}
