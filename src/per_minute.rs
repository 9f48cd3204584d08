//! New guests: only a command makes a visitor a guest, and only so many of one address in a minute.
//!
//! A visitor without a cookie has an empty cart, which is neither stored nor in memory. The first
//! command that changes it makes the visitor a guest. A cookie whose cart does not exist counts as
//! a new guest too, because a client can invent cookies.

use std::collections::{HashMap, VecDeque};
use std::iter;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::moment::Moment;
use domain::network::{Network, SITE_SHARE};

/// The period for which new guests are counted.
const PERIOD: Duration = Duration::from_secs(60);

/// How many networks are listed before those without recent guests are removed.
const SWEEP_AT: usize = 1_024;

/// The recent new guests of every client and site.
///
/// Memory is bounded: a network is listed only while it has recent guests, each of whom has a
/// stored cart.
pub struct NewGuests {
    per_minute: usize,
    networks: Mutex<Networks>,
}

#[derive(Default)]
struct Networks {
    /// When each network got its recent guests, in order.
    recent: HashMap<Network, VecDeque<Moment>>,
    /// At how many networks those without recent guests are removed.
    sweep_at: usize,
}

/// A new guest who was admitted.
pub struct Admitted {
    client: Network,
    at: Moment,
}

impl NewGuests {
    /// Creates the list without guests; `per_minute` is how many one client may have in a minute.
    pub fn new(per_minute: usize) -> Self {
        Self { per_minute, networks: Mutex::default() }
    }

    /// Counts a new guest of a client, or returns how long the client has to wait.
    pub fn admit(&self, client: Network, now: Moment) -> Result<Admitted, Duration> {
        let counted = self.counted(client);
        let mut networks = self.networks();
        let waits =
            counted.clone().filter_map(|(network, most)| networks.wait(&network, most, now));
        if let Some(wait) = waits.max() {
            return Err(wait);
        }
        for (network, _) in counted {
            networks.recent.entry(network).or_default().push_back(now);
        }
        networks.sweep(now);
        Ok(Admitted { client, at: now })
    }

    /// Does not count a guest whose command was refused, and who has no cart therefore.
    pub fn withdraw(&self, Admitted { client, at }: &Admitted) {
        let mut networks = self.networks();
        for (network, _) in self.counted(*client) {
            let Some(recent) = networks.recent.get_mut(&network) else { continue };
            if let Some(position) = recent.iter().rposition(|moment| moment == at) {
                recent.remove(position);
            }
            if recent.is_empty() {
                networks.recent.remove(&network);
            }
        }
    }

    /// Returns the networks by which a client is counted, with how many guests each may have.
    fn counted(&self, client: Network) -> impl Iterator<Item = (Network, usize)> + Clone + use<> {
        let of_site = self.per_minute.saturating_mul(SITE_SHARE as usize);
        let site = client.larger_site().map(|site| (site, of_site));
        iter::once((client, self.per_minute)).chain(site)
    }

    fn networks(&self) -> MutexGuard<'_, Networks> {
        self.networks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Networks {
    /// Returns how long a network that may have `most` guests has to wait for another one.
    fn wait(&mut self, network: &Network, most: usize, now: Moment) -> Option<Duration> {
        let recent = self.recent.get_mut(network)?;
        while recent.front().is_some_and(|first| now.since(*first) >= PERIOD) {
            recent.pop_front();
        }
        let first = recent.iter().rev().nth(most.checked_sub(1)?)?;
        Some((*first + PERIOD).since(now))
    }

    /// Removes networks without recent guests, each time there are twice as many as then remained.
    fn sweep(&mut self, now: Moment) {
        if self.recent.len() <= self.sweep_at.max(SWEEP_AT) {
            return;
        }
        let is_recent = |last: &Moment| now.since(*last) < PERIOD;
        self.recent.retain(|_, guests| guests.back().is_some_and(is_recent));
        self.sweep_at = self.recent.len().saturating_mul(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Moment {
        Moment::at(Duration::from_secs(second))
    }

    #[test]
    fn an_address_has_no_more_new_guests_in_any_minute_than_the_limit() {
        let guests = NewGuests::new(3);
        let admit = |second| guests.admit(Network::parse("192.0.2.7"), at(second)).err();
        assert_eq!([0, 10, 20].map(admit), [None; 3]);
        assert_eq!(admit(30), Some(Duration::from_secs(30)));
        assert!(guests.admit(Network::parse("192.0.2.8"), at(30)).is_ok());
        assert_eq!([60, 61].map(admit), [None, Some(Duration::from_secs(9))]);
    }

    #[test]
    fn ipv6_addresses_are_counted_by_their_networks() {
        let guests = NewGuests::new(2);
        let admits = |text: &str| guests.admit(Network::parse(text), at(0)).is_ok();
        let first = ["2001:db8:1::1", "2001:db8:1::2", "2001:db8:1::3"].map(admits);
        assert_eq!(first, [true, true, false]);
        let site = |network: u32| admits(&format!("2001:db8:1:{network:x}::1"));
        assert_eq!((1..=20).filter(|network| site(*network)).count(), 6);
        assert!(admits("2001:db8:2::1"));
        assert_eq!(["192.0.2.7", "::ffff:192.0.2.7", "::ffff:192.0.2.7"].map(admits), first);
    }

    #[test]
    fn a_guest_whose_command_was_refused_does_not_count() {
        let guests = NewGuests::new(1);
        for address in ["192.0.2.7", "2001:db8::1"] {
            let admitted = guests.admit(Network::parse(address), at(0)).ok().unwrap();
            assert!(guests.admit(Network::parse(address), at(0)).is_err());
            guests.withdraw(&admitted);
            assert!(guests.networks().recent.is_empty());
            assert!(guests.admit(Network::parse(address), at(0)).is_ok());
            guests.networks().recent.clear();
        }
    }

    #[test]
    fn networks_without_recent_guests_are_removed() {
        let guests = NewGuests::new(1);
        for second in 0..20_u32 {
            for network in 0..500_u32 {
                let address = std::net::Ipv4Addr::from_bits(second * 500 + network);
                assert!(
                    guests.admit(Network::of(address.into()), at(u64::from(second) * 30)).is_ok()
                );
            }
        }
        assert!(guests.networks().recent.len() <= 2 * 1_500, "{}", guests.networks().recent.len());
    }
}
