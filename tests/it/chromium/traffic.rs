//! What a browser requests, and how many bytes it receives.

use serde_json::Value;

/// The requests of pages, from the events of the DevTools protocol.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// The address of each request, those that open a socket included.
    pub(crate) requests: Vec<String>,
    /// The bytes of all responses as they were received: compressed, with their headers.
    pub(crate) bytes: u64,
}

impl Traffic {
    /// Sums up events.
    pub(super) fn of(events: impl Iterator<Item = Value>) -> Self {
        let mut traffic = Self::default();
        for event in events {
            let parameters = &event["params"];
            let address = match event["method"].as_str() {
                Some("Network.requestWillBeSent") => &parameters["request"]["url"],
                Some("Network.webSocketCreated") => &parameters["url"],
                Some("Network.loadingFinished") => {
                    traffic.bytes += parameters["encodedDataLength"].as_f64().unwrap() as u64;
                    continue;
                }
                _ => continue,
            };
            let address = address.as_str().unwrap();
            if ["http://", "ws://"].iter().any(|scheme| address.starts_with(scheme)) {
                traffic.requests.push(address.to_owned());
            }
        }
        traffic
    }
}
