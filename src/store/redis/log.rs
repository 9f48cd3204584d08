//! The event log: a Redis stream whose entry ids are `EVENT-0`.

use std::collections::HashMap;
use std::time::Duration;

use actors::store::{EventId, LogEntry, StoreError};
use fred::bytes::Bytes;
use fred::error::Error;
use fred::interfaces::StreamsInterface;

use super::{Connection, LOG, unreadable};

/// How long to wait between two attempts while Redis is unavailable.
pub(super) const RETRY: Duration = Duration::from_secs(1);

/// The largest number of events that one command reads.
const EVENTS_PER_READ: u64 = 256;

/// Returns the next events after one event. During an outage it retries until Redis is available
/// again, so that a tail does not end.
pub(super) async fn events_after(
    connection: Connection,
    after: EventId,
) -> Result<Vec<LogEntry>, StoreError> {
    loop {
        let from = format!("{}-0", after + 1);
        match connection.xrange_values(LOG, from, "+", Some(EVENTS_PER_READ)).await {
            Ok(entries) => return entries.into_iter().map(log_entry).collect(),
            Err(_) => tokio::time::sleep(RETRY).await,
        }
    }
}

/// Returns the id of the last event, 0 if there is none.
pub(super) async fn last_event(connection: &Connection) -> Result<EventId, Error> {
    let newest: Vec<(String, HashMap<String, Bytes>)> =
        connection.xrevrange_values(LOG, "+", "-", Some(1)).await?;
    Ok(newest.first().and_then(|(id, _)| event_id(id)).unwrap_or(0))
}

fn log_entry((id, mut fields): (String, HashMap<String, Bytes>)) -> Result<LogEntry, StoreError> {
    let value = fields.remove("event").ok_or_else(unreadable)?;
    Ok(LogEntry { id: event_id(&id).ok_or_else(unreadable)?, value: value.into() })
}

fn event_id(id: &str) -> Option<EventId> {
    id.split_once('-')?.0.parse().ok()
}
