//! Idempotency keys, which clients send in a header and pages in a form.

use actix_web::HttpRequest;
use actors::order::IdempotencyKey;

use crate::cors::IDEMPOTENCY_KEY;
use crate::crypto::fingerprint;
use crate::error::Problem;
use crate::error::code::Code;

/// Validates a client's idempotency key, which must have 1 to 255 visible ASCII characters.
///
/// `content` describes the request. Its fingerprint is stored with the key for 72 hours, so the
/// same request must always be described by the same text.
pub fn parse_idempotency_key(key: &str, content: &str) -> Result<IdempotencyKey, Problem> {
    if !(1..=255).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Problem::new(Code::InvalidIdempotencyKey));
    }
    Ok(IdempotencyKey { key: key.to_owned(), fingerprint: fingerprint(content) })
}

/// Reads the `Idempotency-Key` header; `content` is what the fingerprint covers.
pub fn idempotency_header(request: &HttpRequest, content: &str) -> Result<IdempotencyKey, Problem> {
    let mut headers = request.headers().get_all(IDEMPOTENCY_KEY);
    let header = headers.next().ok_or_else(|| Problem::new(Code::MissingIdempotencyKey))?;
    let key = header.to_str().ok().filter(|_| headers.next().is_none());
    parse_idempotency_key(key.unwrap_or_default(), content)
}
