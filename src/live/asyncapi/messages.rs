//! The messages of the protocol: the schema of each frame, with examples.

use schemars::JsonSchema;
use schemars::generate::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::examples;
use crate::live::frame::ClientFrame;

/// The name of a message, and its description.
pub(super) type Message = (String, Value);

/// Returns the message that a client sends.
pub(super) fn command(generator: &mut SchemaGenerator) -> Message {
    let payload = schema::<ClientFrame>(generator);
    let message = message("command", &payload, &payload, examples::commands());
    ("command".into(), message)
}

/// Returns a message for each variant of a type that the server sends.
pub(super) fn server_messages<Frame: JsonSchema>(generator: &mut SchemaGenerator) -> Vec<Message> {
    let all = schema::<Frame>(generator);
    let variants = all.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let messages = variants.map(|variant| {
        let name = name(variant);
        let examples = examples::server_frames(&name);
        let message = message(&name, variant, &merged(&all, variant), examples);
        (name, message)
    });
    messages.collect()
}

/// Returns the name of a message: the type of an event, the topic of a snapshot, or the only member
/// of a control frame.
fn name(variant: &Value) -> String {
    let text = |place| variant.pointer(place).and_then(Value::as_str);
    let Some(name) = text("/properties/type/const") else {
        return text("/required/0").unwrap_or_default().into();
    };
    match variant.pointer("/properties/snapshot") {
        Some(_) => format!("snapshot.{}", name.trim_end_matches(".changed")),
        None => name.into(),
    }
}

/// Returns a message with the description of one schema and another schema as its payload.
fn message(name: &str, described: &Value, payload: &Value, examples: Vec<Value>) -> Value {
    json!({
        "name": name,
        "contentType": "application/json",
        "summary": described.get("description"),
        "payload": payload,
        "examples": examples,
    })
}

/// Returns the schema of an object with the members of both schemas.
fn merged(all: &Value, variant: &Value) -> Value {
    let schemas = [all, variant];
    let properties = schemas.iter().filter_map(|schema| schema.get("properties")?.as_object());
    let required = schemas.iter().filter_map(|schema| schema.get("required")?.as_array());
    let properties = properties.flatten().map(|(name, schema)| (name.clone(), schema.clone()));
    json!({
        "type": "object",
        "properties": properties.collect::<Map<_, _>>(),
        "required": required.flatten().collect::<Vec<_>>(),
    })
}

/// Returns the schema of a type in full, where the generator would insert a reference.
fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    let mut schema = T::json_schema(generator);
    generator.transforms_mut().for_each(|transform| transform.transform(&mut schema));
    schema.to_value()
}
