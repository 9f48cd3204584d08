//! Chance that can be had again: SplitMix64 from a seed.

use std::hash::{BuildHasher, RandomState};

/// A source of numbers that nobody can foretell without its seed.
pub(crate) struct Chance(u64);

impl Chance {
    /// From the seed in `CRASH_SEED`, else from any; a test that fails shows it.
    pub(crate) fn new() -> Self {
        let seed = std::env::var("CRASH_SEED")
            .ok()
            .map(|seed| seed.parse().expect("CRASH_SEED is a number"));
        let seed = seed.unwrap_or_else(|| RandomState::new().hash_one(()));
        eprintln!("CRASH_SEED={seed}");
        Self(seed)
    }

    /// Another source, which this one determines.
    pub(crate) fn another(&mut self) -> Self {
        Self(self.next())
    }

    /// A number from the least to the most.
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
