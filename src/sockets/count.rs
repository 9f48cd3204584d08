//! How many slots each holder has taken: each owner, or each client address.

use std::collections::HashMap;
use std::hash::Hash;

/// The number of taken slots of each holder. Invariant: no holder is listed with zero.
pub(super) struct SlotCounts<Holder>(HashMap<Holder, usize>);

impl<Holder: Eq + Hash> SlotCounts<Holder> {
    /// Returns how many slots a holder has taken.
    pub(super) fn of(&self, holder: &Holder) -> usize {
        self.0.get(holder).copied().unwrap_or_default()
    }

    /// Returns the number of holders.
    pub(super) fn holders(&self) -> usize {
        self.0.len()
    }

    /// Counts a slot that a holder has taken.
    pub(super) fn add(&mut self, holder: Holder) {
        *self.0.entry(holder).or_default() += 1;
    }

    /// Counts a slot that a holder has released.
    pub(super) fn remove(&mut self, holder: &Holder) {
        let Some(taken) = self.0.get_mut(holder) else { return };
        *taken -= 1;
        if *taken == 0 {
            self.0.remove(holder);
        }
    }

    /// Returns whether no holder has taken a slot.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<Holder> Default for SlotCounts<Holder> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}
