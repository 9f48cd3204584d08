//! Frames: what programs say and are told, one JSON object each. [`docs/asyncapi.json`] is made of these types.
//!
//! [`docs/asyncapi.json`]: super::asyncapi

use std::collections::BTreeSet;

use actors::store::EventId;
use domain::event::Topic;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) use events::{Articles, CartNews, EventFrame, ServerFrame, StateFrame, event, snapshot};

mod events;

/// What a program says: any of these, in one frame or several.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientFrame {
    /// Topics to listen to.
    #[schemars(with = "Option<Vec<Topic>>")]
    pub(super) subscribe: Option<BTreeSet<Topic>>,
    /// The id of the last frame heard of them; without it their present state is told first.
    pub(super) since: Option<EventId>,
    /// Topics to listen to no more.
    #[schemars(with = "Option<Vec<Topic>>")]
    pub(super) unsubscribe: Option<BTreeSet<Topic>>,
    /// A newer access token of the same session.
    pub(super) token: Option<String>,
    /// Anything, to be told it back when everything said before is done.
    pub(super) ping: Option<Value>,
}

/// What a program is told that is no event.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// What was said is done.
    Reply(Reply),
    /// What was said is refused, and changes nothing.
    Error {
        code: Refused,
        /// The same for people.
        message: String,
    },
    /// What was missed is not told: the log no longer reaches back to it. The next frames say how things are.
    Reset {
        /// The last event that is not told.
        id: EventId,
    },
    /// The last frame before the server closes.
    Bye {
        /// The code of the close (RFC 6455, section 7.4).
        code: u16,
        /// The word of the close.
        reason: &'static str,
        /// When to come back; null if not as one is.
        retry_after_ms: Option<u64>,
    },
}

/// Why nothing is done.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Refused {
    /// The frame is no object of this protocol.
    MalformedJson,
    /// A topic is not for the client.
    Forbidden,
    /// The token is no good one of the same session.
    InvalidToken,
}

/// How what was said was done.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reply {
    /// Every topic that is listened to from now on.
    Topics(BTreeSet<Topic>),
    /// The new token is good until then.
    Until(Timestamp),
    /// What the ping said; whatever was to be told before it has been told.
    Pong(Value),
}

/// An answer as its frame.
pub(super) fn answer(answer: &Answer) -> String {
    text(answer)
}

/// A reply as its frame.
pub(super) fn reply(reply: Reply) -> String {
    text(&Answer::Reply(reply))
}

/// A refusal as its frame.
pub(super) fn error(code: Refused, message: impl Into<String>) -> String {
    text(&Answer::Error { code, message: message.into() })
}

fn text(frame: &impl Serialize) -> String {
    // Only keys that are no text could fail, and there are none.
    serde_json::to_string(frame).unwrap_or_default()
}
