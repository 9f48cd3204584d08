//! The event log: a Redis stream whose entry ids are `EVENT-0`.

use std::collections::HashMap;
use std::sync::Arc;
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
pub(super) const EVENTS_PER_READ: u64 = 256;

/// The end of the log.
#[derive(Debug, Clone, Default)]
pub(super) struct LogEnd {
    /// The id of the last event.
    pub(super) last: EventId,
    /// How often the log may have been replaced, by an earlier one for example. A reader must then
    /// compare it with what it has read.
    pub(super) breaks: u64,
    /// The last events up to the end, as many as one command has read; none after a break.
    pub(super) news: Arc<[LogEntry]>,
}

impl LogEnd {
    /// Returns the news after an event; `None` if they do not follow it.
    fn news_after(&self, after: EventId) -> Option<Vec<LogEntry>> {
        let next = self.news.iter().position(|entry| entry.id == after + 1)?;
        Some(self.news.iter().skip(next).cloned().collect())
    }
}

/// Where a reader stands in the log.
struct Reader {
    connection: Connection,
    end: watch::Receiver<LogEnd>,
    /// The event after which it reads on.
    after: EventId,
    /// That event, if this reader has read it.
    last: Option<LogEntry>,
    /// The breaks of the log when it was last compared with what was read; `None` before that.
    breaks: Option<u64>,
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
    let reader = Reader { connection, end, after, last: None, breaks: None };
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
            let is_news = |end: &LogEnd| end.last > self.after || Some(end.breaks) != self.breaks;
            let end = self.end.wait_for(is_news).await.map_err(|_| closed())?.clone();
            let is_same_log = self.breaks.replace(end.breaks) == Some(end.breaks);
            let entries = match end.news_after(self.after).filter(|_| is_same_log) {
                Some(news) => news,
                None => {
                    let read = self.read().await?;
                    self.continue_with(read).await?
                }
            };
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
                Err(_) if self.end.has_changed().is_err() => return Err(closed()),
                Err(_) => tokio::time::sleep(RETRY).await,
            }
        }
    }

    /// Returns the events that follow what was read before; an error if they do not.
    async fn continue_with(&mut self, read: Vec<LogEntry>) -> Result<Vec<LogEntry>, StoreError> {
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
        self.last = again.or(self.last.take());
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

/// The result of a search for a commit.
pub(super) enum Lookup {
    /// The id of its last event.
    Found(EventId),
    /// No event up to this one is of the commit, and more follow.
    NotUpTo(EventId),
    /// No event is of the commit.
    None,
}

/// Searches for a commit by its name in some events after one.
pub(super) async fn last_event_of(
    connection: &Connection,
    after: EventId,
    name: &str,
) -> Result<Lookup, Error> {
    let from = format!("({after}-0");
    let entries: Vec<(String, HashMap<String, Bytes>)> =
        connection.xrange_values(LOG, from, "+", Some(EVENTS_PER_READ)).await?;
    let is_of_commit = |fields: &HashMap<String, Bytes>| {
        fields.get("commit").is_some_and(|commit| commit == name.as_bytes())
    };
    let mut of_commit = entries.iter().filter(|(_, fields)| is_of_commit(fields));
    let last = entries.last().and_then(|(id, _)| event_id(id));
    Ok(match (of_commit.next_back().and_then(|(id, _)| event_id(id)), last) {
        (Some(event), _) => Lookup::Found(event),
        (None, Some(last)) => Lookup::NotUpTo(last),
        (None, None) => Lookup::None,
    })
}

pub(super) fn log_entry(
    (id, mut fields): (String, HashMap<String, Bytes>),
) -> Result<LogEntry, StoreError> {
    let value = fields.remove("event").ok_or_else(unreadable)?;
    Ok(LogEntry { id: event_id(&id).ok_or_else(unreadable)?, value: value.into() })
}

pub(super) fn event_id(id: &str) -> Option<EventId> {
    id.split_once('-')?.0.parse().ok()
}
