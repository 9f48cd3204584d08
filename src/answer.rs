//! The answers of the REST API: values that are serialized straight into the bytes of a response.

use std::borrow::Cow;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION, TryIntoHeaderValue,
    VARY,
};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, Responder};
use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema, json_schema};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::error::Problem;
use crate::error::code::Code;
use crate::operation::description::{Description, Output};

/// A successful answer with a value as JSON.
#[derive(Debug)]
pub struct Answer<T> {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    content: Content<T>,
}

#[derive(Debug)]
enum Content<T> {
    Value(T),
    /// The value as JSON, perhaps in an encoding.
    Bytes(Bytes),
}

/// The answer of a handler, or why it refuses the request.
pub type Answered<T> = Result<Answer<T>, Problem>;

/// A value of which the description of the API shows an example.
pub trait Example {
    /// Returns the example, always the same.
    fn example() -> Value;
}

/// A resource, and the members of an answer that hold it.
pub trait Resource: Example + Serialize + JsonSchema {
    /// The member that holds one.
    const ONE: &'static str;
    /// The member that holds several.
    const MANY: &'static str;
}

/// One resource: `{"success": true, "<one>": {…}}`.
#[derive(Debug)]
pub struct One<T>(pub T);

/// A whole list: `{"success": true, "count": 2, "<many>": […]}`.
#[derive(Debug)]
pub struct All<T>(pub Vec<T>);

/// One page of a list: its length, the length of the list, and what `after` must be for the next
/// page; `null` on the last page.
#[derive(Debug)]
pub struct Page<T, Id> {
    /// The entries of the page.
    pub entries: Vec<T>,
    /// The length of the list.
    pub total: u64,
    /// The last entry of the page, unless it is that of the list.
    pub next: Option<Id>,
}

/// The members of an answer that is none of the above.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}")]
pub struct Success<T> {
    success: True,
    #[serde(flatten)]
    members: T,
}

/// An answer without further members.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Done {}

/// The value `true`.
#[derive(Debug)]
pub struct True;

impl<T> Answer<T> {
    /// Answers 200.
    pub fn ok(value: T) -> Self {
        Self::with_status(StatusCode::OK, value)
    }

    /// Answers 201 for a new resource at a path (RFC 9110, section 15.3.2).
    pub fn created(path: &str, value: T) -> Self {
        Self::with_status(StatusCode::CREATED, value).with_header(LOCATION, path)
    }

    /// Answers with another status of success.
    pub fn with_status(status: StatusCode, value: T) -> Self {
        Self { status, headers: Vec::new(), content: Content::Value(value) }
    }

    /// Answers 200 with a value that is kept as JSON in an encoding.
    pub fn kept(bytes: Bytes, encoding: Option<&'static str>) -> Self {
        let headers = encoding
            .map(|encoding| (CONTENT_ENCODING, HeaderValue::from_static(encoding)))
            .into_iter()
            .chain([(VARY, HeaderValue::from_static("accept-encoding"))]);
        Self { status: StatusCode::OK, headers: headers.collect(), content: Content::Bytes(bytes) }
    }

    /// Adds the entity tag of the resource, without its quotation marks.
    pub fn tagged(self, tag: impl std::fmt::Display) -> Self {
        self.with_header(ETAG, format!("\"{tag}\""))
    }

    /// Adds a header; one that is not valid is left out.
    pub fn with_header(mut self, name: HeaderName, value: impl TryIntoHeaderValue) -> Self {
        self.headers.extend(value.try_into_value().ok().map(|value| (name, value)));
        self
    }
}

/// Answers 200 with one resource.
pub fn one<T>(resource: T) -> Answer<One<T>> {
    Answer::ok(One(resource))
}

/// Answers 200 with members of their own.
pub fn success<T>(members: T) -> Answer<Success<T>> {
    Answer::ok(Success::of(members))
}

impl<T> Success<T> {
    /// Adds `"success": true` to members.
    pub fn of(members: T) -> Self {
        Self { success: True, members }
    }
}

impl<T: Serialize> Responder for Answer<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let body = match self.content {
            Content::Value(value) => to_bytes(&value).map(Bytes::from),
            Content::Bytes(bytes) => Ok(bytes),
        };
        let body = match body {
            Ok(body) => body,
            Err(problem) => return HttpResponse::from_error(problem),
        };
        let mut response = HttpResponse::with_body(self.status, BoxBody::new(body));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        response
    }
}

/// Returns the JSON of a value, which ends with a line break for readers at a terminal.
pub fn to_bytes(value: &impl Serialize) -> Result<Vec<u8>, Problem> {
    let bytes = serde_json::to_vec(value);
    let mut bytes = bytes.map_err(|error| Problem::because(Code::Internal, error))?;
    bytes.push(b'\n');
    Ok(bytes)
}

impl Serialize for True {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

impl<T: Resource> Serialize for One<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(Some(2))?;
        members.serialize_entry("success", &True)?;
        members.serialize_entry(T::ONE, &self.0)?;
        members.end()
    }
}

impl<T: Resource> Serialize for All<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(Some(3))?;
        members.serialize_entry("success", &True)?;
        members.serialize_entry("count", &self.0.len())?;
        members.serialize_entry(T::MANY, &self.0)?;
        members.end()
    }
}

impl<T: Resource, Id: Serialize> Serialize for Page<T, Id> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(Some(5))?;
        members.serialize_entry("success", &True)?;
        members.serialize_entry("count", &self.entries.len())?;
        members.serialize_entry("total", &self.total)?;
        members.serialize_entry("next", &self.next)?;
        members.serialize_entry(T::MANY, &self.entries)?;
        members.end()
    }
}

impl JsonSchema for True {
    fn schema_name() -> Cow<'static, str> {
        "True".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "boolean", "const": true })
    }
}

impl<T: Resource> JsonSchema for One<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("One{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        members(&[
            ("success", generator.subschema_for::<True>()),
            (T::ONE, generator.subschema_for::<T>()),
        ])
    }
}

impl<T: Resource> JsonSchema for All<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("All{}s", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        members(&[
            ("success", generator.subschema_for::<True>()),
            ("count", generator.subschema_for::<usize>()),
            (T::MANY, generator.subschema_for::<Vec<T>>()),
        ])
    }
}

impl<T: Resource, Id: JsonSchema> JsonSchema for Page<T, Id> {
    fn schema_name() -> Cow<'static, str> {
        format!("PageOf{}s", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        members(&[
            ("success", generator.subschema_for::<True>()),
            ("count", generator.subschema_for::<usize>()),
            ("total", generator.subschema_for::<u64>()),
            ("next", generator.subschema_for::<Option<Id>>()),
            (T::MANY, generator.subschema_for::<Vec<T>>()),
        ])
    }
}

/// Returns the schema of an object with these members, all of which are required.
fn members(members: &[(&str, Schema)]) -> Schema {
    let names: Vec<_> = members.iter().map(|(name, _)| *name).collect();
    let properties = members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone()));
    let properties: serde_json::Map<_, _> =
        properties.map(|(name, schema)| (name, schema.to_value())).collect();
    json_schema!({ "type": "object", "properties": properties, "required": names })
}

impl<T: Resource> Example for One<T> {
    fn example() -> Value {
        json!({ "success": true, T::ONE: T::example() })
    }
}

impl<T: Resource> Example for All<T> {
    fn example() -> Value {
        json!({ "success": true, "count": 1, T::MANY: [T::example()] })
    }
}

impl<T: Resource, Id> Example for Page<T, Id> {
    fn example() -> Value {
        let next: Option<u64> = None;
        json!({ "success": true, "count": 1, "total": 1, "next": next, T::MANY: [T::example()] })
    }
}

impl<T: Example> Example for Success<T> {
    fn example() -> Value {
        let members = T::example();
        let mut example = json!({ "success": true });
        if let (Some(example), Value::Object(members)) = (example.as_object_mut(), members) {
            example.extend(members);
        }
        example
    }
}

impl Example for Done {
    fn example() -> Value {
        json!({})
    }
}

impl<T: Example + Serialize + JsonSchema> Output for Answer<T> {
    fn describe(description: &mut Description) {
        description.answers::<T>(T::example());
    }
}
