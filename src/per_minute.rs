//! How often the clients of a network may do something in a minute, for what a client without an
//! account can make the shop store.

use std::collections::{HashMap, VecDeque};
use std::iter;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::moment::Moment;
use domain::network::{Network, SITE_SHARE};

/// The period for which admissions are counted.
const PERIOD: Duration = Duration::from_secs(60);

/// How many networks are listed before those without recent admissions are removed.
const SWEEP_AT: usize = 1_024;

/// The recent admissions of every client and site.
///
/// Memory is bounded: each admission takes a few bytes for a minute, and has cost a request.
pub struct PerMinute {
    most: usize,
    networks: Mutex<Networks>,
}

#[derive(Default)]
struct Networks {
    /// The times of the recent admissions of each network, in order.
    recent: HashMap<Network, VecDeque<Moment>>,
    /// At how many networks those without recent admissions are removed.
    sweep_at: usize,
}

/// An admission of a client.
pub struct Admitted {
    client: Network,
    at: Moment,
}

impl PerMinute {
    /// Creates the list without admissions; `most` is how many one client may have in a minute.
    pub fn new(most: usize) -> Self {
        Self { most, networks: Mutex::default() }
    }

    /// Admits a client, or returns how long the client has to wait.
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

    /// Does not count an admission, because nothing was stored.
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

    /// Returns the networks by which a client is counted, and how many admissions each may have.
    fn counted(&self, client: Network) -> impl Iterator<Item = (Network, usize)> + Clone + use<> {
        let of_site = self.most.saturating_mul(SITE_SHARE as usize);
        let site = client.larger_site().map(|site| (site, of_site));
        iter::once((client, self.most)).chain(site)
    }

    fn networks(&self) -> MutexGuard<'_, Networks> {
        self.networks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Networks {
    /// Returns how long a network that may have `most` admissions has to wait for another one.
    fn wait(&mut self, network: &Network, most: usize, now: Moment) -> Option<Duration> {
        let recent = self.recent.get_mut(network)?;
        while recent.front().is_some_and(|first| now.since(*first) >= PERIOD) {
            recent.pop_front();
        }
        let first = recent.iter().rev().nth(most.checked_sub(1)?)?;
        Some((*first + PERIOD).since(now))
    }

    /// Removes networks without recent admissions, each time there are twice as many as then
    /// remained.
    fn sweep(&mut self, now: Moment) {
        if self.recent.len() <= self.sweep_at.max(SWEEP_AT) {
            return;
        }
        let is_recent = |last: &Moment| now.since(*last) < PERIOD;
        self.recent.retain(|_, recent| recent.back().is_some_and(is_recent));
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
    fn an_address_is_not_admitted_more_often_in_any_minute_than_the_limit() {
        let clients = PerMinute::new(3);
        let admit = |second| clients.admit(Network::parse("192.0.2.7"), at(second)).err();
        assert_eq!([0, 10, 20].map(admit), [None; 3]);
        assert_eq!(admit(30), Some(Duration::from_secs(30)));
        assert!(clients.admit(Network::parse("192.0.2.8"), at(30)).is_ok());
        assert_eq!([60, 61].map(admit), [None, Some(Duration::from_secs(9))]);
    }

    #[test]
    fn ipv6_addresses_are_counted_by_their_networks() {
        let clients = PerMinute::new(2);
        let admits = |text: &str| clients.admit(Network::parse(text), at(0)).is_ok();
        let first = ["2001:db8:1::1", "2001:db8:1::2", "2001:db8:1::3"].map(admits);
        assert_eq!(first, [true, true, false]);
        let site = |network: u32| admits(&format!("2001:db8:1:{network:x}::1"));
        assert_eq!((1..=20).filter(|network| site(*network)).count(), 6);
        assert!(admits("2001:db8:2::1"));
        assert_eq!(["192.0.2.7", "::ffff:192.0.2.7", "::ffff:192.0.2.7"].map(admits), first);
    }

    #[test]
    fn a_withdrawn_admission_does_not_count() {
        let clients = PerMinute::new(1);
        for address in ["192.0.2.7", "2001:db8::1"] {
            let admitted = clients.admit(Network::parse(address), at(0)).ok().unwrap();
            assert!(clients.admit(Network::parse(address), at(0)).is_err());
            clients.withdraw(&admitted);
            assert!(clients.networks().recent.is_empty());
            assert!(clients.admit(Network::parse(address), at(0)).is_ok());
            clients.networks().recent.clear();
        }
    }

    #[test]
    fn networks_without_recent_admissions_are_removed() {
        let clients = PerMinute::new(1);
        for second in 0..20_u32 {
            for network in 0..500_u32 {
                let address = std::net::Ipv4Addr::from_bits(second * 500 + network);
                assert!(
                    clients.admit(Network::of(address.into()), at(u64::from(second) * 30)).is_ok()
                );
            }
        }
        assert!(
            clients.networks().recent.len() <= 2 * 1_500,
            "{}",
            clients.networks().recent.len()
        );
    }
}
