//! The tree: all reads and writes of the stored data.

use std::ops::Bound;

use actors::store::{EventId, LogEntry, Versioned};
use sled::{Db, IVec};

use super::keys::{self, unreadable};
use super::segment::Segment;
use crate::store::envelope::Envelope;
use crate::store::raw::RawEvent;

/// The default tree of sled, and the bounds of the log in it.
pub(super) struct Tree {
    db: Db,
    /// The id of the oldest event; one more than the last if the log is empty.
    first_event: EventId,
    last_event: EventId,
}

impl Tree {
    /// Reads the bounds of the log from a database of the right format.
    pub(super) fn new(db: Db) -> sled::Result<Self> {
        let mut segments = db.scan_prefix([keys::EVENTS]);
        let first = segments.next().transpose()?;
        let last = segments.next_back().transpose()?.or_else(|| first.clone());
        drop(segments);
        let first_event = first.map(|(key, _)| keys::event_id(&key)).transpose()?;
        let last_event = last
            .map(|(key, bytes)| {
                sled::Result::Ok(keys::event_id(&key)? - 1 + segment(&bytes)?.len())
            })
            .transpose()?;
        Ok(Self { db, first_event: first_event.unwrap_or(1), last_event: last_event.unwrap_or(0) })
    }

    /// Returns the value of a key, `None` if it is absent or expired.
    pub(super) fn get(&self, key: &str, now: u64) -> sled::Result<Option<Versioned>> {
        let bytes = self.db.get(keys::of_value(key))?;
        Ok(bytes
            .as_deref()
            .map(unseal)
            .transpose()?
            .and_then(|(envelope, value)| envelope.found(value, now)))
    }

    /// Returns up to `limit` keys that begin with `prefix`, come after `after` and have not
    /// expired.
    pub(super) fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        now: u64,
    ) -> sled::Result<Vec<(String, Versioned)>> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(keys::of_value(after)),
            _ => Bound::Included(keys::of_value(prefix)),
        };
        let mut found = Vec::new();
        for entry in self.db.range((start, Bound::Excluded(keys::end_of(keys::VALUES)))) {
            let (key, bytes) = entry?;
            let key = keys::value(&key)?;
            if found.len() == limit || !key.starts_with(prefix) {
                break;
            }
            let (envelope, value) = unseal(&bytes)?;
            found.extend(envelope.found(value, now).map(|value| (key.to_owned(), value)));
        }
        Ok(found)
    }

    /// Returns the next events after one event. Reads whole segments until it has `enough` events,
    /// so it may return more.
    pub(super) fn events_after(
        &self,
        after: EventId,
        enough: usize,
    ) -> sled::Result<Vec<LogEntry>> {
        let found = self.raw_events_after(after, enough)?.into_iter();
        Ok(found.map(|RawEvent { id, value, .. }| LogEntry { id, value }).collect())
    }

    /// Like [`Tree::events_after`], with the times of the events.
    pub(super) fn raw_events_after(
        &self,
        after: EventId,
        enough: usize,
    ) -> sled::Result<Vec<RawEvent>> {
        let next = keys::of_segment(after.saturating_add(1));
        let begin = self
            .db
            .range(vec![keys::EVENTS]..=next.clone())
            .next_back()
            .transpose()?
            .map_or(next, |(key, _)| key.to_vec());
        let mut found = Vec::new();
        for entry in self.db.range(begin..keys::end_of(keys::EVENTS)) {
            let (key, bytes) = entry?;
            let segment = segment(&bytes)?;
            let at = segment.logged_at();
            let entries = (keys::event_id(&key)?..).zip(segment.into_events());
            let entries = entries.filter(|(id, _)| *id > after);
            found.extend(entries.map(|(id, value)| RawEvent { id, at, value }));
            if found.len() >= enough {
                break;
            }
        }
        Ok(found)
    }

    /// Returns the envelope of a key, expired or not.
    pub(super) fn envelope(&self, key: &str) -> sled::Result<Option<Envelope>> {
        let bytes = self.db.get(keys::of_value(key))?;
        Ok(bytes.as_deref().map(unseal).transpose()?.map(|(envelope, _)| envelope))
    }

    /// Returns the first `limit` expired keys and the times under which they are indexed.
    pub(super) fn expired(&self, now: u64, limit: usize) -> sled::Result<Vec<(u64, String)>> {
        let range = vec![keys::EXPIRIES]..keys::of_expiry(now.saturating_add(1), "");
        self.db
            .range(range)
            .keys()
            .take(limit)
            .map(|key| key.and_then(|key| keys::expiry(&key)))
            .collect()
    }

    /// Returns the time and the number of events of the segment that begins with an event.
    pub(super) fn segment(&self, first: EventId) -> sled::Result<Option<(u64, u64)>> {
        let bytes = self.db.get(keys::of_segment(first))?;
        bytes
            .map(|bytes| segment(&bytes).map(|segment| (segment.logged_at(), segment.len())))
            .transpose()
    }

    /// Returns how many bytes the files take.
    pub(super) fn size(&self) -> sled::Result<u64> {
        self.db.size_on_disk()
    }

    /// Returns another handle of the files.
    pub(super) fn db(&self) -> sled::Db {
        self.db.clone()
    }

    /// The id of the oldest event in the log; one more than the last if the log is empty.
    pub(super) fn first_event(&self) -> EventId {
        self.first_event
    }

    /// The id of the last event in the log.
    pub(super) fn last_event(&self) -> EventId {
        self.last_event
    }

    /// Applies changes and passes them to the operating system. `first_event` and `last_event` are
    /// the bounds of the log after the changes.
    pub(super) fn write(
        &mut self,
        changes: sled::Batch,
        first_event: EventId,
        last_event: EventId,
    ) -> sled::Result<()> {
        self.db.apply_batch(changes)?;
        self.db.flush()?;
        self.first_event = first_event;
        self.last_event = last_event;
        Ok(())
    }
}

/// Decodes a segment of the log.
fn segment(bytes: &IVec) -> sled::Result<Segment> {
    Segment::read(bytes).ok_or_else(unreadable)
}

fn unseal(bytes: &[u8]) -> sled::Result<(Envelope, &[u8])> {
    Envelope::open(bytes).ok_or_else(unreadable)
}
