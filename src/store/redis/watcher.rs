//! Hears of new events on a connection of its own, because waiting blocks a connection.

use std::time::Duration;

use actors::store::EventId;
use fred::error::Error;
use fred::interfaces::StreamsInterface;
use fred::types::Value;
use tokio::sync::watch;

use super::durable::require_durable;
use super::{Connection, LOG, RETRY, last_event};

/// Less than a connection's timeouts.
const WAIT: Duration = Duration::from_millis(500);

/// Tells the id of the last event whenever there is a new one, through every outage.
pub(super) async fn watch(connection: Connection, last: watch::Sender<EventId>) {
    loop {
        let known = *last.borrow();
        match news(&connection, known).await {
            Ok(id) => drop(last.send_if_modified(|last| std::mem::replace(last, id) != id)),
            Err(error) => {
                tracing::warn!(%error, "redis is unavailable");
                wait_until_back(&connection).await;
            }
        }
    }
}

async fn news(connection: &Connection, known: EventId) -> Result<EventId, Error> {
    let wait = WAIT.as_millis() as u64;
    let entries: Value = connection.xread(Some(1), Some(wait), LOG, format!("{known}-0")).await?;
    if entries.is_null() { Ok(known) } else { last_event(connection).await }
}

/// A Redis that was started again may have forgotten how it was told to work.
async fn wait_until_back(connection: &Connection) {
    while let Err(error) = require_durable(connection).await {
        tracing::debug!(%error, "redis is still unavailable");
        tokio::time::sleep(RETRY).await;
    }
    tracing::info!("redis is back");
}
