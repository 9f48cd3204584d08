//! A round of the committer: the changes of its commits, staged and then written together.

use std::collections::HashMap;
use std::mem;

use actors::store::{Batch, EventId, Put, StoreError, Version};

use super::keys;
use super::segment::Segment;
use super::tree::Tree;
use crate::store::Options;
use crate::store::envelope::{Envelope, milliseconds};

/// The largest number of expired keys, and of old segments, that a round removes.
const REMOVALS_PER_ROUND: usize = 256;

/// The precision of the index of expiries in milliseconds.
///
/// Expiries are rounded up to the minute, so that a key that is put often is rarely indexed again.
const INDEX_GRAIN: u64 = 60_000;

/// The staged changes of a round. Its later commits see the changes of the earlier ones.
pub(super) struct Round<'a> {
    tree: &'a mut Tree,
    options: &'a Options,
    /// The time of the round, in milliseconds since the Unix epoch.
    now: u64,
    /// The staged changes, which are written as one batch.
    changes: sled::Batch,
    /// Whether there are changes; sled's batch does not show it.
    changed: bool,
    /// The envelopes of all keys that the round has read or changed, `None` for absent keys.
    keys: HashMap<String, Option<Envelope>>,
    /// The bounds of the log after the round.
    first_event: EventId,
    last_event: EventId,
    /// The last events, which are not staged yet.
    segment: Segment,
}

impl<'a> Round<'a> {
    /// Creates a round without changes.
    pub(super) fn begin(tree: &'a mut Tree, options: &'a Options, now: u64) -> Self {
        Self {
            first_event: tree.first_event(),
            last_event: tree.last_event(),
            tree,
            options,
            now,
            changes: sled::Batch::default(),
            changed: false,
            keys: HashMap::new(),
            segment: Segment::new(now),
        }
    }

    /// Stages a batch. Returns [`StoreError::Conflict`] if an expectation does not hold.
    pub(super) fn stage(&mut self, batch: Batch) -> sled::Result<Result<EventId, StoreError>> {
        for (key, expected) in &batch.expect {
            if self.version(key)? != expected.unwrap_or(0) {
                return Ok(Err(StoreError::Conflict));
            }
        }
        for put in batch.put {
            self.put(put)?;
        }
        for key in batch.remove {
            self.remove(key)?;
        }
        for event in batch.events {
            self.log(event);
        }
        Ok(Ok(self.last_event))
    }

    /// Stages the removal of expired keys and of old events.
    pub(super) fn sweep(&mut self) -> sled::Result<()> {
        for (indexed_at, key) in self.tree.expired(self.now, REMOVALS_PER_ROUND)? {
            // A commit of this round may have changed the expiry.
            if index_time(self.envelope(&key)?) == Some(indexed_at) {
                self.remove(key)?;
            }
        }
        self.remove_old_events()
    }

    /// Writes the changes, and returns whether there were any. They are not durable yet.
    pub(super) fn write(mut self) -> sled::Result<bool> {
        if self.last_event > self.tree.last_event() {
            self.stage_segment();
            self.remove_old_events()?;
        }
        if self.changed {
            self.tree.write(self.changes, self.first_event, self.last_event)?;
        }
        Ok(self.changed)
    }

    fn put(&mut self, Put { key, value, expires_at }: Put) -> sled::Result<()> {
        let envelope = Envelope {
            version: self.version(&key)? + 1,
            expires_at: expires_at.map_or(0, milliseconds),
        };
        self.insert(keys::of_value(&key), envelope.seal(&value));
        self.record(key, Some(envelope))
    }

    fn remove(&mut self, key: String) -> sled::Result<()> {
        self.delete(keys::of_value(&key));
        self.record(key, None)
    }

    /// Records the new envelope of a key for later commits, and updates the index of expiries.
    fn record(&mut self, key: String, envelope: Option<Envelope>) -> sled::Result<()> {
        let before = index_time(self.envelope(&key)?);
        let after = index_time(envelope);
        if let Some(before) = before.filter(|_| before != after) {
            self.delete(keys::of_expiry(before, &key));
        }
        if let Some(after) = after.filter(|_| before != after) {
            self.insert(keys::of_expiry(after, &key), Vec::new());
        }
        self.keys.insert(key, envelope);
        Ok(())
    }

    /// Appends an event to the log.
    fn log(&mut self, event: Vec<u8>) {
        if let Some(event) = self.segment.push(event) {
            self.stage_segment();
            self.segment.push(event);
        }
        self.last_event += 1;
    }

    /// Stages the current segment and begins an empty one.
    fn stage_segment(&mut self) {
        let segment = mem::replace(&mut self.segment, Segment::new(self.now));
        self.insert(keys::of_segment(self.last_event + 1 - segment.len()), segment.write());
    }

    /// Stages the removal of the oldest segments of the log, but never of the last one, because
    /// the next event id follows from it.
    fn remove_old_events(&mut self) -> sled::Result<()> {
        for _ in 0..REMOVALS_PER_ROUND {
            let Some((logged_at, events)) = self.tree.segment(self.first_event)? else { break };
            let next = self.first_event + events;
            if next > self.last_event || !self.is_old(next - 1, logged_at) {
                break;
            }
            self.delete(keys::of_segment(self.first_event));
            self.first_event = next;
        }
        Ok(())
    }

    /// Whether the options allow the removal of a segment, given its last event and its time.
    fn is_old(&self, event: EventId, logged_at: u64) -> bool {
        let too_many = self.last_event - event >= self.options.events_max;
        too_many || logged_at < self.now.saturating_sub(self.options.events_keep.as_millis() as u64)
    }

    /// The version that the next commit of this round sees, 0 for an absent key.
    fn version(&mut self, key: &str) -> sled::Result<Version> {
        let envelope = self.envelope(key)?;
        Ok(envelope
            .filter(|envelope| envelope.is_alive(self.now))
            .map_or(0, |envelope| envelope.version))
    }

    /// The envelope of a key after the commits so far, read from the tree at most once.
    fn envelope(&mut self, key: &str) -> sled::Result<Option<Envelope>> {
        if let Some(envelope) = self.keys.get(key) {
            return Ok(*envelope);
        }
        let envelope = self.tree.envelope(key)?;
        self.keys.insert(key.to_owned(), envelope);
        Ok(envelope)
    }

    fn insert(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.changed = true;
        self.changes.insert(key, value);
    }

    fn delete(&mut self, key: Vec<u8>) {
        self.changed = true;
        self.changes.remove(key);
    }
}

/// Returns the time under which a key is indexed: its expiry, rounded up. Returns `None` if the
/// key does not expire.
fn index_time(envelope: Option<Envelope>) -> Option<u64> {
    let expires_at = envelope?.expires_at;
    (expires_at > 0).then(|| expires_at.next_multiple_of(INDEX_GRAIN))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::opening;
    use super::*;

    #[test]
    fn a_sweep_removes_expired_keys_and_their_index_entries() {
        let directory = tempfile::tempdir().unwrap();
        let mut tree = opening::open(directory.path()).unwrap().tree;
        let options = Options { events_max: 10, events_keep: Duration::from_secs(1) };
        let put = |key: &str, minute: i64| Put {
            key: key.to_owned(),
            value: Vec::new(),
            expires_at: Some(jiff::Timestamp::from_second(60 * minute - 1).unwrap()),
        };

        let mut round = Round::begin(&mut tree, &options, 1);
        round
            .stage(Batch { put: vec![put("a", 1), put("b", 1), put("c", 3)], ..Batch::default() })
            .unwrap()
            .unwrap();
        round.write().unwrap();

        let mut round = Round::begin(&mut tree, &options, 120_000);
        round.stage(Batch { put: vec![put("a", 4)], ..Batch::default() }).unwrap().unwrap();
        round.sweep().unwrap();
        round.write().unwrap();
        assert!(tree.envelope("a").unwrap().is_some());
        assert!(tree.envelope("b").unwrap().is_none());
        let expiring: Vec<_> = tree.expired(u64::MAX, 10).unwrap();
        assert_eq!(expiring, [(180_000, "c".to_owned()), (240_000, "a".to_owned())]);
    }
}
