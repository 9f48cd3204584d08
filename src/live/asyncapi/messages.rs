//! The messages of the protocol, each with the schema of its type and with examples.

use schemars::JsonSchema;
use schemars::generate::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::examples;
use crate::live::frame::ClientFrame;

/// A message and its name.
pub(super) type Message = (String, Value);

/// What a program says, in whatever combination.
pub(super) fn command(generator: &mut SchemaGenerator) -> Message {
    let payload = schema::<ClientFrame>(generator);
    let message = message("command", &payload, &payload, examples::commands());
    ("command".into(), message)
}

/// A message for each variant of what may be told.
pub(super) fn told<ServerFrame: JsonSchema>(generator: &mut SchemaGenerator) -> Vec<Message> {
    let all = schema::<ServerFrame>(generator);
    let variants = all.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let told = variants.map(|variant| {
        let name = name(variant);
        let message = message(&name, variant, &both(&all, variant), examples::told(&name));
        (name, message)
    });
    told.collect()
}

/// The type of an event, the topic of a snapshot, or else the only member that the message has.
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

fn message(name: &str, of: &Value, payload: &Value, examples: Vec<Value>) -> Value {
    json!({
        "name": name,
        "contentType": "application/json",
        "summary": of.get("description"),
        "payload": payload,
        "examples": examples,
    })
}

/// The schema of an object that has the members of both.
fn both(all: &Value, variant: &Value) -> Value {
    let schemas = [all, variant];
    let properties = schemas.iter().filter_map(|schema| schema.get("properties")?.as_object());
    let required = schemas.iter().filter_map(|schema| schema.get("required")?.as_array());
    json!({
        "type": "object",
        "properties": properties.flatten().map(|(name, schema)| (name.clone(), schema.clone())).collect::<Map<_, _>>(),
        "required": required.flatten().collect::<Vec<_>>(),
    })
}

/// The schema of a type itself, where a generator would refer to it.
fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    let mut schema = T::json_schema(generator);
    generator.transforms_mut().for_each(|transform| transform.transform(&mut schema));
    schema.to_value()
}
