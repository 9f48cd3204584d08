//! The circuit breaker in front of the bank, and the behaviour of the simulated bank, for
//! administrators.

use actix_web::HttpResponse;
use actix_web::web::Data;
use actors::payment::SetBreaker;
use serde_json::json;

use super::one;
use crate::auth::bearer::Admin;
use crate::bank::behaviour::Behaviour;
use crate::bank::simulated::SimulatedBank;
use crate::error::Problem;
use crate::error::code::Code;
use crate::json::Fields;
use crate::state::AppState;

/// `GET /api/bank`: returns the behaviour of the simulated bank.
pub async fn get_behaviour(_: Admin, state: Data<AppState>) -> Result<HttpResponse, Problem> {
    Ok(one("bank", json!(simulated_bank(&state)?.behaviour())))
}

/// `PUT /api/bank`: sets the behaviour of the simulated bank.
pub async fn set_behaviour(
    _: Admin,
    state: Data<AppState>,
    Fields(behaviour): Fields<Behaviour>,
) -> Result<HttpResponse, Problem> {
    let bank = simulated_bank(&state)?;
    bank.behave(behaviour);
    Ok(one("bank", json!(bank.behaviour())))
}

/// `POST /api/breaker/isolate`: opens the breaker until it is reset.
pub async fn isolate_breaker(_: Admin, state: Data<AppState>) -> Result<HttpResponse, Problem> {
    Ok(one("breaker", json!(state.shop.payments.ask(SetBreaker::Isolate).await?)))
}

/// `POST /api/breaker/reset`: closes the breaker and forgets the failures.
pub async fn reset_breaker(_: Admin, state: Data<AppState>) -> Result<HttpResponse, Problem> {
    Ok(one("breaker", json!(state.shop.payments.ask(SetBreaker::Reset).await?)))
}

/// `GET /api/breaker`: returns the state of the breaker.
pub async fn get_breaker(_: Admin, state: Data<AppState>) -> Result<HttpResponse, Problem> {
    let gateway =
        state.shop.payments.observe().await.ok_or_else(|| Problem::new(Code::Unavailable))?;
    Ok(one("breaker", gateway.breaker))
}

/// Returns the simulated bank, or an error with status 404 if the shop uses another bank.
fn simulated_bank(state: &AppState) -> Result<&SimulatedBank, Problem> {
    state.bank.as_ref().ok_or_else(Problem::not_found)
}
