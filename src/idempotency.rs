//! Idempotency keys, in headers and in forms.

use actors::order::IdempotencyKey;

use crate::crypto::fingerprint;
use crate::error::{Code, Problem};

/// A request with an idempotency key, which must be of 1 to 255 visible characters.
pub fn idempotency_key(key: &str, says: &str) -> Result<IdempotencyKey, Problem> {
    if !(1..=255).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Problem::new(Code::InvalidIdempotencyKey));
    }
    Ok(IdempotencyKey { key: key.to_owned(), fingerprint: fingerprint(says) })
}
