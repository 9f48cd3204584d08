//! A round of the committer: the changes of its commits, staged and then written together.

mod sweep;

use std::collections::HashMap;
use std::mem;

use actors::store::{Batch, EventId, Put, StoreError, Version};

use super::keys;
use super::segment::Segment;
use super::tree::Tree;
use crate::store::Options;
use crate::store::envelope::{Envelope, milliseconds};

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
    /// The time before which everything that has expired may be removed.
    swept: u64,
    /// The staged changes, which are written as one batch.
    changes: sled::Batch,
    /// Whether there are changes; sled's batch does not show it.
    changed: bool,
    /// The envelopes of all keys that the round has read or changed, `None` for absent keys.
    keys: HashMap<String, Option<Envelope>>,
    /// The number of expired keys to remove before the write.
    removals: usize,
    /// The bounds of the log after the round.
    first_event: EventId,
    last_event: EventId,
    /// The last events, which are not staged yet.
    segment: Segment,
}

impl<'a> Round<'a> {
    /// Creates a round without changes.
    pub(super) fn begin(tree: &'a mut Tree, options: &'a Options, now: u64, swept: u64) -> Self {
        Self {
            first_event: tree.first_event(),
            last_event: tree.last_event(),
            tree,
            options,
            now,
            swept,
            changes: sled::Batch::default(),
            changed: false,
            keys: HashMap::new(),
            removals: 0,
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

    /// Writes the changes, and returns whether there were any. They are not durable yet.
    pub(super) fn write(mut self) -> sled::Result<bool> {
        if self.last_event > self.tree.last_event() {
            self.stage_segment();
            self.remove_old_events()?;
        }
        self.remove_expired()?;
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
        if before.is_none() && after.is_some() {
            self.removals += sweep::REMOVALS_PER_EXPIRING_KEY;
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
pub(super) fn index_time(envelope: Option<Envelope>) -> Option<u64> {
    let expires_at = envelope?.expires_at;
    (expires_at > 0).then(|| expires_at.next_multiple_of(INDEX_GRAIN))
}
