//! The address by which the sockets of a client are counted.

use std::net::IpAddr;

use domain::network::Network;

/// An IPv4 address, or the /64 network of an IPv6 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SlotAddress(Network);

impl SlotAddress {
    /// Returns the address under which a client with this IP address is counted.
    pub fn of(client: IpAddr) -> Self {
        Self(Network::of(client))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SlotAddress {
        SlotAddress::of(text.parse().unwrap())
    }

    #[test]
    fn ipv6_clients_are_counted_by_their_network_and_ipv4_clients_by_their_address() {
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::9"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(address("192.0.2.7"), address("::ffff:192.0.2.7"));
        assert_ne!(address("192.0.2.7"), address("192.0.2.8"));
    }
}
