//! Spreads what many sockets do after one event over time.

use std::time::Duration;

/// A multiplier that spreads consecutive socket numbers evenly (Fibonacci hashing).
const HASH: u64 = 0x9e37_79b9;

/// Returns a wait shorter than `over`, which must be at least a millisecond. It differs between
/// sockets with different numbers.
pub(super) fn spread(socket: u64, over: Duration) -> Duration {
    let over = u64::try_from(over.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(socket.wrapping_mul(HASH) % over.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_thousand_sockets_are_spread_evenly() {
        let mut tenths = [0; 10];
        for socket in 1..=4_000 {
            let wait = spread(socket, Duration::from_secs(5));
            tenths[usize::try_from(wait.as_millis()).unwrap() / 500] += 1;
        }
        assert!(tenths.iter().all(|sockets| (300..500).contains(sockets)), "{tenths:?}");
    }
}
