//! The networks by which clients are counted.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// The bits of an IPv6 address that name the network of one customer. A provider gives each
/// customer at least one /64 (RFC 6177), in which the customer may use any address.
const CUSTOMER: u8 = 64;

/// The bits of an IPv6 address that name a site. A provider gives a site up to a /48 (RFC 6177),
/// which has 65,536 networks.
const SITE: u8 = 48;

/// How many times as much the clients of a site may do together as one of them.
pub const SITE_SHARE: u32 = 4;

/// A network: an address, of which the first bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Returns the network of one client: its IPv4 address, or the /64 of its IPv6 address.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => Self::of_ipv6(address, CUSTOMER),
            address @ IpAddr::V4(_) => Self { address, bits: 32 },
        }
    }

    /// Returns the network of one client whose address is a text. All texts that are no address
    /// are one network.
    pub fn parse(address: &str) -> Self {
        Self::of(address.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
    }

    /// Returns the network that the same customer may own as a whole: the /48 of an IPv6 network;
    /// an IPv4 address itself.
    pub fn site(self) -> Self {
        match self.address {
            IpAddr::V6(address) => Self::of_ipv6(address, SITE),
            IpAddr::V4(_) => self,
        }
    }

    /// Returns the site of a client; `None` if the client is all of it.
    pub fn larger_site(self) -> Option<Self> {
        Some(self.site()).filter(|site| *site != self)
    }

    fn of_ipv6(address: Ipv6Addr, bits: u8) -> Self {
        let mask = u128::MAX << (128 - u32::from(bits));
        Self { address: Ipv6Addr::from_bits(address.to_bits() & mask).into(), bits }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_client_is_its_address_and_an_ipv6_client_its_64() {
        for (client, network, site) in [
            ("192.0.2.7", "192.0.2.7/32", "192.0.2.7/32"),
            ("::ffff:192.0.2.7", "192.0.2.7/32", "192.0.2.7/32"),
            ("2001:db8:1:2::1", "2001:db8:1:2::/64", "2001:db8:1::/48"),
            ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64", "2001:db8:1::/48"),
            ("2001:db8:1::9", "2001:db8:1::/64", "2001:db8:1::/48"),
            ("", "0.0.0.0/32", "0.0.0.0/32"),
        ] {
            let of_client = Network::parse(client);
            assert_eq!(of_client.to_string(), network, "{client}");
            assert_eq!(of_client.site().to_string(), site, "{client}");
            let is_part = network != site;
            assert_eq!(of_client.larger_site(), is_part.then(|| of_client.site()), "{client}");
        }
    }

    #[test]
    fn the_first_64_of_a_site_is_not_the_site() {
        let first = Network::parse("2001:db8:1::9");
        assert_ne!(first, first.site());
        assert_eq!(first.site(), first.site().site());
    }
}
