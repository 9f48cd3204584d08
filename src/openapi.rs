//! The REST API as an OpenAPI 3.1 document, generated from the types of its handlers.
//!
//! The schemas are those of the types that are read from requests and written into answers, as in
//! the AsyncAPI document of the live frames. What types do not state, such as codes of problems,
//! stands beside the routes; the tests compare every answer that they see with the document.

use std::collections::BTreeMap;

use actix_web::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::cors::{CART_TOKEN, IDEMPOTENCY_KEY, SHOP_POSITION, is_api};
use crate::error::code::Code;
use crate::operation::Operation;
use crate::operation::description::Description;
use crate::repeat::is_secret;
use problem::{ProblemJson, example};
use schema::{close_objects, join_words};

mod problem;
mod schema;

/// Problems of any request, whatever it asks for.
const OF_ANY: [Code; 8] = [
    Code::InvalidPath,
    Code::RequestTimeout,
    Code::MisdirectedRequest,
    Code::BodyTooLarge,
    Code::TooManyRequests,
    Code::Internal,
    Code::TooBusy,
    Code::Unavailable,
];

/// Problems of any command that takes an idempotency key.
const OF_COMMANDS: [Code; 3] =
    [Code::InvalidIdempotencyKey, Code::IdempotencyKeyInUse, Code::IdempotencyKeyReused];

/// The headers of responses. None of them is on every one: only nodes with a shared store have a
/// position, for instance.
const HEADERS: [(&str, &str); 5] = [
    ("etag", "The entity tag of the resource (RFC 9110, section 8.8.3)."),
    ("location", "The path of the new resource."),
    ("retry-after", "After how many seconds to try again."),
    ("shop-position", "How far in the log of events the answer goes; send it with later requests."),
    ("x-request-id", "The id of the request in the log of the server."),
];

/// The responses with problems that operations have in common, by their codes.
type Problems = BTreeMap<String, Value>;

/// Returns the document.
pub fn document(operations: &[Operation]) -> Value {
    let mut description = Description::default();
    let mut problems = Problems::new();
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations {
        description = description.begin(operation.path);
        let described = describe(operation, &mut description, &mut problems);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(operation.method.as_str().to_lowercase(), described);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "MicroShop",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The REST API of the shop. Amounts are in cents, times in UTC.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas(description),
            "responses": problems,
            "headers": HEADERS.map(|(name, text)| (name, header(text))).into_iter()
                .collect::<BTreeMap<_, _>>(),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
                "guest": {
                    "type": "apiKey",
                    "in": "header",
                    "name": CART_TOKEN.as_str(),
                    "description": "The token of `POST /api/cart`.",
                },
                "scraper": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token of the setting `metrics.token`.",
                },
            },
        },
    })
}

fn schemas(description: Description) -> Map<String, Value> {
    let [mut answers, requests] = description.schemas();
    answers.values_mut().for_each(close_objects);
    answers.extend(requests);
    answers.values_mut().for_each(join_words);
    answers.sort_keys();
    answers
}

fn header(text: &str) -> Value {
    json!({ "description": text, "schema": { "type": "string" } })
}

fn describe(
    operation: &Operation,
    description: &mut Description,
    problems: &mut Problems,
) -> Value {
    (operation.describe)(description);
    description.refuses(&operation.codes);
    let is_read = operation.method == Method::GET;
    let creates = operation.statuses.contains(&StatusCode::CREATED.as_u16());
    if operation.is_tagged && !creates {
        let name = if is_read { "If-None-Match" } else { "If-Match" };
        description.takes_header(name, "Entity tags (RFC 9110, section 13.1).");
        description.refuses(&[Code::PreconditionFailed]);
    }
    if is_api(operation.path) {
        let text = "What an answer had in this header; the next one is not older.";
        description.takes_header(SHOP_POSITION.as_str(), text);
    }
    if is_keyed(operation) {
        description.takes_header(
            IDEMPOTENCY_KEY.as_str(),
            "A key of your own: a repetition gets the first answer.",
        );
    }
    if let Some(media_type) = operation.takes {
        description.refuses(&[Code::UnsupportedMediaType, Code::BodyTooLarge]);
        let schema = json!({ "type": "string", "format": "binary" });
        description.body = Some(json!({ media_type: { "schema": schema } }));
    }
    if let Some(media_type) = operation.gives {
        let schema = json!({ "type": "string" });
        description.content = Some(json!({ media_type: { "schema": schema } }));
    }
    let mut described = json!({
        "operationId": identifier(operation.handler),
        "tags": [tag(operation.handler)],
        "summary": operation.summary,
        "security": description.security.iter().map(|scheme| json!({ *scheme: [] }))
            .collect::<Vec<_>>(),
        "parameters": description.parameters,
        "responses": responses(operation, description, problems),
    });
    let body = description.body.take().map(|body| json!({ "required": true, "content": body }));
    if let (Some(described), Some(body)) = (described.as_object_mut(), body) {
        described.insert("requestBody".into(), body);
    }
    described
}

/// Whether a command may be repeated with the same key.
fn is_keyed(Operation { method, path, .. }: &Operation) -> bool {
    *method != Method::GET && path.starts_with("/api/") && !is_secret(method, path)
}

/// Returns the responses by status: the problems of any request are those of `default`, unless the
/// operation has others with the same status.
fn responses(
    operation: &Operation,
    description: &mut Description,
    problems: &mut Problems,
) -> Map<String, Value> {
    let mut responses = Map::new();
    let content = description.content.take();
    for status in operation.statuses {
        let mut headers = headers(&[SHOP_POSITION.as_str(), "x-request-id"]);
        if *status == StatusCode::CREATED.as_u16() {
            headers.extend(self::headers(&["location"]));
        }
        if operation.is_tagged {
            headers.extend(self::headers(&["etag"]));
        }
        let mut response = json!({ "description": reason(*status), "headers": headers });
        if let (Some(response), Some(content)) = (response.as_object_mut(), &content) {
            response.insert("content".into(), content.clone());
        }
        responses.insert(status.to_string(), response);
    }
    if operation.is_tagged && operation.method == Method::GET {
        responses.insert("304".into(), json!({ "description": reason(304) }));
    }
    let of_commands = OF_COMMANDS.iter().filter(|_| is_keyed(operation));
    let general: Vec<_> = OF_ANY.iter().chain(of_commands).copied().collect();
    let mut codes: Vec<_> = description.codes.iter().copied().collect();
    let (of_status, rest): (Vec<Code>, Vec<Code>) = general
        .into_iter()
        .partition(|code| codes.iter().any(|other| other.status() == code.status()));
    codes.extend(of_status);
    codes.sort_unstable();
    codes.dedup();
    for same in codes.chunk_by(|one, next| one.status() == next.status()) {
        let Some(status) = same.first().map(|code| code.status().as_u16()) else { continue };
        let problem = problem(description, problems, &reason(status), same);
        responses.insert(status.to_string(), problem);
    }
    let problem = problem(description, problems, "A problem of any request", &rest);
    responses.insert("default".into(), problem);
    responses
}

/// Returns a reference to the response with a problem of one of these codes, which are the names of
/// its examples.
fn problem(
    description: &mut Description,
    problems: &mut Problems,
    reason: &str,
    codes: &[Code],
) -> Value {
    let name = codes.iter().map(|code| code.word()).collect::<Vec<_>>().join(".");
    let reference = json!({ "$ref": format!("#/components/responses/{name}") });
    let examples = codes.iter().map(|code| (code.word(), json!({ "value": example(*code) })));
    let content = json!({
        "schema": description.schema::<ProblemJson>(),
        "examples": examples.collect::<BTreeMap<_, _>>(),
    });
    let response = json!({
        "description": reason,
        "headers": headers(&["x-request-id", "retry-after"]),
        "content": { "application/problem+json": content },
    });
    problems.insert(name, response);
    reference
}

/// Returns headers of a response.
fn headers(names: &[&str]) -> Map<String, Value> {
    let reference = |name: &str| json!({ "$ref": format!("#/components/headers/{name}") });
    names.iter().map(|name| ((*name).to_owned(), reference(name))).collect()
}

fn reason(status: u16) -> String {
    let status = StatusCode::from_u16(status).ok();
    status.and_then(|status| status.canonical_reason()).unwrap_or_default().to_owned()
}

/// Returns the name of an operation: `get_order`, and `admin_get_order` at the desk.
fn identifier(handler: &str) -> String {
    let name = handler.rsplit("::").next().unwrap_or_default();
    match handler.strip_prefix("admin::") {
        Some(_) => format!("admin_{name}"),
        None => name.to_owned(),
    }
}

/// Returns the stem of an operation's feature.
fn tag(handler: &str) -> &str {
    handler.rsplit("::").nth(1).unwrap_or_default()
}
