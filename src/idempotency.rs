//! Idempotency keys, which clients send in a header and pages in a form.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::HttpRequest;
use actors::order::IdempotencyKey;

use crate::cors::IDEMPOTENCY_KEY;
use crate::crypto::{fingerprint, random_token};
use crate::error::Problem;
use crate::error::code::Code;

/// The commands with a key that this process is running.
pub struct RunningCommands {
    /// A random word that names the process.
    pub process: String,
    keys: Mutex<HashSet<String>>,
}

/// A running command. Dropping it ends it, unless it is kept.
pub struct RunningCommand {
    commands: Arc<RunningCommands>,
    key: String,
    is_kept: bool,
}

impl Default for RunningCommands {
    fn default() -> Self {
        Self { process: random_token(), keys: Mutex::default() }
    }
}

impl RunningCommands {
    /// Begins a command; returns `None` if one with this key is running.
    pub fn begin(self: &Arc<Self>, key: &str) -> Option<RunningCommand> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = keys.insert(key.to_owned());
        is_new.then(|| RunningCommand {
            commands: self.clone(),
            key: key.to_owned(),
            is_kept: false,
        })
    }
}

impl RunningCommand {
    /// Sets whether the command counts as running for ever if it is dropped now.
    pub fn keep(&mut self, is_kept: bool) {
        self.is_kept = is_kept;
    }
}

impl Drop for RunningCommand {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        let mut keys = self.commands.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.remove(&self.key);
    }
}

/// Validates a client's idempotency key, which must have 1 to 255 visible ASCII characters.
///
/// `content` describes the request. Its fingerprint is stored with the key, so the same request
/// must always be described by the same text.
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
