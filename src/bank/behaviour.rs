//! Which charges the simulated bank declines.

use domain::bank::{Behaviour, Mode};
use sha2::{Digest, Sha256};

/// Whether the bank declines a charge. It depends only on the key and the seed, so that a test can
/// be repeated.
pub fn declines(behaviour: &Behaviour, key: &str) -> bool {
    let seed = behaviour.seed.to_le_bytes();
    let hash = Sha256::new().chain_update(seed).chain_update(key).finalize();
    let drawn =
        hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte)) % 100;
    behaviour.mode == Mode::Decline || drawn < behaviour.decline_percent.get().into()
}

#[cfg(test)]
mod tests {
    use domain::bank::Percent;

    use super::*;

    fn declined(percent: u8, seed: u64) -> Vec<bool> {
        let decline_percent = Percent::try_from(percent).unwrap();
        let behaviour = Behaviour { decline_percent, seed, ..Behaviour::default() };
        (0..1_000).map(|number| declines(&behaviour, &format!("key-{number}"))).collect()
    }

    #[test]
    fn zero_percent_declines_no_charge_and_a_hundred_percent_every_charge() {
        assert!(declined(0, 7).iter().all(|declined| !declined));
        assert!(declined(100, 7).iter().all(|declined| *declined));
    }

    #[test]
    fn the_configured_percentage_of_charges_is_declined_and_always_the_same_ones() {
        let some = declined(30, 7);
        assert!((250..350).contains(&some.iter().filter(|declined| **declined).count()));
        assert_eq!(some, declined(30, 7));
        assert_ne!(some, declined(30, 8));
    }
}
