//! A session as JSON.

use domain::session::{Proof, Session, SessionId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// A session without its credentials.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Session")]
pub struct SessionJson {
    id: SessionId,
    /// `browser` or `api`.
    kind: &'static str,
    device: String,
    address: String,
    created_at: Timestamp,
    last_seen_at: Timestamp,
    expires_at: Timestamp,
}

/// Converts a session into the JSON that its user receives.
pub fn session_json(session: &Session) -> SessionJson {
    let kind = match session.proof {
        Proof::Browser { .. } => "browser",
        Proof::Api { .. } => "api",
    };
    SessionJson {
        id: session.id,
        kind,
        device: session.device.clone(),
        address: session.address.clone(),
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        expires_at: session.expires_at,
    }
}
