//! The protocol of `GET /api/live` as an AsyncAPI 3.0 document, generated from the types of its
//! frames.
//!
//! The schemas, the descriptions and the examples all come from the code that encodes and decodes
//! the frames, so the document cannot differ from the wire. A test compares the committed file with
//! the output of this module.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::PROTOCOL;
use super::close::{Close, Details};
use super::frame::ControlFrame;
use super::frame::snapshots::StateFrame;
use crate::objects::event::{EventFrame, ServerFrame};
use messages::{Message, command, server_messages};

mod examples;
mod messages;

/// Returns the document that `microshop asyncapi` prints and `docs/asyncapi.json` holds.
pub fn document() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| {
        settings.meta_schema = None;
        settings.definitions_path = "/components/schemas".into();
    });
    // A type may have one schema for reading and another for writing, such as for optional members.
    let mut client = settings.clone().for_deserialize().into_generator();
    let mut server = settings.for_serialize().into_generator();
    let commands = vec![command(&mut client)];
    let frames = [
        server_messages::<ControlFrame>(&mut server),
        server_messages::<ServerFrame<EventFrame>>(&mut server),
        server_messages::<ServerFrame<StateFrame>>(&mut server),
    ]
    .concat();
    let mut schemas = server.take_definitions(true);
    schemas.extend(client.take_definitions(true));
    json!({
        "asyncapi": "3.0.0",
        "info": info(),
        "servers": { "shop": shop_server() },
        "channels": { "live": {
            "address": "/api/live",
            "title": PROTOCOL,
            "description": close_table(),
            "messages": commands.iter().chain(&frames).map(in_channel).collect::<Map<_, _>>(),
            "bindings": { "ws": { "method": "GET" } },
        } },
        "operations": {
            "command": operation("receive", "A command of the client.", &commands),
            "push": operation("send", "A reply, a snapshot or an event.", &frames),
        },
        "components": {
            "messages": commands.into_iter().chain(frames).collect::<Map<_, _>>(),
            "schemas": schemas,
            "securitySchemes": security_schemes(),
        },
    })
}

fn info() -> Value {
    json!({
        "title": "MicroShop live events",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Events of the shop over a WebSocket. docs/protocol.md explains them.",
        "license": { "name": "MIT OR Apache-2.0" },
    })
}

fn shop_server() -> Value {
    let security = ["bearer", "protocol", "session"]
        .map(|scheme| reference("components/securitySchemes", scheme));
    json!({
        "host": "localhost:5000",
        "protocol": "ws",
        "description": "Guests need no credentials. They may subscribe to the catalogue and \
                        their own cart.",
        "security": security,
    })
}

fn security_schemes() -> Value {
    json!({
        "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
        "protocol": {
            "type": "httpApiKey",
            "in": "header",
            "name": "Sec-WebSocket-Protocol",
            "description": "`microshop.v1, bearer.TOKEN`, for browsers, which cannot set a header \
                            on a WebSocket. The server selects `microshop.v1`.",
        },
        "session": {
            "type": "httpApiKey",
            "in": "cookie",
            "name": "__Host-session",
            "description": "The cookie of a signed-in browser. Without TLS its name is `session`, \
                            with the port of the shop's URL unless it is the default one: \
                            `session-5000`.",
        },
    })
}

/// Returns the entry of a message in its channel: a reference to its description.
fn in_channel((name, _): &Message) -> Message {
    (name.clone(), reference("components/messages", name))
}

/// Returns an operation, named from the server's point of view: it receives commands and sends
/// frames.
fn operation(action: &str, summary: &str, messages: &[Message]) -> Value {
    let messages = messages.iter().map(|(name, _)| reference("channels/live/messages", name));
    json!({
        "action": action,
        "summary": summary,
        "channel": reference("channels", "live"),
        "messages": messages.collect::<Vec<_>>(),
    })
}

/// Returns a reference to another part of the document.
fn reference(place: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/{place}/{name}") })
}

/// Returns every close of the server as a Markdown table.
fn close_table() -> String {
    let rows = Close::ALL.map(|close| {
        let Details { code, word, .. } = close.details();
        format!("| {code} | {word} | {} |\n", close.advice())
    });
    format!(
        "How the server closes a socket:\n\n| code | reason | what to do |\n|---|---|---|\n{}",
        rows.concat()
    )
}
