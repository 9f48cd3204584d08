//! The reverse proxies in front of the shop, and the client address they report.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use serde::Deserialize;

/// Proxies whose word is taken for where a request comes from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "String")]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Whoever the nearest proxy that is not trusted says it is: each proxy adds at the end whom it heard from,
    /// and whatever stands before the word of a stranger may be made up.
    pub fn client(&self, peer: IpAddr, forwarded_for: &str) -> IpAddr {
        let mut client = peer.to_canonical();
        for said in forwarded_for.rsplit(',') {
            if !self.0.iter().any(|network| network.contains(&client)) {
                break;
            }
            let Some(address) = address_in(said.trim()) else { break };
            client = address.to_canonical();
        }
        client
    }
}

/// An address, perhaps with a port, as some proxies write it.
fn address_in(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse().map(|address: SocketAddr| address.ip()).ok();
    text.trim_matches(['[', ']']).parse().ok().or_else(with_port)
}

impl TryFrom<String> for TrustedProxies {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let words = text.split([',', ' ']).filter(|word| !word.is_empty());
        let network = |word: &str| {
            let address = word.parse::<IpAddr>().map(IpNet::from);
            address
                .or_else(|_| word.parse())
                .map_err(|_| format!("{word} is neither an address nor a network"))
        };
        words.map(network).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &str, peer: &str, forwarded_for: &str) -> String {
        let proxies = TrustedProxies::try_from(trusted.to_owned()).unwrap();
        proxies.client(peer.parse().unwrap(), forwarded_for).to_string()
    }

    #[test]
    fn a_stranger_s_word_is_not_taken() {
        assert_eq!(client("", "198.51.100.7", "203.0.113.9"), "198.51.100.7");
        assert_eq!(client("10.0.0.0/8", "198.51.100.7", "203.0.113.9"), "198.51.100.7");
    }

    #[test]
    fn behind_trusted_proxies_the_client_is_whom_they_heard_from() {
        let proxies = "10.0.0.0/8, 192.0.2.1";
        assert_eq!(client(proxies, "10.1.2.3", "203.0.113.9"), "203.0.113.9");
        assert_eq!(client(proxies, "10.1.2.3", "made up, 203.0.113.9, 192.0.2.1"), "203.0.113.9");
        assert_eq!(client(proxies, "10.1.2.3", "127.0.0.1, 203.0.113.9"), "203.0.113.9");
        assert_eq!(client(proxies, "10.1.2.3", ""), "10.1.2.3");
        assert_eq!(client(proxies, "::ffff:10.1.2.3", "203.0.113.9:4711"), "203.0.113.9");
        assert_eq!(
            client(proxies, "10.1.2.3", "[2001:db8::1]:80, ::ffff:192.0.2.1"),
            "2001:db8::1"
        );
    }

    #[test]
    fn what_is_no_network_is_refused() {
        assert!(
            TrustedProxies::try_from("10.0.0.0/8,proxy.example".to_owned())
                .unwrap_err()
                .contains("proxy.example")
        );
    }
}
