//! The REST API for programs: JSON, one file per feature.

use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::Problem;
use crate::error::code::Code;

pub mod article;
pub mod bank;
pub mod cart;
pub mod health;
pub mod metrics;
pub mod order;
pub mod session;
pub mod user;

/// The most entries of one page of a list.
const MAX_PAGE: usize = 100;

/// The query that selects one page of a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageOf<Id> {
    /// The entry after which the page starts; `None` starts with the first.
    after: Option<Id>,
    /// The most entries to return.
    limit: Option<usize>,
}

impl<Id> PageOf<Id> {
    /// Returns the most entries to return: 100 by default, an error if not from 1 to 100.
    fn limit(&self) -> Result<usize, Problem> {
        match self.limit {
            None => Ok(MAX_PAGE),
            Some(limit) if (1..=MAX_PAGE).contains(&limit) => Ok(limit),
            Some(_) => Err(Problem::because(Code::InvalidQuery, "limit must be from 1 to 100")),
        }
    }
}

/// Answers 200 with one value: `{"success": true, "<name>": <value>}`.
fn one(name: &str, value: impl Serialize) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "success": true, name: value }))
}

/// Answers 200 with a list and its length.
fn many(name: &str, values: Vec<impl Serialize>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "success": true, "count": values.len(), name: values }))
}

/// Reads the version that the `If-Match` header requires (RFC 9110, section 13.1.1).
///
/// Returns `None` for every version: without the header and for `*`. A tag that is not a version
/// can match nothing and is an error.
fn if_match(request: &HttpRequest) -> Result<Option<u64>, Problem> {
    let Some(header) = request.headers().get("if-match") else { return Ok(None) };
    let tag = header.to_str().unwrap_or_default().trim();
    let version = tag
        .strip_prefix('"')
        .and_then(|tag| tag.strip_suffix('"'))
        .and_then(|tag| tag.parse().ok());
    match (tag, version) {
        ("*", _) => Ok(None),
        (_, Some(version)) => Ok(Some(version)),
        _ => Err(Problem::new(Code::PreconditionFailed)),
    }
}
