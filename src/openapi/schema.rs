//! Schemas as generators of clients understand them best: objects have no other members than those
//! described, and a choice of words is an `enum`.

use serde_json::{Map, Value, json};

/// The members of a schema that hold several schemas of the same value.
const PARTS: [&str; 3] = ["oneOf", "anyOf", "allOf"];

/// Makes every schema of an object with members refuse others.
///
/// Where several schemas describe one object together, only all of them know its members.
pub(super) fn close_objects(schema: &mut Value) {
    match schema {
        Value::Object(schema) => close_object(schema),
        Value::Array(schemas) => schemas.iter_mut().for_each(close_objects),
        _ => {}
    }
}

fn close_object(schema: &mut Map<String, Value>) {
    if schema.get("properties").is_some_and(Value::is_object) {
        let is_whole = PARTS.iter().all(|part| !schema.contains_key(*part));
        let word = if is_whole { "additionalProperties" } else { "unevaluatedProperties" };
        schema.entry(word).or_insert(false.into());
        for (name, part) in schema.iter_mut() {
            match PARTS.contains(&name.as_str()) {
                true => close_members_of(part),
                false => close_objects(part),
            }
        }
    } else {
        schema.values_mut().for_each(close_objects);
    }
}

/// Closes what is inside the members of schemas, but not the schemas.
fn close_members_of(schemas: &mut Value) {
    let schemas = schemas.as_array_mut().into_iter().flatten();
    let members = schemas.filter_map(|schema| schema.get_mut("properties"));
    members.for_each(close_objects);
}

/// Replaces every choice of words, each of which has a schema with a description, by one `enum`.
pub(super) fn join_words(schema: &mut Value) {
    if let Some(words) = words(schema) {
        let description = schema.get("description").cloned();
        *schema = json!({ "type": "string", "enum": words });
        if let (Value::Object(schema), Some(description)) = (schema, description) {
            schema.insert("description".into(), description);
        }
        return;
    }
    match schema {
        Value::Object(schema) => schema.values_mut().for_each(join_words),
        Value::Array(schemas) => schemas.iter_mut().for_each(join_words),
        _ => {}
    }
}

/// Returns the words of a choice that consists of words only.
fn words(schema: &Value) -> Option<Vec<Value>> {
    let choices = schema.get("oneOf")?.as_array()?;
    let words = choices.iter().map(|choice| match (choice.get("const"), choice.get("enum")) {
        (Some(word @ Value::String(_)), _) => Some(vec![word.clone()]),
        (None, Some(Value::Array(words))) => Some(words.clone()),
        _ => None,
    });
    words.collect::<Option<Vec<_>>>().map(|words| words.concat())
}
