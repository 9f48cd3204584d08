//! How often, and after which pause, a command that has met a conflict is decided again.

use std::time::Duration;

use crate::clock::random_bytes;

/// How often a command is decided before it fails.
pub(crate) const ATTEMPTS: usize = 64;

/// The longest pause after the first conflict, and after many: shorter than a turn of a node.
const FIRST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(32);

/// Returns the pause after the attempt with a number, starting at 1: a random part of a duration
/// that doubles each time, so that commands in conflict do not stay in step.
pub(crate) fn pause(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
    let longest = FIRST.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST);
    let [part] = random_bytes::<1>();
    longest * u32::from(part) / 256
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_short() {
        let longest = |attempt| (0..200).map(|_| pause(attempt)).max().unwrap();
        assert!(longest(1) < FIRST);
        assert!(longest(4) > 4 * FIRST);
        assert!(longest(ATTEMPTS) < LONGEST && longest(ATTEMPTS) > LONGEST / 2);
    }
}
