//! The tail of a log, the same for every adapter: waits until there are new events, then reads them.

use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use tokio::sync::watch;

use super::{EventId, LogEntry, StoreError};

/// The log behind an event, read piece by piece with `read` whenever `last_event` says that there is more.
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
        let entries = without_gap(after, reading.await?)?;
        let next = after + entries.len() as EventId;
        Ok(Some((stream::iter(entries.into_iter().map(Ok)), (next, last_event, read))))
    })
    .try_flatten()
    .boxed()
}

/// Ids are contiguous, so another first entry than the next one means that the log has been cut.
fn without_gap(after: EventId, entries: Vec<LogEntry>) -> Result<Vec<LogEntry>, StoreError> {
    match entries.first() {
        Some(first) if first.id == after + 1 => Ok(entries),
        Some(first) => Err(StoreError::Gone { before: first.id - 1 }),
        None => Err(StoreError::Unavailable("the log has lost its end".to_owned())),
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("it has been closed".to_owned())
}
