//! Protection of a shop on loopback against other sites that point their names to it.
//!
//! A shop on loopback trusts its visitor with a default password, so it answers only to names that
//! no other site can have.

use actix_web::Error;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

use crate::config::origin;
use crate::error::Problem;
use crate::error::code::Code;
use crate::hosts::is_for_own_host;
use crate::state::app_state;

/// Refuses a request for a host that is not the shop's (RFC 9110, section 7.4), if the shop is on
/// loopback.
pub async fn require_own_host(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let state = app_state(request.request());
    let is_own = || {
        let public = origin::host(&state.public_origin);
        is_for_own_host(request.request(), public.as_deref())
    };
    if !state.on_loopback || is_own() {
        return next.call(request).await;
    }
    let detail = "on a loopback address the shop answers to the hosts localhost, 127.0.0.0/8 and \
                  [::1]; set server.public_origin to the origin that browsers use to add its host";
    Ok(request.error_response(Problem::because(Code::MisdirectedRequest, detail)))
}
