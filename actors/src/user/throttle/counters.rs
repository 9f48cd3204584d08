//! What many sources share: how much each allowance was used.

use std::time::Duration;

use domain::moment::Moment;
use domain::network::{Network, SITE_SHARE};
use domain::throttle::{Allowance, Used};

use super::bounded::Bounded;

/// The wrong passwords of one client (an IPv4 address or an IPv6 /64) in an hour, over all names.
const PER_NETWORK: u32 = 30;

/// The wrong passwords of one client in an hour for users who have signed in from it, counted once
/// another limit applies.
const PER_KNOWN_NETWORK: u32 = 10;

/// The wrong passwords of one IPv6 /48 in an hour, over all names.
const PER_SITE: u32 = 60;

/// The wrong passwords for one name in an hour, from all clients that its user has never signed in
/// from.
const PER_NAME: u32 = 20;

/// What is counted, and for which clients or name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Counter {
    /// Wrong passwords of a client with any name.
    Network(Network),
    /// Wrong passwords of a client with the names of users who have signed in from it.
    KnownNetwork(Network),
    /// Wrong passwords of an IPv6 /48 with any name.
    Site(Network),
    /// Wrong passwords for a name, of which this is the hash, from any client.
    Name(u64),
    /// Registrations of a client.
    Registrations(Network),
    /// Registrations of an IPv6 /48.
    SiteRegistrations(Network),
}

/// The counters in use.
pub(super) struct Counters {
    used: Bounded<Counter, Used>,
    registrations_per_hour: u32,
}

impl Counters {
    /// Creates counters of which nothing is used.
    pub(super) fn new(registrations_per_hour: u32) -> Self {
        Self { used: Bounded::default(), registrations_per_hour }
    }

    /// Counts one use for each of some counters, or for none if one of them has to wait.
    pub(super) fn spend(&mut self, counters: &[Counter], now: Moment) -> Result<(), Duration> {
        let spend = |counter: &Counter| self.allowance(*counter).spend(self.used.get(counter), now);
        let spent: Vec<_> = counters.iter().map(spend).collect();
        if let Some(longest) = spent.iter().filter_map(|spent| spent.err()).max() {
            return Err(longest);
        }
        for (counter, used) in counters.iter().zip(spent.into_iter().flatten()) {
            self.used.put(*counter, used, used.forgotten_at(), now);
        }
        Ok(())
    }

    /// Takes one use of each of some counters back.
    pub(super) fn give_back(&mut self, counters: &[Counter], now: Moment) {
        for counter in counters {
            let Some(used) = self.used.get(counter) else { continue };
            let used = self.allowance(*counter).give_back(used);
            if used.forgotten_at() > now {
                self.used.put(*counter, used, used.forgotten_at(), now);
            } else {
                self.used.remove(counter);
            }
        }
    }

    /// Removes what no longer counts.
    pub(super) fn sweep(&mut self, now: Moment) {
        self.used.sweep(now);
    }

    fn allowance(&self, counter: Counter) -> Allowance {
        let registrations = self.registrations_per_hour;
        Allowance::per_hour(match counter {
            Counter::Network(_) => PER_NETWORK,
            Counter::KnownNetwork(_) => PER_KNOWN_NETWORK,
            Counter::Site(_) => PER_SITE,
            Counter::Name(_) => PER_NAME,
            Counter::Registrations(_) => registrations,
            Counter::SiteRegistrations(_) => registrations.saturating_mul(SITE_SHARE),
        })
    }
}
