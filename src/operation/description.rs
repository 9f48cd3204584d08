//! The parts of an operation that its handler's types state.
//!
//! Every extractor describes what it takes from a request and how it refuses one, every answer its
//! schema. What the types state cannot differ from the code.

use std::collections::BTreeSet;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use crate::error::Problem;
use crate::error::code::Code;

/// What an extractor takes from a request.
pub trait Input {
    /// Adds it to the description of an operation.
    fn describe(_: &mut Description) {}
}

/// What a handler returns.
pub trait Output {
    /// Adds it to the description of an operation.
    fn describe(description: &mut Description);
}

/// The description of an operation while its types are read.
pub struct Description {
    /// The schemas of what clients send; a type may have another one for what they receive.
    requests: SchemaGenerator,
    answers: SchemaGenerator,
    /// The path of the operation.
    pub path: &'static str,
    /// The names of the security schemes of which one is needed; none for everyone.
    pub security: Vec<&'static str>,
    /// The parameters of the path, the query and the headers.
    pub parameters: Vec<Value>,
    /// The content of the body of a request, by media type.
    pub body: Option<Value>,
    /// The content of the body of a successful answer, by media type.
    pub content: Option<Value>,
    /// Why the operation may refuse a request.
    pub codes: BTreeSet<Code>,
}

impl Description {
    /// Forgets the last operation, but not the schemas that it refers to.
    pub fn begin(self, path: &'static str) -> Self {
        Self { requests: self.requests, answers: self.answers, path, ..Self::default() }
    }

    /// Returns the schemas that the operations refer to, by name: those of answers and those of
    /// requests.
    pub fn schemas(mut self) -> [Map<String, Value>; 2] {
        [self.answers.take_definitions(true), self.requests.take_definitions(true)]
    }

    /// Requires one of these security schemes, and returns 401 without.
    pub fn requires(&mut self, schemes: &[&'static str]) {
        self.security.extend(schemes);
        self.refuses(&[Code::Unauthorized, Code::InvalidToken]);
    }

    /// Adds codes with which the operation may refuse a request.
    pub fn refuses(&mut self, codes: &[Code]) {
        self.codes.extend(codes);
    }

    /// Takes a JSON object as its body.
    pub fn takes<T: JsonSchema>(&mut self) {
        let schema = self.requests.subschema_for::<T>();
        self.body = Some(json!({ "application/json": { "schema": schema } }));
    }

    /// Takes the parameters of a query.
    pub fn takes_query<T: JsonSchema>(&mut self) {
        let schema = self.requests.root_schema_for::<T>().to_value();
        let required = schema.get("required").cloned().unwrap_or_default();
        let is_required = |name: &str| {
            required.as_array().is_some_and(|names| names.iter().any(|other| other == name))
        };
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, schema) in properties.into_iter().flatten() {
            let schema = without_null(schema);
            self.parameters.push(parameter("query", name, is_required(name), &schema));
        }
    }

    /// Takes the parameters of the path, which are all of one type.
    pub fn takes_path<T: JsonSchema>(&mut self) {
        let schema = self.requests.subschema_for::<T>().to_value();
        let names = self.path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        for name in names {
            self.parameters.push(parameter("path", name, true, &schema));
        }
    }

    /// Takes an optional header.
    pub fn takes_header(&mut self, name: &str, description: &str) {
        let schema = json!({ "type": "string" });
        let mut header = parameter("header", name, false, &schema);
        if let Some(header) = header.as_object_mut() {
            header.insert("description".into(), description.into());
        }
        self.parameters.push(header);
    }

    /// Answers with a value as JSON.
    pub fn answers<T: JsonSchema>(&mut self, example: Value) {
        let schema = self.answers.subschema_for::<T>();
        self.content =
            Some(json!({ "application/json": { "schema": schema, "example": example } }));
    }

    /// Returns the schema of a part of an answer.
    pub fn schema<T: JsonSchema>(&mut self) -> Value {
        self.answers.subschema_for::<T>().to_value()
    }
}

impl Default for Description {
    /// Creates the description of no operation.
    fn default() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.meta_schema = None;
            settings.definitions_path = "/components/schemas".into();
        });
        Self {
            requests: settings.clone().for_deserialize().into_generator(),
            answers: settings.for_serialize().into_generator(),
            path: "",
            security: Vec::new(),
            parameters: Vec::new(),
            body: None,
            content: None,
            codes: BTreeSet::new(),
        }
    }
}

/// Returns a schema without the null of an optional value: a query leaves the parameter out.
fn without_null(schema: &Value) -> Value {
    let is_null = |schema: &Value| *schema == json!("null") || *schema == json!({ "type": "null" });
    let Value::Object(mut schema) = schema.clone() else { return schema.clone() };
    for part in ["type", "anyOf"] {
        let choices = schema.get(part).and_then(Value::as_array).cloned().unwrap_or_default();
        let choices: Vec<_> = choices.into_iter().filter(|choice| !is_null(choice)).collect();
        match choices.as_slice() {
            [Value::Object(only)] => {
                schema.shift_remove(part);
                schema.extend(only.clone());
            }
            [only] => drop(schema.insert(part.into(), only.clone())),
            _ => {}
        }
    }
    schema.into()
}

/// Returns a parameter. Its description is that of its schema.
fn parameter(place: &str, name: &str, is_required: bool, schema: &Value) -> Value {
    let mut schema = schema.clone();
    let description = schema.as_object_mut().and_then(|schema| schema.shift_remove("description"));
    let mut parameter =
        json!({ "in": place, "name": name, "required": is_required, "schema": schema });
    if let (Some(parameter), Some(description)) = (parameter.as_object_mut(), description) {
        parameter.insert("description".into(), description);
    }
    parameter
}

impl Input for HttpRequest {}

impl<T> Input for Data<T> {}

/// An operation whose body is no JSON names the media type itself.
impl<T> Input for Result<T, actix_web::Error> {}

impl<T: Output> Output for Result<T, Problem> {
    fn describe(description: &mut Description) {
        T::describe(description);
    }
}

/// An operation whose answer is no JSON names the media type itself.
impl Output for HttpResponse {
    fn describe(_: &mut Description) {}
}

/// Describes what a handler with several extractors takes.
macro_rules! inputs {
    ($($extractor:ident)*) => {
        impl<$($extractor: Input),*> Input for ($($extractor,)*) {
            fn describe(_description: &mut Description) {
                $($extractor::describe(_description);)*
            }
        }
    };
}

inputs! {}
inputs! { A }
inputs! { A B }
inputs! { A B C }
inputs! { A B C D }
inputs! { A B C D E }
