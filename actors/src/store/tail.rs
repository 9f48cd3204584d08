//! The tail of the log, the same for every adapter: waits for new events, then reads them.

use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use tokio::sync::watch;

use super::{EventId, LogEntry, StoreError};

/// Returns the events after `after` as a stream: reads a segment with `read` whenever `last_event`
/// has grown.
pub fn follow<Read, Reading>(
    after: EventId,
    last_event: watch::Receiver<EventId>,
    read: Read,
) -> BoxStream<'static, Result<LogEntry, StoreError>>
where
    Read: Fn(EventId) -> Reading + Send + 'static,
    Reading: Future<Output = Result<Vec<LogEntry>, StoreError>> + Send + 'static,
{
    stream::try_unfold((after, last_event, read), async |(after, mut last_event, read)| {
        last_event.wait_for(|last| *last > after).await.map_err(|_| closed())?;
        let reading = read(after);
        let entries = check_contiguous(after, reading.await?)?;
        let next = after + entries.len() as EventId;
        Ok(Some((stream::iter(entries.into_iter().map(Ok)), (next, last_event, read))))
    })
    .try_flatten()
    .boxed()
}

/// Checks that a segment continues the log: ids are contiguous, so a later first id means that the
/// events in between were dropped.
fn check_contiguous(after: EventId, entries: Vec<LogEntry>) -> Result<Vec<LogEntry>, StoreError> {
    match entries.first() {
        Some(first) if first.id == after + 1 => Ok(entries),
        Some(first) => Err(StoreError::Gone { before: first.id - 1 }),
        None => Err(StoreError::Unavailable("the log is shorter than before".to_owned())),
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("it is closed".to_owned())
}
