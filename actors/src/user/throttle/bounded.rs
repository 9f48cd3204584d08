//! Counters whose number is limited, however many keys the clients make.

use std::collections::HashMap;
use std::hash::Hash;

use domain::moment::Moment;

/// The most entries of a map; one has less than 100 bytes.
const CAPACITY: usize = 100_000;

/// The part of the entries that a full map removes at once.
const REMOVED: usize = CAPACITY / 4;

/// Values by key, each with the moment when it is forgotten.
pub(super) struct Bounded<K, V> {
    entries: HashMap<K, (V, Moment)>,
}

impl<K, V> Default for Bounded<K, V> {
    fn default() -> Self {
        Self { entries: HashMap::new() }
    }
}

impl<K: Hash + Eq, V: Copy> Bounded<K, V> {
    /// Returns the value of a key.
    pub(super) fn get(&self, key: &K) -> Option<V> {
        self.entries.get(key).map(|(value, _)| *value)
    }

    /// Puts a value until a moment. A full map first removes the values that it would forget next,
    /// which count the fewest failures.
    pub(super) fn put(&mut self, key: K, value: V, until: Moment, now: Moment) {
        if self.entries.len() >= CAPACITY && !self.entries.contains_key(&key) {
            self.make_room(now);
        }
        self.entries.insert(key, (value, until));
    }

    /// Removes a key.
    pub(super) fn remove(&mut self, key: &K) {
        self.entries.remove(key);
    }

    /// Removes what is forgotten.
    pub(super) fn sweep(&mut self, now: Moment) {
        self.entries.retain(|_, (_, until)| now < *until);
    }

    /// Returns the number of keys.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    fn make_room(&mut self, now: Moment) {
        self.sweep(now);
        let mut surplus = (self.entries.len() + REMOVED).saturating_sub(CAPACITY);
        if surplus == 0 {
            return;
        }
        let mut untils: Vec<_> = self.entries.values().map(|(_, until)| *until).collect();
        let (_, last_removed, _) = untils.select_nth_unstable(surplus - 1);
        let last_removed = *last_removed;
        self.entries.retain(|_, (_, until)| {
            let is_kept = surplus == 0 || *until > last_removed;
            surplus -= usize::from(!is_kept);
            is_kept
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(second: u64) -> Moment {
        Moment::at(Duration::from_secs(second))
    }

    #[test]
    fn a_value_is_swept_when_it_is_forgotten() {
        let mut counters = Bounded::default();
        counters.put("a", 1, at(10), at(0));
        counters.put("b", 2, at(20), at(0));
        counters.sweep(at(10));
        assert_eq!((counters.get(&"a"), counters.get(&"b"), counters.len()), (None, Some(2), 1));
    }

    #[test]
    fn a_client_that_makes_new_keys_without_end_removes_only_the_weakest() {
        let mut counters = Bounded::default();
        counters.put(u64::MAX, (), at(3_600), at(0));
        for key in 0..1_000_000 {
            counters.put(key, (), at(180), at(0));
            assert!(counters.len() <= CAPACITY);
        }
        assert_eq!(counters.get(&u64::MAX), Some(()));
        assert_eq!(counters.get(&999_999), Some(()));
    }
}
