//! Follows the end of the log. It has its own connection, because the waiting command blocks one.

use std::mem;
use std::time::Duration;

use actors::store::EventId;
use fred::error::Error;
use fred::interfaces::StreamsInterface;
use fred::types::Value;
use tokio::sync::watch;

use super::guard::Guard;
use super::log::{LogEnd, RETRY, last_event};
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
        let _: Value = connection.xread(Some(1), Some(wait), LOG, after).await?;
    }
    last_event(connection).await
}
