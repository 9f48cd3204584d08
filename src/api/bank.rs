//! The circuit breaker in front of the bank, and the behaviour of the simulated bank, for
//! administrators.

use actix_web::web::Data;
use actors::order::ListUnknown;
use actors::payment::{ChangeBehaviour, Manual, SetBreaker};
use domain::bank::{Behaviour, EndedCall, Purpose};
use domain::breaker::Breaker;
use domain::order::OrderId;
use domain::order::unknown::UnknownPayment;
use domain::payment::Outcome;
use serde_json::{Value, json};

use super::MAX_PAGE;
use crate::answer::{Answer, Answered, Example, One, Page, Resource, one};
use crate::auth::bearer::Admin;
use crate::bank::simulated::SimulatedBank;
use crate::error::Problem;
use crate::error::code::Code;
use crate::json::Fields;
use crate::objects::example;
use crate::state::AppState;

/// `GET /api/bank`: returns the behaviour of the simulated bank.
pub async fn get_behaviour(_: Admin, state: Data<AppState>) -> Answered<One<Behaviour>> {
    Ok(one(simulated_bank(&state)?.behaviour().get()))
}

/// `PUT /api/bank`: sets the behaviour of the simulated bank on every node.
pub async fn set_behaviour(
    Admin(me): Admin,
    state: Data<AppState>,
    Fields(behaviour): Fields<Behaviour>,
) -> Answered<One<Behaviour>> {
    simulated_bank(&state)?;
    let behaviour = state
        .shop
        .payments
        .ask(ChangeBehaviour { change: behaviour.into(), by: Some(me.author()) })
        .await?;
    Ok(one(behaviour))
}

/// `GET /api/bank/calls`: returns the last calls of this node to the bank, the newest first.
pub async fn list_calls(_: Admin, state: Data<AppState>) -> Answer<Page<EndedCall, OrderId>> {
    let (total, calls) = state.shop.calls.list();
    Answer::ok(Page { entries: calls, total, next: None })
}

/// `GET /api/bank/unknown`: returns the unknown payments of all nodes, the oldest order first.
pub async fn list_unknown(
    _: Admin,
    state: Data<AppState>,
) -> Answered<Page<UnknownPayment, OrderId>> {
    let (total, payments) = state.shop.orders.ask(ListUnknown { limit: MAX_PAGE }).await?;
    Ok(Answer::ok(Page { entries: payments, total, next: None }))
}

/// `POST /api/breaker/isolate`: opens the breaker until it is reset.
pub async fn isolate_breaker(Admin(me): Admin, state: Data<AppState>) -> Answered<One<Breaker>> {
    let isolate = SetBreaker { to: Manual::Isolated, by: Some(me.author()) };
    Ok(one(state.shop.payments.ask(isolate).await?))
}

/// `POST /api/breaker/reset`: closes the breaker and forgets the failures.
pub async fn reset_breaker(Admin(me): Admin, state: Data<AppState>) -> Answered<One<Breaker>> {
    let reset = SetBreaker { to: Manual::Reset, by: Some(me.author()) };
    Ok(one(state.shop.payments.ask(reset).await?))
}

/// `GET /api/breaker`: returns the state of the breaker.
pub async fn get_breaker(_: Admin, state: Data<AppState>) -> Answered<One<Breaker>> {
    let gateway =
        state.shop.payments.observe().await.ok_or_else(|| Problem::new(Code::Unavailable))?;
    Ok(one(gateway.breaker))
}

impl Resource for Behaviour {
    const ONE: &'static str = "bank";
    const MANY: &'static str = "banks";
}

impl Example for Behaviour {
    fn example() -> Value {
        json!(Self::default())
    }
}

impl Resource for Breaker {
    const ONE: &'static str = "breaker";
    const MANY: &'static str = "breakers";
}

impl Example for Breaker {
    fn example() -> Value {
        json!(Self::default())
    }
}

impl Resource for EndedCall {
    const ONE: &'static str = "call";
    const MANY: &'static str = "calls";
}

impl Example for EndedCall {
    fn example() -> Value {
        json!(Self {
            at: example::NOW,
            purpose: Purpose::Charge,
            key: format!("{}-1", example::ID),
            outcome: Some(Outcome::Approved),
            took_ms: 120,
        })
    }
}

impl Example for UnknownPayment {
    fn example() -> Value {
        json!(Self {
            order_id: OrderId(example::ID),
            attempt: 1,
            total_cents: example::PRICE,
            since: example::NOW,
            next_try_at: Some(example::in_an_hour()),
        })
    }
}

impl Resource for UnknownPayment {
    const ONE: &'static str = "payment";
    const MANY: &'static str = "payments";
}

/// Returns the simulated bank, or an error with status 404 if the shop uses another bank.
fn simulated_bank(state: &AppState) -> Result<&SimulatedBank, Problem> {
    state.bank.as_ref().ok_or_else(Problem::not_found)
}
