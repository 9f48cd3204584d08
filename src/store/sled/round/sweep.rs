//! The removal of expired keys and of old events.
//!
//! A round that puts keys with an expiry also removes expired ones, two for each new one. So the
//! expired keys do not pile up, however many keys the commits put, and a round is never much
//! slower than its commits. The sweeps, one a second, remove what expires while there are few
//! commits.

use actors::store::EventId;

use super::{Round, index_time};
use crate::store::sled::keys;

/// The number of expired keys that a round removes for each new key with an expiry. With one, the
/// expired keys would never become fewer under load.
pub(super) const REMOVALS_PER_EXPIRING_KEY: usize = 2;

/// The number of expired keys that a sweep removes. It delays the commits of its round by a few
/// milliseconds.
const REMOVALS_PER_SWEEP: usize = 1024;

/// The largest number of old segments that a round removes. It adds fewer.
const SEGMENTS_PER_ROUND: usize = 256;

impl Round<'_> {
    /// Stages the removal of old events, and has the round remove more expired keys.
    pub(in crate::store::sled) fn sweep(&mut self) -> sled::Result<()> {
        self.removals += REMOVALS_PER_SWEEP;
        self.remove_old_events()
    }

    /// Stages the removal of as many expired keys as the commits and the sweep allow.
    pub(super) fn remove_expired(&mut self) -> sled::Result<()> {
        for (indexed_at, key) in self.tree.expired(self.swept, self.removals)? {
            // A commit of this round may have changed the expiry.
            if index_time(self.envelope(&key)?) == Some(indexed_at) {
                self.remove(key)?;
            }
        }
        Ok(())
    }

    /// Stages the removal of the oldest segments of the log, but never of the last one, because
    /// the next event id follows from it.
    pub(super) fn remove_old_events(&mut self) -> sled::Result<()> {
        for _ in 0..SEGMENTS_PER_ROUND {
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
        too_many
            || logged_at < self.swept.saturating_sub(self.options.events_keep.as_millis() as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actors::store::{Batch, Put};

    use super::*;
    use crate::private::restrict_new_files;
    use crate::store::Options;
    use crate::store::sled::opening;
    use crate::store::sled::tree::Tree;

    /// A minute in milliseconds.
    const MINUTE: u64 = 60_000;

    /// Returns a put of a key that expires a second before a full minute.
    fn put(key: String, minute: u64) -> Put {
        let expires_at = jiff::Timestamp::from_second(60 * minute as i64 - 1).unwrap();
        Put { key, value: Vec::new(), expires_at: Some(expires_at) }
    }

    /// Commits puts in a round of their own, with or without a sweep.
    fn commit(tree: &mut Tree, now: u64, put: Vec<Put>, sweeps: bool) {
        let options =
            Options { events_max: 10, events_keep: Duration::from_secs(1), ..Options::default() };
        let mut round = Round::begin(tree, &options, now, now);
        round.stage(Batch { put, ..Batch::default() }).unwrap().unwrap();
        if sweeps {
            round.sweep().unwrap();
        }
        round.write().unwrap();
    }

    #[test]
    fn a_sweep_removes_expired_keys_and_their_index_entries() {
        restrict_new_files();
        let directory = tempfile::tempdir().unwrap();
        let mut tree = opening::open(directory.path(), 1).unwrap().tree;
        let first = vec![put("a".into(), 1), put("b".into(), 1), put("c".into(), 3)];
        commit(&mut tree, 1, first, false);
        commit(&mut tree, 2 * MINUTE, vec![put("a".into(), 4)], true);
        assert!(tree.envelope("a").unwrap().is_some());
        assert!(tree.envelope("b").unwrap().is_none());
        let expiring: Vec<_> = tree.expired(u64::MAX, 10).unwrap();
        assert_eq!(expiring, [(3 * MINUTE, "c".to_owned()), (4 * MINUTE, "a".to_owned())]);
    }

    #[test]
    fn expired_keys_do_not_pile_up_under_any_load() {
        restrict_new_files();
        let directory = tempfile::tempdir().unwrap();
        let mut tree = opening::open(directory.path(), 1).unwrap().tree;
        // No round has a sweep, and each key lives for less than a minute.
        for minute in 1..10 {
            for round in 0..4 {
                let keys = (0..300).map(|key| put(format!("{minute}/{round}/{key}"), minute + 1));
                commit(&mut tree, minute * MINUTE, keys.collect(), false);
            }
            let expired = tree.expired(minute * MINUTE, usize::MAX).unwrap().len();
            assert_eq!(expired, 0, "in minute {minute}");
        }
        assert_eq!(tree.expired(u64::MAX, usize::MAX).unwrap().len(), 1_200);
    }

    #[test]
    fn a_backlog_of_expired_keys_shrinks_while_commits_put_more() {
        restrict_new_files();
        let directory = tempfile::tempdir().unwrap();
        let mut tree = opening::open(directory.path(), 1).unwrap().tree;
        let backlog = (0..3_000).map(|key| put(format!("old/{key}"), 1)).collect();
        commit(&mut tree, 1, backlog, false);
        let mut left = 3_000;
        for round in 0..15 {
            let keys = (0..100).map(|key| put(format!("new/{round}/{key}"), 9));
            commit(&mut tree, 2 * MINUTE, keys.collect(), false);
            left -= 200;
            assert_eq!(tree.expired(2 * MINUTE, usize::MAX).unwrap().len(), left);
        }
    }
}
