//! Commands of the API that a client repeats with the same `Idempotency-Key`
//! (draft-ietf-httpapi-idempotency-key-header): the first one takes effect, the others get its
//! answer.
//!
//! The order desk does this for its own commands, in the commit of each. Here the key is stored
//! before the command, and the answer after it. Both go on if the client is gone. Only a crash
//! between the commit of the command and that of the answer lets a repetition take effect again.

use std::future;
use std::time::Duration;

use actix_web::body::{BoxBody, to_bytes};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpResponse, rt};
use actors::order::IdempotencyKey;
use actors::store::{StoreError, Version};
use actors::tables::table::{Table, version};
use domain::time::later;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::sleep;

use crate::auth::bearer::authenticate;
use crate::cors::IDEMPOTENCY_KEY;
use crate::error::Problem;
use crate::error::code::Code;
use crate::idempotency::{RunningCommand, idempotency_header};
use crate::state::AppState;

/// How long a key and its answer are kept.
const KEPT: Duration = Duration::from_secs(24 * 3_600);

/// How long a key without an answer is kept: longer than any command takes.
const IN_PROGRESS: Duration = Duration::from_secs(60);

/// How often, and after which pauses, to try to store an answer.
const TRIES: usize = 10;
const RETRY: Duration = Duration::from_millis(500);

/// The routes whose commands do this themselves.
const OF_ORDERS: [&str; 3] = ["/api/orders", "/api/orders/{id}/pay", "/api/orders/{id}/refund"];

/// The routes whose answers hold a secret, which must not be stored.
const SECRET: [&str; 1] = ["/api/users/{id}/reset-link"];

/// A key that a user has sent with a command.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Used {
    /// The fingerprint of the request.
    fingerprint: String,
    /// The answer; `None` while the command is in progress.
    answer: Option<Answer>,
    /// The process that runs it, or has.
    process: String,
}

/// A successful answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// The key of a command, as its row is stored.
struct Keyed {
    state: Data<AppState>,
    keys: Table<Used>,
    /// The key of the row: the user and the idempotency key.
    key: String,
    fingerprint: String,
    /// The version of the row.
    version: Option<Version>,
    _running: RunningCommand,
}

/// Answers a command that has an idempotency key once. Any other request passes.
pub async fn answer_once(
    state: Data<AppState>,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut keyed = match keyed(&state, &mut request).await {
        Ok(Some(keyed)) => keyed,
        Ok(None) => return next.call(request).await,
        Err(problem) => return Ok(request.error_response(problem)),
    };
    match keyed.begin().await {
        Ok(None) => {}
        Ok(Some(answer)) => return Ok(request.into_response(answer.response())),
        Err(problem) => return Ok(request.error_response(problem)),
    }
    // In a task of its own, because actix drops the request of a client that is gone.
    let answered = rt::spawn(async move { keyed.end(next.call(request).await?).await });
    answered.await.map_err(|error| Problem::because(Code::Internal, error))?
}

/// Returns the key of a command; `None` for a request without one, for one whose handler looks
/// after it, and for one that its handler will refuse.
async fn keyed(
    state: &Data<AppState>,
    request: &mut ServiceRequest,
) -> Result<Option<Keyed>, Problem> {
    let is_command = !request.method().is_safe() && request.path().starts_with("/api/");
    let route = request.match_pattern().unwrap_or_default();
    let is_exempt = [&OF_ORDERS[..], &SECRET].concat().contains(&route.as_str());
    if !is_command || is_exempt || !request.headers().contains_key(IDEMPOTENCY_KEY) {
        return Ok(None);
    }
    let Ok(me) = authenticate(request.request()) else { return Ok(None) };
    let content = content(request).await?;
    let IdempotencyKey { key, fingerprint } = idempotency_header(request.request(), &content)?;
    let keys = state.shop.tables.named("command-key");
    let key = format!("{}/{key}", me.user);
    let running = state.commands.begin(&key);
    let running = running.ok_or_else(|| Problem::new(Code::IdempotencyKeyInUse))?;
    let state = state.clone();
    Ok(Some(Keyed { state, keys, key, fingerprint, version: None, _running: running }))
}

/// Returns a text that describes a request: the same for every repetition. A body that is not JSON
/// is described by its length.
async fn content(request: &mut ServiceRequest) -> Result<String, Problem> {
    let line = format!("{} {}", request.method(), request.uri());
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    if !header(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/json")) {
        let length = header(CONTENT_LENGTH).unwrap_or_default().to_owned();
        return Ok(format!("{line} {length}"));
    }
    let body = request.extract::<Bytes>().await;
    let body = body.map_err(|_| Problem::new(Code::BodyTooLarge))?;
    let again = stream::once(future::ready(Ok(body.clone())));
    request.set_payload(Payload::Stream { payload: Box::pin(again) });
    // A fast hash of a password must not be stored.
    let json = serde_json::from_slice(&body).map(|mut json: Value| {
        json.as_object_mut().map(|members| members.remove("password"));
        json.to_string()
    });
    Ok(format!("{line} {}", json.unwrap_or_default()))
}

impl Keyed {
    /// Stores the key of a new command. Returns the answer of one that was answered before.
    async fn begin(&mut self) -> Result<Option<Answer>, Problem> {
        let row = self.keys.get(&self.key).await.map_err(unavailable)?;
        self.version = version(&row);
        match row.map(|row| row.value) {
            Some(used) if used.fingerprint != self.fingerprint => {
                Err(Problem::new(Code::IdempotencyKeyReused))
            }
            Some(Used { answer: Some(answer), .. }) => Ok(Some(answer)),
            Some(used) if used.process != self.state.commands.process => {
                Err(Problem::new(Code::IdempotencyKeyInUse))
            }
            // This process has stored the key, did not learn of it, and ran nothing.
            Some(_) => Ok(None),
            None => match self.put(None, IN_PROGRESS).await {
                Ok(()) => Ok(None),
                Err(StoreError::Conflict) => Err(Problem::new(Code::IdempotencyKeyInUse)),
                Err(error) => Err(unavailable(error)),
            },
        }
    }

    /// Stores a successful answer. A refused command may be repeated with the same key.
    async fn end(
        mut self,
        response: ServiceResponse<BoxBody>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        if !response.status().is_success() {
            let mut batch = self.state.shop.tables.batch(self.state.shop.clock.now());
            batch.remove(&self.keys, &self.key, self.version.unwrap_or_default());
            if let Err(error) = self.state.shop.tables.commit(batch).await {
                tracing::warn!(%error, "could not remove an idempotency key");
            }
            return Ok(response);
        }
        let (request, response) = response.into_parts();
        let (head, body) = response.into_parts();
        let body = to_bytes(body).await.unwrap_or_default();
        let answer = Answer::of(&head, &body);
        self.store(answer).await;
        Ok(ServiceResponse::new(request, head.set_body(BoxBody::new(body))))
    }

    /// Stores an answer, also after a short outage of the store: without it, a repetition would
    /// take effect again.
    async fn store(&mut self, answer: Answer) {
        for _ in 0..TRIES {
            match self.put(Some(answer.clone()), KEPT).await {
                // After a conflict, an earlier try has stored it.
                Ok(()) | Err(StoreError::Conflict) => return,
                Err(error) => tracing::warn!(%error, "could not store the answer to a command"),
            }
            sleep(RETRY).await;
        }
    }

    async fn put(&mut self, answer: Option<Answer>, kept: Duration) -> Result<(), StoreError> {
        let process = self.state.commands.process.clone();
        let used = Used { fingerprint: self.fingerprint.clone(), answer, process };
        let now = self.state.shop.clock.now();
        let mut batch = self.state.shop.tables.batch(now);
        batch.put_until(&self.keys, &self.key, self.version, &used, later(now, kept))?;
        self.state.shop.tables.commit(batch).await?;
        self.version = Some(self.version.unwrap_or_default() + 1);
        Ok(())
    }
}

impl Answer {
    fn of(head: &HttpResponse<()>, body: &[u8]) -> Self {
        let headers = head
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
        let body = String::from_utf8_lossy(body).into_owned();
        Self { status: head.status().as_u16(), headers: headers.collect(), body }
    }

    fn response(self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = HttpResponse::build(status);
        for header in self.headers {
            response.append_header(header);
        }
        response.body(self.body)
    }
}

fn unavailable(error: StoreError) -> Problem {
    Problem::because(Code::Unavailable, error)
}
