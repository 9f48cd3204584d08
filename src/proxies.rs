//! The reverse proxies in front of the shop, and the client addresses that they forward.

use std::net::{IpAddr, SocketAddr};

use actix_web::dev::RequestHead;
use actix_web::http::Version;
use ipnet::IpNet;
use serde::Deserialize;

/// Headers by which a proxy or a content delivery network forwards a request, apart from those
/// that [`PREFIXES`] and [`PARTS`] cover.
const HEADERS: [&str; 8] = [
    "forwarded",
    "via",
    "cdn-loop",
    "front-end-https",
    "x-scheme",
    "x-real-ip",
    "x-original-host",
    "x-varnish",
];

/// What the names of other such headers begin with, most of them the name of a product.
const PREFIXES: [&str; 11] = [
    "x-forwarded",
    "x-original-forwarded",
    "x-envoy-",
    "x-amz-",
    "x-amzn-",
    "x-azure-",
    "x-appengine-",
    "x-arr-",
    "cf-",
    "fastly-",
    "wl-proxy-",
];

/// What the names of other such headers contain.
const PARTS: [&str; 2] = ["client-ip", "connecting-ip"];

/// Whether a proxy seems to have forwarded a request: it has a header that proxies add (RFC 7239;
/// RFC 9110, section 7.6.3), or a version that browsers do not send. nginx adds no header and sends
/// HTTP/1.0 unless it is configured otherwise.
pub fn is_forwarded(request: &RequestHead) -> bool {
    request.version < Version::HTTP_11 || request.headers.keys().any(|name| is_added(name.as_str()))
}

/// Whether a header with a name in lower case is added by proxies, and by no browser.
fn is_added(name: &str) -> bool {
    HEADERS.contains(&name)
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || PARTS.iter().any(|part| name.contains(part))
}

/// The networks of proxies whose `X-Forwarded-For` entries are trusted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "String")]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the client's address: the right-most entry that was not added by a trusted proxy.
    ///
    /// Each proxy appends the address it was contacted from to the comma-separated
    /// `forwarded_for`. Entries to the left of an untrusted address may be forged, so they are
    /// ignored. `peer` is the address of the connection itself.
    pub fn client_address(&self, peer: IpAddr, forwarded_for: &str) -> IpAddr {
        let mut client = peer.to_canonical();
        for entry in forwarded_for.rsplit(',') {
            if !self.0.iter().any(|network| network.contains(&client)) {
                break;
            }
            let Some(address) = parse_address(entry.trim()) else { break };
            client = address.to_canonical();
        }
        client
    }
}

/// Parses an address with or without a port, since some proxies append one.
fn parse_address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse().map(|address: SocketAddr| address.ip()).ok();
    text.trim_matches(['[', ']']).parse().ok().or_else(with_port)
}

impl TryFrom<String> for TrustedProxies {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let words = text.split([',', ' ']).filter(|word| !word.is_empty());
        words.map(parse_network).collect::<Result<_, _>>().map(Self)
    }
}

fn parse_network(word: &str) -> Result<IpNet, String> {
    let address = word.parse::<IpAddr>().map(IpNet::from);
    address
        .or_else(|_| word.parse())
        .map_err(|_| format!("`{word}` is neither an IP address nor a network"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &str, peer: &str, forwarded_for: &str) -> String {
        let proxies = TrustedProxies::try_from(trusted.to_owned()).unwrap();
        proxies.client_address(peer.parse().unwrap(), forwarded_for).to_string()
    }

    #[test]
    fn an_entry_from_an_untrusted_peer_is_ignored() {
        assert_eq!(client("", "198.51.100.7", "203.0.113.9"), "198.51.100.7");
        assert_eq!(client("10.0.0.0/8", "198.51.100.7", "203.0.113.9"), "198.51.100.7");
    }

    #[test]
    fn trusted_proxies_forward_the_address_of_the_client() {
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
    fn a_request_is_forwarded_if_it_has_a_header_of_a_proxy() {
        use actix_web::test::TestRequest;
        let is_forwarded = |name: &str| {
            super::is_forwarded(TestRequest::get().insert_header((name, "x")).to_request().head())
        };
        for name in [
            "Forwarded",
            "X-Forwarded-For",
            "x-forwarded-proto",
            "X-Real-IP",
            "Via",
            "CDN-Loop",
            "CF-Connecting-IP",
            "CF-Connecting-IPv6",
            "CF-RAY",
            "Fly-Client-IP",
            "Client-IP",
            "True-Client-IP",
            "Fastly-Client-IP",
            "Fastly-FF",
            "X-Azure-ClientIP",
            "X-Azure-FDID",
            "DO-Connecting-IP",
            "X-Appengine-User-IP",
            "Proxy-Client-IP",
            "WL-Proxy-Client-IP",
            "WL-Proxy-SSL",
            "X-Cluster-Client-IP",
            "X-Envoy-External-Address",
            "X-Original-Forwarded-For",
            "X-Scheme",
            "X-ARR-SSL",
            "X-Varnish",
            "X-Amz-Cf-Id",
            "X-Amzn-Trace-Id",
        ] {
            assert!(is_forwarded(name), "{name}");
        }
        // What Chromium, Firefox, Safari, htmx and curl send.
        for name in [
            "Host",
            "Accept",
            "Accept-Encoding",
            "Accept-Language",
            "Authorization",
            "Cache-Control",
            "Connection",
            "Content-Length",
            "Content-Type",
            "Cookie",
            "DNT",
            "HX-Current-URL",
            "HX-Request",
            "Idempotency-Key",
            "If-Match",
            "If-None-Match",
            "Keep-Alive",
            "Origin",
            "Pragma",
            "Priority",
            "Proxy-Connection",
            "Range",
            "Referer",
            "Save-Data",
            "Sec-CH-UA",
            "Sec-CH-UA-Platform",
            "Sec-Fetch-Site",
            "Sec-GPC",
            "Sec-WebSocket-Key",
            "Service-Worker",
            "TE",
            "Upgrade",
            "Upgrade-Insecure-Requests",
            "User-Agent",
            "X-Client-Data",
            "X-Request-Id",
            "X-Requested-With",
        ] {
            assert!(!is_forwarded(name), "{name}");
        }
    }

    #[test]
    fn a_request_is_forwarded_if_its_version_is_older_than_that_of_browsers() {
        use actix_web::test::TestRequest;
        let is_forwarded =
            |version| super::is_forwarded(TestRequest::get().version(version).to_request().head());
        assert!(is_forwarded(Version::HTTP_10));
        assert!(!is_forwarded(Version::HTTP_11));
    }

    #[test]
    fn an_invalid_network_is_refused_by_name() {
        let error = TrustedProxies::try_from("10.0.0.0/8,proxy.example".to_owned()).unwrap_err();
        assert!(error.contains("proxy.example"), "{error}");
    }
}
