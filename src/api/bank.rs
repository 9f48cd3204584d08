//! The circuit breaker in front of the bank, and the behaviour of the simulated bank, for
//! administrators.

use actix_web::HttpResponse;
use actix_web::web::Data;
use actors::order::ListUnknown;
use actors::payment::{ChangeBehaviour, Manual, SetBreaker};
use domain::bank::Behaviour;
use serde_json::json;

use super::{MAX_PAGE, listed, one};
use crate::auth::bearer::Admin;
use crate::bank::simulated::SimulatedBank;
use crate::error::Problem;
use crate::error::code::Code;
use crate::json::Fields;
use crate::state::AppState;

/// `GET /api/bank`: returns the behaviour of the simulated bank.
pub async fn get_behaviour(_: Admin, state: Data<AppState>) -> Result<HttpResponse, Problem> {
    Ok(one("bank", json!(simulated_bank(&state)?.behaviour().get())))
}

/// `PUT /api/bank`: sets the behaviour of the simulated bank on every node.
pub async fn set_behaviour(
    Admin(me): Admin,
    state: Data<AppState>,
    Fields(behaviour): Fields<Behaviour>,
) -> Result<HttpResponse, Problem> {
    simulated_bank(&state)?;
    let behaviour = state
        .shop
        .payments
        .ask(ChangeBehaviour { change: behaviour.into(), by: Some(me.author()) })
        .await?;
    Ok(one("bank", json!(behaviour)))
}

/// `GET /api/bank/calls`: returns the last calls of this node to the bank, the newest first.
pub async fn list_calls(_: Admin, state: Data<AppState>) -> HttpResponse {
    let (total, calls) = state.shop.calls.list();
    listed("calls", calls, total, None::<&str>)
}

/// `GET /api/bank/unknown`: returns the unknown payments of all nodes, the oldest order first.
pub async fn list_unknown(_: Admin, state: Data<AppState>) -> Result<HttpResponse, Problem> {
    let (total, payments) = state.shop.orders.ask(ListUnknown { limit: MAX_PAGE }).await?;
    Ok(listed("payments", payments, total, None::<&str>))
}

/// `POST /api/breaker/isolate`: opens the breaker until it is reset.
pub async fn isolate_breaker(
    Admin(me): Admin,
    state: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    Ok(one(
        "breaker",
        json!(
            state
                .shop
                .payments
                .ask(SetBreaker { to: Manual::Isolated, by: Some(me.author()) })
                .await?
        ),
    ))
}

/// `POST /api/breaker/reset`: closes the breaker and forgets the failures.
pub async fn reset_breaker(
    Admin(me): Admin,
    state: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    Ok(one(
        "breaker",
        json!(
            state
                .shop
                .payments
                .ask(SetBreaker { to: Manual::Reset, by: Some(me.author()) })
                .await?
        ),
    ))
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
