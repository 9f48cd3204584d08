//! Idempotency keys, which clients send in a header and pages in a form.

use actors::order::IdempotencyKey;

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
