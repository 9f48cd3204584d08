//! The chances of a demo, which need not be unpredictable.

use std::time::Duration;

/// A source of numbers that look random (xorshift64*, Vigna, 2016).
pub(super) struct Dice(u64);

impl Dice {
    /// Creates a source. Another seed gives other numbers.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    /// Returns a number below `sides`; 0 if there are none.
    pub(super) fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).checked_rem(sides).unwrap_or_default()
    }

    /// Returns true this often in a hundred.
    pub(super) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// Returns one of several values.
    pub(super) fn one_of<'a, T>(&mut self, values: &'a [T]) -> Option<&'a T> {
        let place = self.below(values.len() as u64);
        values.get(usize::try_from(place).ok()?)
    }

    /// Returns a time of up to twice as long as this one.
    pub(super) fn about(&mut self, time: Duration) -> Duration {
        let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.below(milliseconds.saturating_mul(2)))
    }
}
