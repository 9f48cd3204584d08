//! Compares answers of the API with its description, `docs/openapi.json`, and notes which of the
//! described ones the tests have seen.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// The description of the API.
pub(crate) static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap());

/// The beginnings of the paths that it describes.
const DESCRIBED: [&str; 4] = ["/api/", "/auth/", "/health/", "/metrics"];

/// The paths below them that are not HTTP alone: `docs/asyncapi.json` describes them.
const SOCKETS: [&str; 1] = ["/api/live"];

static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
static SEEN: LazyLock<Mutex<BTreeSet<String>>> = LazyLock::new(Mutex::default);

/// Checks that the API is described to answer so. An unknown path or method is none of its
/// operations.
pub(crate) fn check(
    method: &Method,
    path: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &str,
) {
    let is_described = DESCRIBED.iter().any(|start| path.starts_with(start));
    let is_of_http = [Method::HEAD, Method::OPTIONS].contains(method);
    if !is_described || SOCKETS.contains(&path) || is_of_http {
        return;
    }
    let Some((route, operation)) = operation(method, path) else {
        assert!(status.is_client_error(), "{method} {path} is not described");
        return;
    };
    let call = format!("{method} {route} {}", status.as_u16());
    let responses = &operation["responses"];
    let key = status.as_u16().to_string();
    let key = if responses[&key].is_null() { "default" } else { key.as_str() };
    let content = resolved(&responses[key])["content"].as_object();
    let media_type = headers.get("content-type").and_then(|value| value.to_str().ok());
    let media_type = media_type.unwrap_or_default().split(';').next().unwrap_or_default();
    match content {
        None => assert_eq!(body, "", "{call} has a body"),
        Some(content) => {
            assert!(content.contains_key(media_type), "{call} has the type {media_type}");
            if media_type.ends_with("json") {
                let value: Value = serde_json::from_str(body).unwrap();
                let schema = &content[media_type]["schema"];
                assert_valid(&format!("{method} {route} {key}"), schema, &value);
                if media_type == "application/problem+json" {
                    let code = value["code"].as_str().unwrap();
                    let is_named = content[media_type]["examples"].get(code).is_some();
                    assert!(is_named, "{call} is not described with {value}");
                }
            }
        }
    }
    if key != "default" {
        see(call);
    }
}

/// Checks that a value has a schema of the description, which is found under a name again.
pub(crate) fn assert_valid(name: &str, schema: &Value, value: &Value) {
    let validator = VALIDATORS.lock().unwrap().get(name).cloned();
    let validator = validator.unwrap_or_else(|| {
        let mut schema = schema.clone();
        schema["components"] = json!({ "schemas": DOCUMENT["components"]["schemas"] });
        let options = jsonschema::options().should_validate_formats(true);
        let validator = Arc::new(options.build(&schema).unwrap());
        VALIDATORS.lock().unwrap().insert(name.into(), validator.clone());
        validator
    });
    let errors = validator.iter_errors(value);
    let errors: Vec<_> =
        errors.map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{name} is not described so: {value}: {errors:?}");
}

/// Returns what a reference stands for; anything else stands for itself.
pub(crate) fn resolved(value: &'static Value) -> &'static Value {
    let reference = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    reference.map_or(value, |pointer| DOCUMENT.pointer(pointer).unwrap())
}

/// Returns the operation that a request is for, with its path in the description.
fn operation(method: &Method, path: &str) -> Option<(&'static str, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    // A path without parameters is preferred (OpenAPI 3.1, section 4.8.8.2).
    let mut fitting: Vec<_> = paths.filter(|(route, _)| fits(route, path)).collect();
    fitting.sort_by_key(|(route, _)| route.contains('{'));
    let (route, operations) = fitting.first()?;
    let operation = &operations[method.as_str().to_lowercase()];
    operation.is_object().then_some((route.as_str(), operation))
}

fn fits(route: &str, path: &str) -> bool {
    let (route, path): (Vec<_>, Vec<_>) = (route.split('/').collect(), path.split('/').collect());
    route.len() == path.len()
        && route.iter().zip(&path).all(|(part, text)| part.starts_with('{') || part == text)
}

/// Notes an answer, for other test runs too.
fn see(call: String) {
    if SEEN.lock().unwrap().insert(call.clone()) {
        let file = OpenOptions::new().create(true).append(true).open(file());
        writeln!(file.unwrap(), "{call}").unwrap();
    }
}

/// Returns the answers that the tests have seen since the file was removed.
pub(crate) fn seen() -> BTreeSet<String> {
    let text = fs::read_to_string(file()).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("seen-answers")
}
