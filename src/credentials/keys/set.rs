//! The keys of a ring at one time, and how they are rotated.

use std::iter;
use std::sync::Arc;

use domain::time::later;
use jiff::Timestamp;

use super::KeyLifetimes;
use super::key::Key;

/// At least one key, newest first.
#[derive(Clone)]
pub(super) struct KeySet {
    /// The key that signs.
    pub(super) newest: Arc<Key>,
    /// Keys that only verify.
    older: Vec<Arc<Key>>,
}

impl KeySet {
    /// Creates a set of the keys, newest first. Returns `None` if there are none.
    pub(super) fn new(keys: Vec<Key>) -> Option<Self> {
        let mut keys = keys.into_iter().map(Arc::new);
        Some(Self { newest: keys.next()?, older: keys.collect() })
    }

    /// Creates a set of one random key.
    pub(super) fn random(now: Timestamp) -> Self {
        Self { newest: Arc::new(Key::random(now)), older: Vec::new() }
    }

    /// Returns the keys, newest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Key>> {
        iter::once(&self.newest).chain(&self.older)
    }

    /// Returns the set with a new key if one is due and without keys that are not needed any
    /// longer, or `None` if nothing changes. A new key is due at the time `now`; older keys are
    /// needed at the time `swept`.
    pub(super) fn rotated(
        &self,
        lifetimes: KeyLifetimes,
        now: Timestamp,
        swept: Timestamp,
    ) -> Option<Self> {
        let is_due = self.is_due(lifetimes, now);
        let current = if is_due { self.with_random_key(now) } else { self.clone() };
        // A key has signed until a newer one was created. The next one may be from the future.
        let replaced_at = current.iter().scan(Timestamp::MAX, |earliest, newer| {
            *earliest = newer.created_at.min(*earliest);
            Some(*earliest)
        });
        let older: Vec<_> = iter::zip(replaced_at, &current.older)
            .take_while(|(replaced_at, _)| swept < later(*replaced_at, lifetimes.verifying))
            .map(|(_, key)| key.clone())
            .collect();
        let is_changed = is_due || older.len() < self.older.len();
        is_changed.then(|| Self { newest: current.newest.clone(), older })
    }

    /// Whether a new key must replace the newest one.
    fn is_due(&self, lifetimes: KeyLifetimes, now: Timestamp) -> bool {
        let created_at = self.newest.created_at;
        // A key from the future was created while the clock was wrong. It would sign for too long.
        later(created_at, lifetimes.signing) <= now || now < created_at
    }

    fn with_random_key(&self, now: Timestamp) -> Self {
        Self { newest: Arc::new(Key::random(now)), older: self.iter().cloned().collect() }
    }
}
