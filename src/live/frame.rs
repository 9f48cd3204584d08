//! Frames: what programs send and receive, one JSON object each.
//!
//! A program sends [`ClientFrame`]s. It receives a [`ControlFrame`] in reply to each command, and
//! events and snapshots as [`ServerFrame`](crate::objects::event::ServerFrame)s. The document that
//! [`asyncapi`](super::asyncapi) generates is made from exactly these types, and their doc comments
//! are its descriptions.

use std::collections::BTreeSet;

use actors::store::EventId;
use domain::event::Entry;
use domain::topic::Topic;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::close::{Close, Details};
use crate::objects::event::event_json;

pub(super) mod snapshots;

/// A command of a program. It may combine several members, which are carried out in the order
/// token, subscribe and unsubscribe, ping.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientFrame {
    /// Topics to subscribe to.
    #[schemars(with = "Option<Vec<Topic>>")]
    pub(super) subscribe: Option<BTreeSet<Topic>>,
    /// The id of the last frame received of these topics. Events after it are replayed; without
    /// it, a snapshot of each topic is sent first.
    pub(super) since: Option<EventId>,
    /// Topics to unsubscribe from.
    #[schemars(with = "Option<Vec<Topic>>")]
    pub(super) unsubscribe: Option<BTreeSet<Topic>>,
    /// A newer access token of the same session. The first frame of a page of another origin
    /// contains its first token, unless the handshake did.
    pub(super) token: Option<String>,
    /// Any value, returned in a pong when every earlier command is done.
    pub(super) ping: Option<Value>,
}

impl ClientFrame {
    /// Returns whether the frame has no command.
    pub(super) fn is_empty(&self) -> bool {
        let Self { subscribe, since: _, unsubscribe, token, ping } = self;
        subscribe.is_none() && unsubscribe.is_none() && token.is_none() && ping.is_none()
    }
}

/// A frame that concerns the connection and not the shop.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ControlFrame {
    /// The command was carried out.
    Reply(Reply),
    /// The command was refused and changes nothing.
    Error {
        code: ErrorCode,
        /// The reason in English.
        message: String,
    },
    /// The missed events are not replayed, because the log no longer holds them or there are too
    /// many. The next frames are snapshots.
    Reset {
        /// The last event that is skipped.
        id: EventId,
    },
    /// The last frame before the server closes the socket.
    Bye {
        /// The code of the close frame (RFC 6455, section 7.4).
        code: u16,
        /// The reason of the close frame.
        reason: &'static str,
        /// How long to wait before reconnecting; null if the client must change something first.
        retry_after_ms: Option<u64>,
    },
}

/// Why a command was refused.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ErrorCode {
    /// The frame is not an object of this protocol.
    MalformedJson,
    /// The client may not subscribe to a topic.
    Forbidden,
    /// The token is invalid or belongs to another session.
    InvalidToken,
}

/// The result of a command.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reply {
    /// Every topic that the client is now subscribed to.
    Topics(BTreeSet<Topic>),
    /// When the new token expires.
    Until(Timestamp),
    /// The value of the ping. All frames caused by earlier commands were sent before.
    Pong(Value),
}

/// Encodes an event under a topic, on which its data depends.
pub(super) fn event_frame(topic: Topic, entry: &Entry) -> String {
    encode(&event_json(topic, entry))
}

/// Encodes a reply.
pub(super) fn reply(reply: Reply) -> String {
    encode(&ControlFrame::Reply(reply))
}

/// Encodes an error.
pub(super) fn error(code: ErrorCode, message: impl Into<String>) -> String {
    encode(&ControlFrame::Error { code, message: message.into() })
}

/// Encodes a reset at an event.
pub(super) fn reset(id: EventId) -> String {
    encode(&ControlFrame::Reset { id })
}

/// Encodes the last frame on a socket, given by its number, before a close.
pub(super) fn bye(close: Close, socket: u64) -> String {
    let Details { code, word, .. } = close.details();
    let retry_after = close.retry_after(socket);
    let retry_after_ms = retry_after.and_then(|wait| wait.as_millis().try_into().ok());
    encode(&ControlFrame::Bye { code, reason: word, retry_after_ms })
}

fn encode(frame: &impl Serialize) -> String {
    // Serialization fails only for map keys that are not strings, which no frame has.
    serde_json::to_string(frame).unwrap_or_default()
}
