//! Waits for new events. It has its own connection, because the waiting command blocks one.

use std::time::Duration;

use actors::store::EventId;
use fred::error::Error;
use fred::interfaces::StreamsInterface;
use fred::types::Value;
use tokio::sync::watch;

use super::durable::require_durable;
use super::log::{RETRY, last_event};
use super::{Connection, LOG};

/// How long one command waits: less than the timeouts of the connection.
const WAIT: Duration = Duration::from_millis(500);

/// Publishes the id of the last event whenever it changes. Continues after every outage.
pub(super) async fn watch(connection: Connection, publisher: watch::Sender<EventId>) {
    loop {
        let published = *publisher.borrow();
        match next_last_event(&connection, published).await {
            Ok(id) => drop(publisher.send_if_modified(|last| std::mem::replace(last, id) != id)),
            Err(error) => {
                tracing::warn!(%error, "redis is unavailable");
                wait_until_available(&connection).await;
            }
        }
    }
}

/// Waits for an event after `published`. Returns the id of the last event, `published` if none
/// came in time.
async fn next_last_event(connection: &Connection, published: EventId) -> Result<EventId, Error> {
    let wait = WAIT.as_millis() as u64;
    let entries: Value =
        connection.xread(Some(1), Some(wait), LOG, format!("{published}-0")).await?;
    if entries.is_null() { Ok(published) } else { last_event(connection).await }
}

/// Waits until Redis replies, and makes it durable again: a restart may have undone its settings.
async fn wait_until_available(connection: &Connection) {
    while let Err(error) = require_durable(connection).await {
        tracing::debug!(%error, "redis is still unavailable");
        tokio::time::sleep(RETRY).await;
    }
    tracing::info!("redis is available again");
}
