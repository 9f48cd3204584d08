//! The simulated bank's behaviour, if that is whom the shop asks, and the breaker, for administrators.

use actix_web::HttpResponse;
use actix_web::web::Data;
use actors::payment::SetBreaker;
use serde_json::json;

use super::one;
use crate::auth::bearer::Admin;
use crate::bank::behaviour::Behaviour;
use crate::bank::simulated::SimulatedBank;
use crate::error::{Code, Problem};
use crate::json::Fields;
use crate::state::AppState;

/// `GET /api/bank`: how the simulated bank behaves.
pub async fn get(_: Admin, state: Data<AppState>) -> Result<HttpResponse, Problem> {
    Ok(one("bank", json!(simulated(&state)?.behaviour())))
}

/// `PUT /api/bank`: has the simulated bank behave in another way.
pub async fn set(
    _: Admin,
    state: Data<AppState>,
    Fields(behaviour): Fields<Behaviour>,
) -> Result<HttpResponse, Problem> {
    let bank = simulated(&state)?;
    bank.behave(behaviour);
    Ok(one("bank", json!(bank.behaviour())))
}

/// The simulated bank; how a bank elsewhere behaves is its own business.
fn simulated(state: &AppState) -> Result<&SimulatedBank, Problem> {
    state.bank.as_ref().ok_or_else(Problem::not_found)
}

/// `POST /api/breaker/isolate`: has no call made to the bank until the breaker is reset.
pub async fn isolate(_: Admin, state: Data<AppState>) -> Result<HttpResponse, Problem> {
    Ok(one("breaker", json!(state.shop.payments.ask(SetBreaker::Isolate).await?)))
}

/// `POST /api/breaker/reset`: has calls made to the bank as if none had failed.
pub async fn reset(_: Admin, state: Data<AppState>) -> Result<HttpResponse, Problem> {
    Ok(one("breaker", json!(state.shop.payments.ask(SetBreaker::Reset).await?)))
}

/// `GET /api/breaker`: what the breaker in front of the bank lets through.
pub async fn breaker(_: Admin, state: Data<AppState>) -> Result<HttpResponse, Problem> {
    let gateway =
        state.shop.payments.observe().await.ok_or_else(|| Problem::new(Code::Unavailable))?;
    Ok(one("breaker", gateway.get("breaker").cloned().unwrap_or_default()))
}
