//! A seeded random number generator (SplitMix64), so that a failed test can be repeated.

use std::hash::{BuildHasher, RandomState};

/// A generator of random numbers.
pub(crate) struct Random(u64);

impl Random {
    /// Creates a generator from the seed in `CRASH_SEED`, otherwise from a random seed. It prints
    /// the seed.
    pub(crate) fn new() -> Self {
        let seed = std::env::var("CRASH_SEED")
            .ok()
            .map(|seed| seed.parse().expect("CRASH_SEED is a number"))
            .unwrap_or_else(|| RandomState::new().hash_one(()));
        eprintln!("CRASH_SEED={seed}");
        Self(seed)
    }

    /// Creates a generator from a seed.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// Creates another generator, seeded by this one.
    pub(crate) fn another(&mut self) -> Self {
        Self(self.next())
    }

    /// Returns a number between two bounds, which are both included.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
