//! The REST API: JSON for programs, one file for each kind of thing.

use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::{Code, Problem};

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

/// Which page of a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageOf<Id> {
    /// Behind this entry.
    after: Option<Id>,
    /// How many entries at most.
    limit: Option<usize>,
}

impl<Id> PageOf<Id> {
    /// How many entries to answer, from 1 to 100.
    fn limit(&self) -> Result<usize, Problem> {
        match self.limit {
            None => Ok(MAX_PAGE),
            Some(limit) if (1..=MAX_PAGE).contains(&limit) => Ok(limit),
            Some(_) => Err(Problem::because(Code::InvalidQuery, "limit must be from 1 to 100")),
        }
    }
}

/// An answer with one thing in it.
fn one(name: &str, value: impl Serialize) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "success": true, name: value }))
}

/// An answer with a list.
fn many(name: &str, values: Vec<impl Serialize>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "success": true, "count": values.len(), name: values }))
}

/// The version that the request's `If-Match` names (RFC 9110, section 13.1.1); `*` names any.
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
