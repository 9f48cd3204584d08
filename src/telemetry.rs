//! Logging: structured, to standard error; every line of a request carries its id.

use std::io::{self, IsTerminal};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage};
use tracing::{Level, Metadata, Span};
use tracing_actix_web::{RequestId, RootSpanBuilder};
use tracing_subscriber::filter::{ParseError, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Log, LogFormat};

/// What is logged of every request: no header, no query and no body, because each may hold a secret.
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id =
            request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default();
        tracing::info_span!(
            "request",
            id,
            method = request.method().as_str(),
            path = request.path()
        )
    }

    fn on_request_end<B: MessageBody>(_: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        match outcome {
            Ok(answer) => tracing::debug!(status = answer.status().as_u16(), "answered"),
            Err(error) => tracing::warn!(%error, "not answered"),
        }
    }
}

/// Begins to log as configured; in a process that logs already nothing changes.
pub fn install(log: &Log) -> Result<(), ParseError> {
    let filter = EnvFilter::try_new(&log.filter)?;
    let lines =
        fmt().with_env_filter(filter).with_ansi(io::stderr().is_terminal()).with_writer(io::stderr);
    // Only the first caller sets the format of a process.
    let _ = match log.format {
        LogFormat::Text => lines.finish().with(filter_fn(may_be_told)).try_init(),
        LogFormat::Json => lines.json().finish().with(filter_fn(may_be_told)).try_init(),
    };
    Ok(())
}

/// Whether a line may be logged at all. At its lowest level sled logs the rows and keys it is given, and so the hashes
/// of passwords, and a password that somebody typed as a name. The decoder of WebSockets calls an error what its client did.
fn may_be_told(line: &Metadata<'_>) -> bool {
    let tells_rows = *line.level() == Level::TRACE && line.target().starts_with("sled");
    !tells_rows && !line.target().starts_with("actix_http::ws")
}
