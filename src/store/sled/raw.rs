//! What a sled store holds, byte for byte, to copy it.

use std::ops::Bound;
use std::path::PathBuf;

use actors::store::EventId;
use async_trait::async_trait;
use sled::Batch;

use super::opening::{self, Files};
use super::round::index_time;
use super::segment::Segment;
use super::{EVENTS_PER_READ, keys};
use crate::store::envelope::Envelope;
use crate::store::raw::{CopyError, ROWS_PER_READ, RawEvent, RawRow, RawStore};

/// The open files of a store.
pub(in crate::store) struct RawSled {
    files: Files,
    path: PathBuf,
}

/// Opens the files of a store: those of a shop, or new ones.
pub(in crate::store) fn open(
    path: PathBuf,
    is_new: bool,
    cache_mib: u64,
) -> Result<RawSled, CopyError> {
    let place = path.display().to_string();
    if !is_new && !path.join("db").exists() {
        return Err(CopyError::Empty(place));
    }
    let files = if is_new {
        opening::begin_copy(&path, cache_mib)?
    } else {
        Some(opening::open(&path, cache_mib)?)
    };
    match files {
        Some(files) => Ok(RawSled { files, path }),
        None => Err(CopyError::NotEmpty(place)),
    }
}

#[async_trait]
impl RawStore for RawSled {
    async fn rows(&self, after: &str) -> Result<Vec<RawRow>, CopyError> {
        let start = Bound::Excluded(keys::of_value(after));
        let rows = self.files.tree.db().range((start, Bound::Excluded(keys::end_of(keys::VALUES))));
        rows.take(ROWS_PER_READ)
            .map(|entry| {
                let (key, sealed) = entry?;
                Ok(RawRow { key: keys::value(&key)?.to_owned(), sealed: sealed.to_vec() })
            })
            .collect::<sled::Result<_>>()
            .map_err(failed)
    }

    async fn events(&self, after: EventId) -> Result<Vec<RawEvent>, CopyError> {
        self.files.tree.raw_events_after(after, EVENTS_PER_READ).map_err(failed)
    }

    async fn put_rows(&self, rows: Vec<RawRow>) -> Result<(), CopyError> {
        let mut changes = Batch::default();
        for RawRow { key, sealed } in rows {
            let envelope = Envelope::open(&sealed).map(|(envelope, _)| envelope);
            if let Some(time) = index_time(envelope) {
                changes.insert(keys::of_expiry(time, &key), Vec::new());
            }
            changes.insert(keys::of_value(&key), sealed);
        }
        self.files.tree.db().apply_batch(changes).map_err(failed)
    }

    async fn put_events(&self, events: Vec<RawEvent>) -> Result<(), CopyError> {
        let mut changes = Batch::default();
        let mut segment = Segment::new(0);
        let mut first = 0;
        let mut end = |segment: &Segment, first| {
            if segment.len() > 0 {
                changes.insert(keys::of_segment(first), segment.write());
            }
        };
        for RawEvent { id, at, value } in events {
            let is_other_time = segment.logged_at() != at;
            let rest = if is_other_time { Some(value) } else { segment.push(value) };
            if let Some(value) = rest {
                end(&segment, first);
                segment = Segment::new(at);
                first = id;
                segment.push(value);
            }
        }
        end(&segment, first);
        self.files.tree.db().apply_batch(changes).map_err(failed)
    }

    async fn finish(self: Box<Self>) -> Result<(), CopyError> {
        opening::end_copy(self.files, &self.path).map_err(failed)
    }
}

fn failed(error: sled::Error) -> CopyError {
    CopyError::Failed(error.to_string())
}
