//! Metrics in the text format of Prometheus, and the token of the scraper that may read them.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use secrecy::{ExposeSecret, SecretString};

use crate::crypto::fingerprint;

/// The upper bounds of histogram buckets, in seconds.
const BUCKETS: [f64; 10] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0];

/// The recorded metrics, and the token that gives access to them.
pub struct Metrics {
    handle: PrometheusHandle,
    /// The fingerprint of the scraper's token; `None` if no token is configured.
    token: Option<String>,
}

impl Metrics {
    /// Installs the recorder of this process, which can be done only once.
    ///
    /// An empty token means that there is none.
    pub fn install(token: &SecretString) -> Result<Self, BuildError> {
        let handle = PrometheusBuilder::new().set_buckets(&BUCKETS)?.install_recorder()?;
        describe_operation();
        describe_sockets();
        let token = Some(token.expose_secret()).filter(|token| !token.is_empty());
        Ok(Self { handle, token: token.map(fingerprint) })
    }

    /// Whether a token is the scraper's. Comparing fingerprints reveals nothing about the token by
    /// the time that it takes.
    pub fn is_scraper_token(&self, token: &str) -> bool {
        self.token.as_ref().is_some_and(|scraper| *scraper == fingerprint(token))
    }

    /// Returns all metrics in Prometheus' text format.
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Folds recorded samples into histogram buckets, which limits their memory. Call it every few
    /// seconds.
    pub fn run_upkeep(&self) {
        self.handle.run_upkeep();
    }
}

/// Describes the metrics of payments, carts and actors.
fn describe_operation() {
    describe_counter!(
        "microshop_breaker_transitions_total",
        Unit::Count,
        "Transitions of the circuit breaker, by the new state"
    );
    describe_gauge!("microshop_carts_in_memory", Unit::Count, "Carts in memory");
    describe_counter!("microshop_bank_calls_total", Unit::Count, "Calls to the bank, by outcome");
    describe_counter!("microshop_store_reads_total", Unit::Count, "Reads of the store");
    describe_counter!("microshop_store_rows_total", Unit::Count, "Rows requested by those reads");
    describe_counter!(
        "microshop_actor_restarts_total",
        Unit::Count,
        "Restarts of actors that had died"
    );
}

/// Describes the metrics of WebSockets.
fn describe_sockets() {
    describe_gauge!("microshop_live_sockets", Unit::Count, "Open WebSockets");
    describe_gauge!(
        "microshop_live_listeners",
        Unit::Count,
        "WebSockets that are subscribed to at least one topic"
    );
    describe_gauge!(
        "microshop_live_channels",
        Unit::Count,
        "Channels with at least one subscriber; a private topic has one channel per owner"
    );
    describe_gauge!(
        "microshop_live_outbox_high_water",
        Unit::Count,
        "The largest number of pushes that have waited for one WebSocket"
    );
    describe_counter!("microshop_live_frames_total", Unit::Count, "Text frames sent to WebSockets");
    describe_counter!("microshop_live_bytes_total", Unit::Bytes, "Bytes of those frames");
    describe_counter!(
        "microshop_live_lagging_total",
        Unit::Count,
        "How often a WebSocket was too slow and caught up from the log"
    );
    describe_counter!(
        "microshop_live_coalesced_total",
        Unit::Count,
        "State events skipped for slow WebSockets because a newer state followed"
    );
    describe_counter!(
        "microshop_live_redraws_total",
        Unit::Count,
        "Redraws of order pages after a change of the breaker"
    );
    describe_counter!(
        "microshop_live_cut_total",
        Unit::Count,
        "Connections closed because the client accepted no data"
    );
    describe_histogram!(
        "microshop_live_push_seconds",
        Unit::Seconds,
        "Time from the commit of a change until its frame is sent to a WebSocket"
    );
}
