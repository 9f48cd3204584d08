//! The networks from which a user has signed in: strangers' failures do not delay sign-ins there.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::network::Network;
use crate::time::later;

/// The most networks that are kept; one more replaces the one unused for the longest time.
pub const MOST: usize = 8;

/// How long a network is kept after the last sign-in from it.
pub const KEPT: Duration = Duration::from_secs(90 * 86_400);

/// The shortest time between two stored sign-ins from the same network, so that not every sign-in
/// writes to the store.
const NOTED_EVERY: Duration = Duration::from_secs(86_400);

/// The networks from which a user has signed in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownNetworks(Vec<KnownNetwork>);

/// A network from which a user has signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct KnownNetwork {
    network: Network,
    /// When the user last signed in from it, to within a day.
    last: Timestamp,
}

impl KnownNetworks {
    /// Returns whether the user has signed in from a network.
    pub fn contains(&self, network: Network) -> bool {
        self.0.iter().any(|known| known.network == network)
    }

    /// Returns each network with the last sign-in from it, to within a day.
    pub fn sign_ins(&self) -> impl Iterator<Item = (Network, Timestamp)> {
        self.0.iter().map(|known| (known.network, known.last))
    }

    /// Returns the networks to store after a sign-in, or `None` if the stored ones are recent
    /// enough.
    pub fn after_sign_in(&self, network: Network, now: Timestamp) -> Option<Self> {
        let is_recent = |known: &KnownNetwork| {
            known.network == network && now.duration_since(known.last).unsigned_abs() < NOTED_EVERY
        };
        if self.0.iter().any(is_recent) {
            return None;
        }
        let is_kept =
            |known: &&KnownNetwork| known.network != network && now < later(known.last, KEPT);
        let mut known: Vec<_> = self.0.iter().filter(is_kept).copied().collect();
        known.push(KnownNetwork { network, last: now });
        known.sort_by_key(|known| std::cmp::Reverse(known.last));
        known.truncate(MOST);
        Some(Self(known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn network(number: usize) -> Network {
        Network::parse(&format!("192.0.2.{number}"))
    }

    /// Returns the networks after sign-ins, each from a network on a day.
    fn after(sign_ins: &[(usize, i64)]) -> KnownNetworks {
        sign_ins.iter().fold(KnownNetworks::default(), |known, (number, day)| {
            let now = Timestamp::from_second(day * DAY).unwrap();
            known.after_sign_in(network(*number), now).unwrap_or(known)
        })
    }

    #[test]
    fn the_last_eight_networks_are_known() {
        let sign_ins: Vec<_> = (1..=9).map(|number| (number, number as i64)).collect();
        let known = after(&sign_ins);
        let contained = (0..=9).map(|number| known.contains(network(number)));
        assert_eq!(contained.collect::<Vec<_>>(), [&[false; 2][..], &[true; 8]].concat());
    }

    #[test]
    fn each_network_is_listed_with_its_last_sign_in() {
        let listed: Vec<_> = after(&[(1, 0), (2, 5), (1, 7)]).sign_ins().collect();
        let on = |day: i64| Timestamp::from_second(day * DAY).unwrap();
        assert_eq!(listed, [(network(1), on(7)), (network(2), on(5))]);
    }

    #[test]
    fn a_network_is_known_for_ninety_days_after_its_last_sign_in() {
        assert!(after(&[(1, 0), (2, 89)]).contains(network(1)));
        assert!(!after(&[(1, 0), (2, 90)]).contains(network(1)));
        assert!(after(&[(1, 0), (1, 50), (2, 100)]).contains(network(1)));
    }

    #[test]
    fn a_second_sign_in_of_a_day_is_not_stored() {
        let known = after(&[(1, 0)]);
        let later = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(known.after_sign_in(network(1), later(DAY - 1)), None);
        assert!(known.after_sign_in(network(1), later(DAY)).is_some());
        assert!(known.after_sign_in(network(2), later(1)).is_some());
    }
}
