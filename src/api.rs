//! The REST API for programs: JSON, one file per feature.

use actix_web::HttpRequest;
use actix_web::http::header::{IF_MATCH, IF_NONE_MATCH};

use crate::error::Problem;
use crate::error::code::Code;
use crate::etag::Condition;

pub mod admin;
pub mod article;
pub mod bank;
pub mod cart;
pub mod event;
pub mod health;
pub mod metrics;
pub mod order;
pub mod picture;
pub mod session;
pub mod user;

/// The most entries of one page of a list.
const MAX_PAGE: usize = 100;

/// Returns the most entries of a page: 100 by default, an error if not from 1 to 100.
fn page_limit(limit: Option<usize>) -> Result<usize, Problem> {
    match limit {
        None => Ok(MAX_PAGE),
        Some(limit) if (1..=MAX_PAGE).contains(&limit) => Ok(limit),
        Some(_) => Err(Problem::because(Code::InvalidQuery, "limit must be from 1 to 100")
            .about_parameter("limit")),
    }
}

/// Removes the entries after the first `limit`. Returns the last entry left if there were any.
fn cut<T>(entries: &mut Vec<T>, limit: usize) -> Option<&T> {
    let has_more = entries.len() > limit;
    entries.truncate(limit);
    entries.last().filter(|_| has_more)
}

/// Returns the versions of which the resource must have one for a command to change it, by the
/// header `If-Match` (RFC 9110, section 13.1.1).
///
/// `version` reads the text of a tag; a tag that is no version matches nothing. Returns `None` for
/// every version: without the header and for `*`. The resources with a version always exist, so
/// `If-None-Match: *` is an error.
fn expected_versions<Version>(
    request: &HttpRequest,
    version: impl Fn(&str) -> Option<Version>,
) -> Result<Option<Vec<Version>>, Problem> {
    if Condition::read(request.headers(), IF_NONE_MATCH) == Some(Condition::Any) {
        return Err(Problem::new(Code::PreconditionFailed));
    }
    let required = Condition::read(request.headers(), IF_MATCH);
    let tags = required.as_ref().and_then(Condition::strong_tags);
    Ok(tags.map(|tags| tags.into_iter().filter_map(version).collect()))
}
