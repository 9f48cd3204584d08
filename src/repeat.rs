//! Commands of the API that a client repeats with the same `Idempotency-Key`
//! (draft-ietf-httpapi-idempotency-key-header): the first one takes effect, the others get its
//! answer.
//!
//! The order desk does this for its own commands, in the commit of each. Here the key is stored
//! before the command, and the answer after it; both go on if the client is gone. If the answer is
//! missing, because the server crashed or the outcome is unknown, the command runs again: a cart
//! keeps the key with the change that it has made, and any other command has the same effect a
//! second time. Only what would create a second article is refused.

use std::future;
use std::time::Duration;

use actix_web::body::{BoxBody, to_bytes};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpResponse, rt, web};
use actors::order::IdempotencyKey;
use actors::store::{StoreError, Version};
use actors::tables::table::{Table, version};
use domain::time::later;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;
use tracing::Instrument;

use crate::auth::bearer::authenticate;
use crate::cors::IDEMPOTENCY_KEY;
use crate::crypto::{hexadecimal, sign};
use crate::error::Problem;
use crate::error::code::Code;
use crate::form::unread;
use crate::idempotency::{RunningCommand, idempotency_header};
use crate::state::{AppState, app_state};
use crate::upload::LARGEST;

/// How long a key and its answer are kept.
const KEPT: Duration = Duration::from_secs(24 * 3_600);

/// The pause before an answer is stored again after a failure.
const RETRY: Duration = Duration::from_millis(500);

/// How long a client should wait before it repeats a refused request.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What an upload has besides its file.
const OVERHEAD: usize = 64 * 1024;

/// The routes whose commands do this themselves.
const OF_ORDERS: [&str; 3] = ["/api/orders", "/api/orders/{id}/pay", "/api/orders/{id}/refund"];

/// The routes whose commands would create something again.
const CREATING: [&str; 2] = ["/api/articles", "/api/admin/articles.csv"];

/// The routes whose answers to `POST` hold a secret, which must not be stored.
const SECRET: [&str; 2] = ["/api/users/{id}/reset-link", "/api/cart"];

/// A key that a user has sent with a command.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Used {
    /// The fingerprint of the request.
    fingerprint: String,
    /// The answer; `None` before it is known.
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
    /// Whether the command may run again if its outcome is unknown.
    is_repeatable: bool,
    running: RunningCommand,
}

/// Answers a command that has an idempotency key once. Any other request passes.
pub async fn answer_once(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_command = !request.method().is_safe() && request.path().starts_with("/api/");
    if !is_command || !request.headers().contains_key(IDEMPOTENCY_KEY) {
        return next.call(request).await;
    }
    // Boxed, because every open connection holds this future.
    Box::pin(answer_keyed(request, next)).await
}

async fn answer_keyed(
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let keyed = match keyed(&mut request).await {
        Ok(Some(keyed)) => keyed,
        Ok(None) => return next.call(request).await,
        Err(problem) => return Ok(request.error_response(problem)),
    };
    // In a task of its own, because actix drops the request of a client that is gone.
    let answered = rt::spawn(keyed.answer(request, next).in_current_span()).await;
    answered.map_err(|error| Problem::because(Code::Internal, error))?
}

/// Whether the answer to a command holds a secret.
pub fn is_secret(method: &Method, route: &str) -> bool {
    *method == Method::POST && SECRET.contains(&route)
}

/// Returns the key of a command; `None` for one whose handler looks after it, and for one that its
/// handler will refuse.
async fn keyed(request: &mut ServiceRequest) -> Result<Option<Keyed>, Problem> {
    let route = request.match_pattern().unwrap_or_default();
    if OF_ORDERS.contains(&route.as_str()) || is_secret(request.method(), &route) {
        return Ok(None);
    }
    let Ok(me) = authenticate(request.request()) else { return Ok(None) };
    let state = app_state(request.request()).clone();
    let content = content(&state, request).await?;
    let IdempotencyKey { key, fingerprint } = idempotency_header(request.request(), &content)?;
    let keys = state.shop.tables.named("command-key");
    let key = format!("{}/{key}", me.user);
    let running = state.commands.begin(&key);
    let running = running.ok_or_else(in_use)?;
    let is_repeatable = !CREATING.contains(&route.as_str());
    let version = None;
    Ok(Some(Keyed { state, keys, key, fingerprint, version, is_repeatable, running }))
}

/// Returns a text that describes a request: the same for every repetition. It shows nothing of the
/// body, which may hold a password.
async fn content(state: &AppState, request: &mut ServiceRequest) -> Result<String, Problem> {
    let line = format!("{} {}\n", request.method(), request.uri());
    let body = request.extract::<web::Payload>().await.map_err(|error| unread(&error))?;
    let body = body.to_bytes_limited(LARGEST + OVERHEAD).await;
    let body =
        body.map_err(|_| Problem::new(Code::BodyTooLarge))?.map_err(|error| unread(&error))?;
    let again = stream::once(future::ready(Ok(body.clone())));
    request.set_payload(Payload::Stream { payload: Box::pin(again) });
    let key = state.keys.newest().command;
    Ok(hexadecimal(&sign(&key, &[line.as_bytes(), &body].concat())))
}

impl Keyed {
    /// Answers a command: with its stored answer, or by running it.
    async fn answer(
        mut self,
        request: ServiceRequest,
        next: Next<BoxBody>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        match self.begin().await {
            Ok(None) => {
                // From now on it may take effect.
                self.running.keep(!self.is_repeatable);
                self.end(next.call(request).await?).await
            }
            Ok(Some(answer)) => Ok(request.into_response(answer.response())),
            Err(problem) => Ok(request.error_response(problem)),
        }
    }

    /// Stores the key of a new command. Returns the answer of one that was answered before.
    async fn begin(&mut self) -> Result<Option<Answer>, Problem> {
        let row = self.keys.get(&self.key).await.map_err(unavailable)?;
        self.version = version(&row);
        match row.map(|row| row.value) {
            Some(used) if used.fingerprint != self.fingerprint => {
                Err(Problem::new(Code::IdempotencyKeyReused))
            }
            Some(Used { answer: Some(answer), .. }) => Ok(Some(answer)),
            // If this process has stored the key and did not learn of it, it ran nothing.
            Some(used) if self.is_repeatable || used.process == self.state.commands.process => {
                Ok(None)
            }
            Some(_) => Err(in_use()),
            None => match self.put(None).await {
                Ok(()) => Ok(None),
                // The same command has arrived at another node.
                Err(StoreError::Conflict) => Err(in_use()),
                Err(error) => Err(unavailable(error)),
            },
        }
    }

    /// Stores a successful answer. A refused command may be repeated with the same key. One whose
    /// outcome is unknown keeps its key without an answer.
    async fn end(
        self,
        response: ServiceResponse<BoxBody>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        let status = response.status();
        if status.is_client_error() {
            self.remove().await;
            return Ok(response);
        }
        if !status.is_success() {
            return Ok(response);
        }
        let (request, response) = response.into_parts();
        let (head, body) = response.into_parts();
        let body = to_bytes(body).await.unwrap_or_default();
        self.store(Answer::of(&head, &body)).await;
        Ok(ServiceResponse::new(request, head.set_body(BoxBody::new(body))))
    }

    /// Stores the answer. While the store is not available, the client does not wait for that.
    async fn store(mut self, answer: Answer) {
        if self.try_store(&answer).await {
            return;
        }
        rt::spawn(async move {
            while !self.try_store(&answer).await {
                sleep(RETRY).await;
            }
        });
    }

    /// Returns whether the answer is stored.
    async fn try_store(&mut self, answer: &Answer) -> bool {
        match self.put(Some(answer.clone())).await {
            // After a conflict, an earlier try has stored it, or a repetition on another node.
            Ok(()) | Err(StoreError::Conflict) => {
                self.running.keep(false);
                true
            }
            Err(error) => {
                tracing::warn!(%error, "could not store the answer to a command yet");
                false
            }
        }
    }

    async fn remove(mut self) {
        let shop = &self.state.shop;
        let mut batch = shop.tables.batch(shop.clock.now());
        batch.remove(&self.keys, &self.key, self.version.unwrap_or_default());
        match shop.tables.commit(batch).await {
            Ok(_) => self.running.keep(false),
            Err(error) => tracing::warn!(%error, "could not remove an idempotency key"),
        }
    }

    async fn put(&mut self, answer: Option<Answer>) -> Result<(), StoreError> {
        let process = self.state.commands.process.clone();
        let used = Used { fingerprint: self.fingerprint.clone(), answer, process };
        let now = self.state.shop.clock.now();
        let mut batch = self.state.shop.tables.batch(now);
        batch.put_until(&self.keys, &self.key, self.version, &used, later(now, KEPT))?;
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

fn in_use() -> Problem {
    Problem::new(Code::IdempotencyKeyInUse).retry_after(RETRY_AFTER)
}

fn unavailable(error: StoreError) -> Problem {
    Problem::because(Code::Unavailable, error).retry_after(RETRY_AFTER)
}
