//! The state of this node, and how administrators disturb it, for administrators.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use domain::system::{Follower, SocketReport, StoreReport, System};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::{Answer, Answered, Example, One, Resource, Success, one};
use crate::auth::audit::kill;
use crate::auth::bearer::Admin;
use crate::path::Path;
use crate::state::AppState;
use crate::system::observe;

/// An actor that panics.
#[derive(Serialize, JsonSchema)]
pub struct KilledActor {
    actor: String,
}

impl Example for KilledActor {
    fn example() -> Value {
        json!({ "actor": "CartRegistry" })
    }
}

impl Example for System {
    fn example() -> Value {
        json!(Self {
            version: env!("CARGO_PKG_VERSION"),
            node: "127.0.0.1:5000".into(),
            process: 4_711,
            uptime_s: 3_600,
            usage: None,
            actors: Vec::new(),
            sockets: SocketReport::default(),
            store: StoreReport::default(),
            followers: vec![Follower { name: "hub", position: 41 }],
        })
    }
}

impl Resource for System {
    const ONE: &'static str = "system";
    const MANY: &'static str = "systems";
}

/// `GET /api/admin/system`: returns the actors, sockets, store and process of this node.
pub async fn get_system(_: Admin, state: Data<AppState>) -> Answer<One<System>> {
    one(observe(&state).await)
}

/// `POST /api/admin/system/actors/{name}/kill`: makes an actor panic; it is restarted.
pub async fn kill_actor(
    Admin(me): Admin,
    request: HttpRequest,
    state: Data<AppState>,
    name: Path<String>,
) -> Answered<Success<KilledActor>> {
    kill(&state, &name, me.user, &request)?;
    let killed = KilledActor { actor: name.to_string() };
    Ok(Answer::with_status(StatusCode::ACCEPTED, Success::of(killed)))
}
