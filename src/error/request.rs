//! The problems of a body or a query that cannot be parsed.
//!
//! Their details never repeat the words of serde or actix: those name Rust types, and change with
//! their versions.

use std::io;

use actix_web::error::{JsonPayloadError, PayloadError};
use actix_web::http::header::{CONTENT_ENCODING, HeaderMap, HeaderValue};
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use super::Problem;
use super::code::Code;

impl From<&JsonPayloadError> for Problem {
    fn from(error: &JsonPayloadError) -> Self {
        match error {
            JsonPayloadError::OverflowKnownLength { limit, .. }
            | JsonPayloadError::Overflow { limit } => {
                Self::because(Code::BodyTooLarge, format!("the body has more than {limit} bytes"))
            }
            JsonPayloadError::ContentType => {
                Self::because(Code::UnsupportedMediaType, "the body must be application/json")
            }
            JsonPayloadError::Payload(cause) if is_late(cause) => {
                Self::because(Code::RequestTimeout, "the body did not arrive in time")
            }
            JsonPayloadError::Deserialize(error) => malformed_json(error),
            _ => Self::because(Code::MalformedJson, "the body could not be read"),
        }
    }
}

/// Converts the error of a text that is JSON, but not of the expected type.
impl From<serde_path_to_error::Error<serde_json::Error>> for Problem {
    fn from(error: serde_path_to_error::Error<serde_json::Error>) -> Self {
        let path = pointer(error.path());
        let error = error.into_inner();
        let message = error.to_string();
        match error.classify() {
            Category::Data => invalid_field(path, &message),
            // The type of a field is an enumeration, and the value is none of its kind.
            Category::Syntax if message.starts_with("expected value") => {
                about_field(Code::WrongType, path)
            }
            Category::Syntax if message.starts_with("number out of range") => {
                about_field(Code::OutOfRange, path)
            }
            _ => malformed_json(&error),
        }
    }
}

/// Converts the error of a query that has not the expected parameters.
impl From<serde_path_to_error::Error<serde_urlencoded::de::Error>> for Problem {
    fn from(error: serde_path_to_error::Error<serde_urlencoded::de::Error>) -> Self {
        let message = error.inner().to_string();
        let (code, name) = fault(&message);
        let is_repeated = code == Code::OutOfRange && name.is_some();
        let rule = if is_repeated { "occurs twice" } else { rule(code) };
        let key = error.path().iter().find_map(|segment| match segment {
            Segment::Map { key } => Some(key.as_str()),
            _ => None,
        });
        match name.or(key) {
            Some(name) => {
                let detail = format!("the parameter `{name}` {rule}");
                Self::because(Code::InvalidQuery, detail).about_parameter(name)
            }
            None => Self::because(Code::InvalidQuery, format!("the query {rule}")),
        }
    }
}

/// Returns the problem of a form that has not the expected fields.
pub fn invalid_form(error: &serde_path_to_error::Error<serde_urlencoded::de::Error>) -> Problem {
    invalid_field(pointer(error.path()), &error.inner().to_string())
}

/// Returns an error if the body of a request is compressed.
///
/// The extractors of actix would decompress it before they compare its size with the limit, and a
/// few bytes can become gigabytes.
pub fn require_plain_body(headers: &HeaderMap) -> Result<(), Problem> {
    let is_plain = |encoding: &HeaderValue| encoding.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).all(is_plain) {
        Ok(())
    } else {
        let detail = "the body must not have a content encoding";
        Err(Problem::because(Code::UnsupportedMediaType, detail))
    }
}

/// Returns whether a body did not arrive before its deadline.
pub fn is_late(error: &PayloadError) -> bool {
    matches!(error, PayloadError::Io(error) if error.kind() == io::ErrorKind::TimedOut)
}

fn malformed_json(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let detail = format!("the body is not valid JSON at line {line}, column {column}");
    Problem::because(Code::MalformedJson, detail)
}

fn invalid_field(path: String, error: &str) -> Problem {
    let (code, name) = fault(error);
    let is_repeated = code == Code::OutOfRange && name.is_some();
    let path = name.map_or(path.clone(), |name| format!("{path}/{}", escape(name)));
    if is_repeated {
        return Problem::because(code, format!("the field `{path}` occurs twice")).about(&path);
    }
    about_field(code, path)
}

/// Returns what is wrong with a field, and its name if it is missing or repeated: then the path
/// leads to the object around it. serde reports both only in the text of its error.
fn fault(error: &str) -> (Code, Option<&str>) {
    let name = error.split('`').nth(1);
    match error {
        _ if error.starts_with("unknown field") => (Code::UnknownField, None),
        _ if error.starts_with("missing field") => (Code::MissingField, name),
        _ if is_large_number(error) => (Code::OutOfRange, None),
        _ if error.starts_with("invalid type") => (Code::WrongType, None),
        _ if error.starts_with("duplicate field") => (Code::OutOfRange, name),
        _ => (Code::OutOfRange, None),
    }
}

/// Whether the value is a number that has no fraction but no integer type either.
fn is_large_number(error: &str) -> bool {
    let number = error.strip_prefix("invalid type: floating point `");
    let number = number.and_then(|rest| rest.split('`').next()?.parse::<f64>().ok());
    number.is_some_and(|number| number.abs() >= 1e15)
}

fn about_field(code: Code, pointer: String) -> Problem {
    let code = rule_of_field(code, &pointer);
    let subject = match pointer.as_str() {
        "" => "the body".to_owned(),
        pointer => format!("the field `{pointer}`"),
    };
    Problem::because(code, format!("{subject} {}", rule(code))).about(&pointer)
}

/// Returns the code of a number out of range: that of the rule for the field, if it has one.
fn rule_of_field(code: Code, pointer: &str) -> Code {
    match (code, pointer) {
        (Code::OutOfRange, "/quantity") => Code::QuantityOutOfRange,
        (Code::OutOfRange, "/price_cents" | "/on_hand") => Code::InvalidArticle,
        _ => code,
    }
}

fn rule(code: Code) -> &'static str {
    match code {
        Code::UnknownField => "does not exist",
        Code::MissingField => "is missing",
        Code::WrongType => "has a value of the wrong type",
        _ => "has a value that is not allowed",
    }
}

/// Returns the JSON pointer of a path (RFC 6901).
fn pointer(path: &Path) -> String {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Map { key } => Some(format!("/{}", escape(key))),
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
