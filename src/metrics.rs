//! Metrics: what is counted and measured while the shop runs, as Prometheus reads it.

use metrics::{Unit, describe_counter};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use secrecy::{ExposeSecret, SecretString};

use crate::auth::secret::fingerprint;

/// What is counted and measured, and who may read it.
pub struct Metrics {
    handle: PrometheusHandle,
    /// The fingerprint of a scraper's token; none if there is no such token.
    token: Option<String>,
}

impl Metrics {
    /// Begins to count, once in a process; an empty token is no token.
    pub fn begin(token: &SecretString) -> Result<Self, BuildError> {
        let handle = PrometheusBuilder::new().install_recorder()?;
        describe_counter!(
            "microshop_breaker_transitions_total",
            Unit::Count,
            "How often the breaker came to be in a state"
        );
        describe_counter!("microshop_bank_calls_total", Unit::Count, "Calls to the bank, by how they ended");
        describe_counter!("microshop_actor_restarts_total", Unit::Count, "Actors found dead and started again");
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
    pub fn tidy(&self) {
        self.handle.run_upkeep();
    }
}
