//! Metrics: what is counted and measured while the shop runs, as Prometheus reads it.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use secrecy::{ExposeSecret, SecretString};

use crate::crypto::fingerprint;

/// Bounds of what is measured in seconds.
const BUCKETS: [f64; 10] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0];

/// What is counted and measured, and who may read it.
pub struct Metrics {
    handle: PrometheusHandle,
    /// The fingerprint of a scraper's token; none if there is no such token.
    token: Option<String>,
}

impl Metrics {
    /// Begins to count, once in a process; an empty token is no token.
    pub fn install(token: &SecretString) -> Result<Self, BuildError> {
        let handle = PrometheusBuilder::new().set_buckets(&BUCKETS)?.install_recorder()?;
        describe_counter!(
            "microshop_breaker_transitions_total",
            Unit::Count,
            "How often the breaker came to be in a state"
        );
        describe_counter!(
            "microshop_bank_calls_total",
            Unit::Count,
            "Calls to the bank, by how they ended"
        );
        describe_counter!(
            "microshop_actor_restarts_total",
            Unit::Count,
            "Actors found dead and started again"
        );
        describe_gauge!("microshop_live_sockets", Unit::Count, "Open WebSockets");
        describe_gauge!(
            "microshop_live_listeners",
            Unit::Count,
            "WebSockets that are told what happens"
        );
        describe_gauge!(
            "microshop_live_channels",
            Unit::Count,
            "Topics that somebody listens to, each owner's own apart"
        );
        describe_gauge!(
            "microshop_live_outbox_high_water",
            Unit::Count,
            "The most pushes that ever waited for one WebSocket"
        );
        describe_counter!("microshop_live_frames_total", Unit::Count, "Texts handed to WebSockets");
        describe_counter!("microshop_live_bytes_total", Unit::Bytes, "Bytes of those texts");
        describe_counter!(
            "microshop_live_lagging_total",
            Unit::Count,
            "How often a WebSocket was too slow and read on from the log"
        );
        describe_counter!(
            "microshop_live_coalesced_total",
            Unit::Count,
            "Events of a state not told to a WebSocket that was too slow, because newer ones followed"
        );
        describe_counter!(
            "microshop_live_cut_total",
            Unit::Count,
            "WebSockets cut because their clients took nothing"
        );
        describe_histogram!(
            "microshop_live_push_seconds",
            Unit::Seconds,
            "From the commit of a change until a WebSocket has the frame"
        );
        let token = Some(token.expose_secret()).filter(|token| !token.is_empty());
        Ok(Self { handle, token: token.map(fingerprint) })
    }

    /// Whether a token is the scraper's, found out in the same time whatever it is.
    pub fn are_for(&self, token: &str) -> bool {
        self.token.as_ref().is_some_and(|known| *known == fingerprint(token))
    }

    /// Everything counted so far, in Prometheus' text format.
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Lets go of what is measured finely enough; to be called every few seconds.
    pub fn run_upkeep(&self) {
        self.handle.run_upkeep();
    }
}
