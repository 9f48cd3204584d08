//! Follows the end of the log. It has its own connection, because the waiting command blocks one.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use actors::store::{EventId, LogEntry};
use fred::bytes::Bytes;
use fred::error::Error;
use fred::interfaces::StreamsInterface;
use fred::types::Value;
use fred::types::streams::XReadResponse;
use tokio::sync::watch;

use super::guard::Guard;
use super::log::{EVENTS_PER_READ, LogEnd, RETRY, last_event, log_entry};
use super::{Connection, LOG, reconnect_if_silent};

/// How long one command waits: less than the timeouts of the connection.
const WAIT: Duration = Duration::from_millis(500);

/// Publishes the end of the log whenever it changes. Continues after every outage.
pub(super) async fn watch(connection: Connection, guard: Guard, publisher: watch::Sender<LogEnd>) {
    let mut is_broken = false;
    loop {
        let LogEnd { last: before, breaks, .. } = *publisher.borrow();
        match read_on(&connection, before, is_broken).await {
            Ok((last, news)) => {
                let is_break = is_broken || last < before;
                if mem::take(&mut is_broken) {
                    tracing::info!("redis is available again");
                }
                if last != before || is_break {
                    let news = if is_break { Arc::default() } else { news };
                    publisher.send_replace(LogEnd {
                        last,
                        breaks: breaks + u64::from(is_break),
                        news,
                    });
                }
                if is_break {
                    guard.ask();
                }
            }
            Err(error) => {
                if !is_broken {
                    tracing::warn!(%error, "redis is unavailable");
                }
                is_broken = true;
                reconnect_if_silent(&connection).await;
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// Returns the id of the last event and the events up to it, as far as they were read: at once
/// after an outage, else when there is one after `published` or none came in time.
async fn read_on(
    connection: &Connection,
    published: EventId,
    at_once: bool,
) -> Result<(EventId, Arc<[LogEntry]>), Error> {
    if !at_once {
        let wait = WAIT.as_millis() as u64;
        let after = format!("{published}-0");
        let new: Value = connection.xread(Some(EVENTS_PER_READ), Some(wait), LOG, after).await?;
        let news = entries(new)?;
        if let Some(last) = news.last().map(|entry| entry.id) {
            return Ok((last, news));
        }
    }
    // No event came or could be decoded, or the log was replaced by an earlier one.
    Ok((last_event(connection).await?, Arc::default()))
}

/// Returns the events that a command has read; none if one of them can't be decoded, which a reader
/// reports.
fn entries(read: Value) -> Result<Arc<[LogEntry]>, Error> {
    if read.is_null() {
        return Ok(Arc::default());
    }
    let mut read: XReadResponse<String, String, String, Bytes> = read.into_xread_response()?;
    let entries = read.remove(LOG).unwrap_or_default().into_iter().map(log_entry);
    Ok(entries.collect::<Result<_, _>>().unwrap_or_default())
}
