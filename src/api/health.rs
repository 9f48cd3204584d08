//! The health checks of an orchestrator such as Kubernetes: liveness and readiness.

use actix_web::web::Data;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::{Answer, Answered, Example};
use crate::error::Problem;
use crate::error::code::Code;
use crate::state::AppState;

/// The health of the process.
#[derive(Serialize, JsonSchema)]
pub struct Health {
    /// `live` or `ready`.
    status: &'static str,
}

impl Example for Health {
    fn example() -> Value {
        json!({ "status": "live" })
    }
}

/// `GET /health/live`: answers 200 while the process runs.
pub async fn check_liveness() -> Answer<Health> {
    Answer::ok(Health { status: "live" })
}

/// `GET /health/ready`: answers 200 if the store can be read and takes commits, else 503.
pub async fn check_readiness(state: Data<AppState>) -> Answered<Health> {
    let ready = state.shop.tables.store.ready().await;
    ready.map_err(|error| Problem::because(Code::Unavailable, error))?;
    let is_current = state.shop.revocations.is_current(state.shop.clock.moment());
    if *state.shop.is_lost.borrow() || !is_current {
        return Err(Problem::because(
            Code::Unavailable,
            "this node does not know the state of the store",
        ));
    }
    Ok(Answer::ok(Health { status: "ready" }))
}
