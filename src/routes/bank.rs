//! The operations of the bank, and of the circuit breaker in front of it.

use crate::api::bank;
use crate::error::code::Code;
use crate::operation::{Operation, get, post, put};

/// Returns the operations.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/api/bank", bank::get_behaviour, "Returns the behaviour of the simulated bank")
            .refuses(&[Code::NotFound]),
        put(
            "/api/bank",
            bank::set_behaviour,
            "Sets the behaviour of the simulated bank on every node",
        )
        .refuses(&[Code::NotFound]),
        get(
            "/api/bank/calls",
            bank::list_calls,
            "Lists the last calls of this node to the bank, newest first",
        ),
        get(
            "/api/bank/unknown",
            bank::list_unknown,
            "Lists the unknown payments of all nodes, oldest first",
        ),
        get("/api/breaker", bank::get_breaker, "Returns the state of the circuit breaker"),
        post(
            "/api/breaker/isolate",
            bank::isolate_breaker,
            "Opens the circuit breaker until it is reset",
        ),
        post(
            "/api/breaker/reset",
            bank::reset_breaker,
            "Closes the circuit breaker and forgets the failures",
        ),
    ]
}
