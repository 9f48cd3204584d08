//! The protocol of `GET /api/live` as an AsyncAPI 3.0 document, made of the types of its frames.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::PROTOCOL;
use super::close::CLOSES;
use super::frame::{Answer, EventFrame, ServerFrame, StateFrame};
use messages::{Message, command, told};

mod examples;
mod messages;

/// The document that `microshop asyncapi` prints, and that is kept as `docs/asyncapi.json`.
pub fn document() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| {
        settings.meta_schema = None;
        settings.definitions_path = "/components/schemas".into();
    });
    let mut client = settings.clone().for_deserialize().into_generator();
    let mut server = settings.for_serialize().into_generator();
    let commands = vec![command(&mut client)];
    let answers = [
        told::<Answer>(&mut server),
        told::<ServerFrame<EventFrame>>(&mut server),
        told::<ServerFrame<StateFrame>>(&mut server),
    ]
    .concat();
    let mut schemas = server.take_definitions(true);
    schemas.extend(client.take_definitions(true));
    let security =
        ["bearer", "session"].map(|scheme| reference("components/securitySchemes", scheme));
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "MicroShop, live",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What happens in the shop, the moment it happens; docs/protocol.md walks through it.",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "servers": { "shop": {
            "host": "localhost:5000",
            "protocol": "ws",
            "description": "Guests need neither token nor cookie, and may listen to the catalogue and to their own cart.",
            "security": security,
        } },
        "channels": { "live": {
            "address": "/api/live",
            "title": PROTOCOL,
            "description": closes(),
            "messages": commands.iter().chain(&answers).map(in_channel).collect::<Map<_, _>>(),
            "bindings": { "ws": { "method": "GET" } },
        } },
        "operations": {
            "say": operation("receive", "What a program says: to what it listens, and that it still may.", &commands),
            "tell": operation("send", "What a program is told: answers, how things are, what happens.", &answers),
        },
        "components": {
            "messages": commands.into_iter().chain(answers).collect::<Map<_, _>>(),
            "schemas": schemas,
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
                "session": {
                    "type": "httpApiKey",
                    "in": "cookie",
                    "name": "session",
                    "description": "Of a browser that has signed in; named __Host-session outside loopback.",
                },
            },
        },
    })
}

fn in_channel((name, _): &Message) -> Message {
    (name.clone(), reference("components/messages", name))
}

fn operation(action: &str, summary: &str, messages: &[Message]) -> Value {
    let messages = messages.iter().map(|(name, _)| reference("channels/live/messages", name));
    json!({
        "action": action,
        "summary": summary,
        "channel": reference("channels", "live"),
        "messages": messages.collect::<Vec<_>>(),
    })
}

fn reference(place: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/{place}/{name}") })
}

/// How a socket may end, as Markdown.
fn closes() -> String {
    let rows =
        CLOSES.iter().map(|(code, word, meaning)| format!("| {code} | {word} | {meaning} |\n"));
    format!(
        "How a socket ends:\n\n| code | reason | what to do |\n|---|---|---|\n{}",
        rows.collect::<String>()
    )
}
