//! The operations of the desk: the day, the search, the log and the node.

use crate::api::{admin, event, health, metrics};
use crate::operation::{Operation, get, post};

/// Returns the operations.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        get(
            "/api/admin/today",
            admin::today::get_today,
            "Returns the figures of today, and what is to do",
        ),
        get(
            "/api/admin/search",
            admin::search::search,
            "Returns the first orders, articles and users that a search finds",
        ),
        get("/api/events", event::list_events, "Lists events of the log, oldest first"),
        get(
            "/api/admin/system",
            admin::system::get_system,
            "Returns the actors, sockets, store and process of this node",
        ),
        post(
            "/api/admin/system/actors/{name}/kill",
            admin::system::kill_actor,
            "Makes an actor panic; it is restarted",
        )
        .answers(&[202]),
        get("/health/live", health::check_liveness, "Answers 200 while the process runs"),
        get(
            "/health/ready",
            health::check_readiness,
            "Answers 200 if the store can be read and takes commits",
        ),
        get(
            "/metrics",
            metrics::get_metrics,
            "Returns all metrics in the text format of Prometheus",
        )
        .gives("text/plain"),
    ]
}
