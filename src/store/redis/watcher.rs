//! Follows the end of the log. It has its own connection, because the waiting command blocks one.

use std::mem;
use std::time::Duration;

use actors::store::EventId;
use fred::bytes::Bytes;
use fred::error::Error;
use fred::interfaces::StreamsInterface;
use fred::types::Value;
use fred::types::streams::XReadResponse;
use tokio::sync::watch;

use super::guard::Guard;
use super::log::{EVENTS_PER_READ, LogEnd, RETRY, event_id, last_event};
use super::{Connection, LOG, reconnect_if_silent};

/// How long one command waits: less than the timeouts of the connection.
const WAIT: Duration = Duration::from_millis(500);

/// Publishes the end of the log whenever it changes. Continues after every outage.
pub(super) async fn watch(connection: Connection, guard: Guard, publisher: watch::Sender<LogEnd>) {
    let mut is_broken = false;
    loop {
        let before = *publisher.borrow();
        match next_last_event(&connection, before.last, is_broken).await {
            Ok(last) => {
                let breaks = before.breaks + u64::from(is_broken || last < before.last);
                if mem::take(&mut is_broken) {
                    tracing::info!("redis is available again");
                }
                if last != before.last || breaks != before.breaks {
                    publisher.send_replace(LogEnd { last, breaks });
                }
                if breaks != before.breaks {
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

/// Returns the id of the last event: at once after an outage, else when there is one after
/// `published` or none came in time.
async fn next_last_event(
    connection: &Connection,
    published: EventId,
    at_once: bool,
) -> Result<EventId, Error> {
    if !at_once {
        let wait = WAIT.as_millis() as u64;
        let after = format!("{published}-0");
        let new: Value = connection.xread(Some(EVENTS_PER_READ), Some(wait), LOG, after).await?;
        if let Some(last) = last_of_all(new)? {
            return Ok(last);
        }
    }
    // There is none, also if the log was replaced by an earlier one, or there may be more.
    last_event(connection).await
}

/// Returns the id of the last event that a command has read; `None` if it has read none, or there
/// may be more.
fn last_of_all(read: Value) -> Result<Option<EventId>, Error> {
    if read.is_null() {
        return Ok(None);
    }
    let read: XReadResponse<String, String, String, Bytes> = read.into_xread_response()?;
    let entries = read.get(LOG).filter(|entries| (entries.len() as u64) < EVENTS_PER_READ);
    Ok(entries.and_then(|entries| event_id(&entries.last()?.0)))
}
