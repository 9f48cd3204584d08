//! Logging: structured lines on standard error, each with the id of its request.

mod repeats;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal};
use std::panic::{self, PanicHookInfo};
use std::thread;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage};
use tracing::{Level, Metadata, Span};
use tracing_actix_web::{RequestId, RootSpanBuilder};
use tracing_subscriber::filter::{ParseError, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use self::repeats::Repeats;
use crate::config::sections::{LogConfig, LogFormat};

/// The target of the lines about security, which may be logged more often than others.
pub const SECURITY: &str = "microshop::security";

/// The span of a request: its id, method and path.
///
/// Headers, queries and bodies are not logged, because each may contain a secret.
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        tracing::info_span!(
            "request",
            id = request_id(request),
            method = request.method().as_str(),
            path = logged_path(request.path())
        )
    }

    fn on_request_end<B: MessageBody>(_: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        match outcome {
            Ok(response) => tracing::debug!(status = response.status().as_u16(), "response sent"),
            Err(error) => tracing::warn!(%error, "no response sent"),
        }
    }
}

/// Returns the path without the token of a link that sets a new password.
fn logged_path(path: &str) -> &str {
    const LINKS: &str = "/reset/";
    if path.starts_with(LINKS) { LINKS } else { path }
}

/// Returns the id of a request, as the response has it.
pub fn request_id(request: &impl HttpMessage) -> String {
    request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default()
}

/// Installs the configured logger of this process, which also logs panics. Later calls have no
/// effect.
///
/// Returns an error if `log.filter` is invalid.
pub fn install(log: &LogConfig) -> Result<(), ParseError> {
    let filter = EnvFilter::try_new(&log.filter)?;
    let lines =
        fmt().with_env_filter(filter).with_ansi(io::stderr().is_terminal()).with_writer(io::stderr);
    let allowed = filter_fn(may_be_logged);
    let repeats = Repeats::default();
    let installed = match log.format {
        LogFormat::Text => lines.finish().with(allowed).with(repeats).try_init(),
        LogFormat::Json => lines.json().finish().with(allowed).with(repeats).try_init(),
    };
    // An error means that the process has a logger already.
    if installed.is_ok() {
        panic::set_hook(Box::new(log_panic));
    }
    Ok(())
}

/// Logs a panic like every other error. The environment variable `RUST_BACKTRACE` adds a backtrace.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let panic = panic.to_string().replace('\n', " ");
    let thread = thread::current();
    let thread = thread.name().unwrap_or_default();
    let backtrace = Backtrace::capture();
    match backtrace.status() {
        BacktraceStatus::Captured => {
            tracing::error!(thread, panic, %backtrace, "a thread panicked");
        }
        _ => tracing::error!(thread, panic, "a thread panicked"),
    }
}

/// Whether a line may be logged, whatever the configured filter is.
///
/// At `TRACE`, sled logs keys and rows, which contain password hashes, and user names, which may
/// be a mistyped password. The decoders of HTTP and of WebSockets log the mistakes of clients and
/// aborted connections as errors of the server.
fn may_be_logged(line: &Metadata<'_>) -> bool {
    let target = line.target();
    let contains_rows = *line.level() == Level::TRACE && target.starts_with("sled");
    let is_mistake_of_client = *line.level() == Level::ERROR
        && ["actix_http::h1::dispatcher", "actix_http::h1::decoder"].contains(&target);
    !contains_rows && !is_mistake_of_client && !target.starts_with("actix_http::ws")
}
