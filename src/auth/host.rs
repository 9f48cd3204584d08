//! Protection of a shop on loopback against other sites that point their names to it.
//!
//! A shop on loopback trusts its visitor with a default password, so it answers only to names that
//! no other site can have.

use actix_web::dev::ServiceRequest;

use crate::error::Problem;
use crate::error::code::Code;
use crate::hosts::is_for_own_host;
use crate::state::app_state;

/// Refuses a request for a host that is not the shop's (RFC 9110, section 7.4), if the shop is on
/// loopback.
pub fn require_own_host(request: &ServiceRequest) -> Result<(), Problem> {
    let state = app_state(request.request());
    let public = state.public_host.as_deref();
    if !state.on_loopback || is_for_own_host(request.request(), public) {
        return Ok(());
    }
    let detail = "on a loopback address the shop answers to the hosts localhost, 127.0.0.0/8 and \
                  [::1]; set server.public_origin to the origin that browsers use to add its host";
    Err(Problem::because(Code::MisdirectedRequest, detail))
}
