//! One round of the committer: what its commits change together, staged until it is written at once.

use std::collections::HashMap;
use std::mem;

use actors::store::{Batch, EventId, Put, StoreError, Version};

use super::segment::Segment;
use super::tree::{self, Tree};
use crate::store::Options;
use crate::store::envelope::{Envelope, milliseconds};

/// How much a round tidies up at most.
const TIDY_A_ROUND: usize = 256;

/// Expired keys are found to the minute only, so that a key that is put again and again isn't indexed anew each time.
const INDEX_GRAIN: u64 = 60_000;

/// The changes of a round, seen by its later commits though not yet in the tree.
pub(super) struct Round<'a> {
    tree: &'a mut Tree,
    options: &'a Options,
    now: u64,
    changes: sled::Batch,
    changed: bool,
    /// The keys that were looked at, as the commits so far have left them; absent ones are `None`.
    keys: HashMap<String, Option<Envelope>>,
    first_event: EventId,
    last_event: EventId,
    /// The last events, not staged yet.
    segment: Segment,
}

impl<'a> Round<'a> {
    /// A round without changes.
    pub(super) fn begin(tree: &'a mut Tree, options: &'a Options, now: u64) -> Self {
        let (first_event, last_event) = (tree.first_event(), tree.last_event());
        let (changes, keys) = (sled::Batch::default(), HashMap::new());
        Self {
            tree,
            options,
            now,
            changes,
            changed: false,
            keys,
            first_event,
            last_event,
            segment: Segment::new(now),
        }
    }

    /// Stages a batch if its expectations hold.
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

    /// Stages the removal of what has expired and of events that are too old.
    pub(super) fn sweep(&mut self) -> sled::Result<()> {
        for (indexed_at, key) in self.tree.expired(self.now, TIDY_A_ROUND)? {
            // A commit of this round may have renewed it.
            if indexed(self.envelope(&key)?) == Some(indexed_at) {
                self.remove(key)?;
            }
        }
        self.forget_events()
    }

    /// Writes the changes and tells whether there were any; what is written is not durable yet.
    pub(super) fn write(mut self) -> sled::Result<bool> {
        if self.last_event > self.tree.last_event() {
            self.stage_segment();
            self.forget_events()?;
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
        self.insert(tree::value_key(&key), envelope.seal(&value));
        self.leave(key, Some(envelope))
    }

    fn remove(&mut self, key: String) -> sled::Result<()> {
        self.delete(tree::value_key(&key));
        self.leave(key, None)
    }

    /// Leaves a key to the next commit, and in the index of what expires when.
    fn leave(&mut self, key: String, after: Option<Envelope>) -> sled::Result<()> {
        let (before, now) = (indexed(self.envelope(&key)?), indexed(after));
        if let Some(before) = before.filter(|_| before != now) {
            self.delete(tree::expiry_key(before, &key));
        }
        if let Some(now) = now.filter(|_| before != now) {
            self.insert(tree::expiry_key(now, &key), Vec::new());
        }
        self.keys.insert(key, after);
        Ok(())
    }

    fn log(&mut self, event: Vec<u8>) {
        if let Some(event) = self.segment.take(event) {
            self.stage_segment();
            self.segment.take(event);
        }
        self.last_event += 1;
    }

    fn stage_segment(&mut self) {
        let segment = mem::replace(&mut self.segment, Segment::new(self.now));
        self.insert(tree::event_key(self.last_event + 1 - segment.len()), segment.write());
    }

    /// Forgets the oldest pieces of the log, never the last one: ids go on from there.
    fn forget_events(&mut self) -> sled::Result<()> {
        for _ in 0..TIDY_A_ROUND {
            let Some((logged_at, events)) = self.tree.segment(self.first_event)? else { break };
            let behind = self.first_event + events;
            if behind > self.last_event || !self.may_forget(behind - 1, logged_at) {
                break;
            }
            self.delete(tree::event_key(self.first_event));
            self.first_event = behind;
        }
        Ok(())
    }

    fn may_forget(&self, event: EventId, logged_at: u64) -> bool {
        let too_many = self.last_event - event >= self.options.events_max;
        too_many || logged_at < self.now.saturating_sub(self.options.events_keep.as_millis() as u64)
    }

    /// The version that a commit of this round finds, 0 for an absent key.
    fn version(&mut self, key: &str) -> sled::Result<Version> {
        let envelope = self.envelope(key)?;
        Ok(envelope
            .filter(|envelope| envelope.is_alive(self.now))
            .map_or(0, |envelope| envelope.version))
    }

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

/// Where in the index a key stands, if it expires: never before it does.
fn indexed(envelope: Option<Envelope>) -> Option<u64> {
    let expires_at = envelope?.expires_at;
    (expires_at > 0).then(|| expires_at.next_multiple_of(INDEX_GRAIN))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::opening;
    use super::*;

    #[test]
    fn a_sweep_leaves_nothing_of_what_has_expired() {
        let directory = tempfile::tempdir().unwrap();
        let (mut tree, _file, _mark) = opening::open(directory.path()).unwrap();
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
