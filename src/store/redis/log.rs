//! The event log: a Redis stream whose entry ids are `EVENT-0`.

use std::collections::HashMap;
use std::time::Duration;

use actors::store::{EventId, LogEntry, StoreError};
use fred::bytes::Bytes;
use fred::error::Error;
use fred::interfaces::StreamsInterface;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use tokio::sync::watch;

use super::{Connection, LOG, unavailable, unreadable};

/// How long to wait between two attempts while Redis is unavailable.
pub(super) const RETRY: Duration = Duration::from_millis(50);

/// The largest number of events that one command reads.
const EVENTS_PER_READ: u64 = 256;

/// The end of the log.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LogEnd {
    /// The id of the last event.
    pub(super) last: EventId,
    /// How often the log may have been replaced, by an earlier one for example. A reader must then
    /// compare it with what it has read.
    pub(super) breaks: u64,
}

/// Where a reader stands in the log.
struct Reader {
    connection: Connection,
    end: watch::Receiver<LogEnd>,
    /// The event after which it reads on.
    after: EventId,
    /// That event, if this reader has read it.
    last: Option<LogEntry>,
    /// The breaks of the log before it was compared with what was read.
    breaks: u64,
}

/// Returns the events after one event as an endless stream, which waits for new ones and for the
/// end of an outage.
///
/// The log must go on from what was read. One that was replaced, by an earlier copy of itself for
/// example, ends the stream with [`StoreError::Gone`].
pub(super) fn tail(
    connection: Connection,
    end: watch::Receiver<LogEnd>,
    after: EventId,
) -> BoxStream<'static, Result<LogEntry, StoreError>> {
    let breaks = end.borrow().breaks;
    let reader = Reader { connection, end, after, last: None, breaks };
    stream::try_unfold(reader, async |reader| {
        let (entries, reader) = reader.next().await?;
        Ok(Some((stream::iter(entries.into_iter().map(Ok)), reader)))
    })
    .try_flatten()
    .boxed()
}

impl Reader {
    /// Returns the next events, and the reader after them.
    async fn next(mut self) -> Result<(Vec<LogEntry>, Self), StoreError> {
        loop {
            let is_news = |end: &LogEnd| end.last > self.after || end.breaks != self.breaks;
            self.breaks = self.end.wait_for(is_news).await.map_err(|_| closed())?.breaks;
            let read = self.read().await?;
            let entries = self.continue_with(read).await?;
            if let Some(last) = entries.last() {
                self.after = last.id;
                self.last = Some(last.clone());
                return Ok((entries, self));
            }
        }
    }

    /// Reads from the last event that was read on, that one included. Waits for the end of an
    /// outage.
    async fn read(&self) -> Result<Vec<LogEntry>, StoreError> {
        loop {
            let from = format!("{}-0", self.after);
            let read = self.connection.xrange_values(LOG, from, "+", Some(EVENTS_PER_READ)).await;
            match read {
                Ok(entries) => return entries.into_iter().map(log_entry).collect(),
                Err(_) => tokio::time::sleep(RETRY).await,
            }
        }
    }

    /// Returns the events that follow what was read before; an error if they do not.
    async fn continue_with(&self, read: Vec<LogEntry>) -> Result<Vec<LogEntry>, StoreError> {
        let mut read = read.into_iter().peekable();
        let again = read.next_if(|entry| entry.id == self.after);
        let is_other = |last: &LogEntry| again.as_ref().is_some_and(|again| again != last);
        let is_replaced = match read.peek() {
            _ if self.last.as_ref().is_some_and(is_other) => true,
            Some(next) if next.id != self.after + 1 => {
                return Err(StoreError::Gone { before: next.id - 1 });
            }
            Some(_) => false,
            None => again.is_none() && self.after > 0,
        };
        if is_replaced {
            let before = last_event(&self.connection).await.map_err(unavailable)?;
            return Err(StoreError::Gone { before });
        }
        Ok(read.collect())
    }
}

/// Returns the id of the last event, 0 if there is none.
pub(super) async fn last_event(connection: &Connection) -> Result<EventId, Error> {
    let newest: Vec<(String, HashMap<String, Bytes>)> =
        connection.xrevrange_values(LOG, "+", "-", Some(1)).await?;
    Ok(newest.first().and_then(|(id, _)| event_id(id)).unwrap_or(0))
}

/// The error of a reader whose store is closed.
fn closed() -> StoreError {
    StoreError::Unavailable("it is closed".to_owned())
}

fn log_entry((id, mut fields): (String, HashMap<String, Bytes>)) -> Result<LogEntry, StoreError> {
    let value = fields.remove("event").ok_or_else(unreadable)?;
    Ok(LogEntry { id: event_id(&id).ok_or_else(unreadable)?, value: value.into() })
}

fn event_id(id: &str) -> Option<EventId> {
    id.split_once('-')?.0.parse().ok()
}
