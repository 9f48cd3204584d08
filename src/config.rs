//! The configuration: `config/default.toml`, the file of a profile, `.env` and the environment.
//!
//! A value of a later source replaces that of an earlier one. An unknown key is an error.

use std::collections::HashMap;
use std::env;

use actors::rules::Rules;
use config::{ConfigError, Environment, File, FileFormat};
use domain::breaker::Limits;
use domain::session::Lifetimes;
use serde::Deserialize;

use sections::{
    AdminConfig, AuthConfig, BankConfig, BreakerConfig, CartConfig, EventsConfig, LiveConfig,
    LogConfig, MetricsConfig, OrderConfig, ServerConfig, StoreConfig,
};

pub mod sections;

/// The file that explains every key and has its default.
const DEFAULT: &str = include_str!("../config/default.toml");

/// All settings; `config/default.toml` explains each key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct Config {
    pub server: ServerConfig,
    pub store: StoreConfig,
    pub events: EventsConfig,
    pub auth: AuthConfig,
    pub admin: AdminConfig,
    pub bank: BankConfig,
    pub breaker: BreakerConfig,
    pub cart: CartConfig,
    pub order: OrderConfig,
    pub live: LiveConfig,
    pub metrics: MetricsConfig,
    pub log: LogConfig,
}

impl Config {
    /// Loads the settings of this process from all sources.
    pub fn load() -> Result<Self, ConfigError> {
        // The file `.env` is optional.
        let _ = dotenvy::dotenv();
        Self::from_variables(
            env::vars_os().filter_map(|(key, value)| {
                Some((key.into_string().ok()?, value.into_string().ok()?))
            }),
        )
    }

    /// Returns the defaults of all settings.
    pub fn defaults() -> Result<Self, ConfigError> {
        Self::from_variables([])
    }

    /// Returns the durations and limits that the actors need.
    pub fn rules(&self) -> Rules {
        Rules {
            lifetimes: Lifetimes {
                browser_idle: self.auth.session_idle,
                browser_max: self.auth.session_max,
                api_idle: self.auth.refresh_ttl,
                api_max: self.auth.refresh_max,
                refresh_grace: self.auth.refresh_grace,
            },
            access_ttl: self.auth.access_ttl,
            throttle: self.auth.throttle,
            cart_ttl: self.cart.ttl,
            cart_sleep_after: self.cart.sleep_after,
            order_expiry: self.order.expiry,
            breaker: Limits { failures: self.breaker.failures, open: self.breaker.open },
            bank_timeout: self.bank.timeout,
            bank_calls: self.bank.calls,
            events_max: self.events.max,
            events_keep: self.events.keep,
        }
    }

    /// Loads the settings with these variables as the environment.
    fn from_variables(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut variables: HashMap<_, _> = variables.into_iter().collect();
        let mut sources =
            config::Config::builder().add_source(File::from_str(DEFAULT, FileFormat::Toml));
        if let Some(profile) = variables.remove("MICROSHOP_PROFILE") {
            sources =
                sources.add_source(File::new(&format!("config/{profile}.toml"), FileFormat::Toml));
        }
        if let Some(url) = redis_url(&variables) {
            sources = sources.set_override("store.url", url)?;
        }
        let environment =
            Environment::with_prefix("MICROSHOP").prefix_separator("_").separator("__");
        sources.add_source(environment.source(Some(variables))).build()?.try_deserialize()
    }
}

/// Returns the store that variables such as `REDIS_HOST` name, or `None` if there is no such
/// variable or `MICROSHOP_STORE__URL` is set.
///
/// Container setups often provide Redis by these variables.
fn redis_url(variables: &HashMap<String, String>) -> Option<String> {
    let variable = |name: &str| variables.get(name).filter(|value| !value.is_empty());
    if variable("MICROSHOP_STORE__URL").is_some() {
        return None;
    }
    let host = variable("REDIS_HOST")?;
    let variable_or =
        |name, default: &str| variable(name).map_or(default, String::as_str).to_owned();
    let user = variable_or("REDIS_USERNAME", "");
    let password = variable_or("REDIS_PASSWORD", "");
    let port = variable_or("REDIS_PORT", "6379");
    let database = variable_or("REDIS_DB", "0");
    let login = if password.is_empty() { String::new() } else { format!("{user}:{password}@") };
    Some(format!("redis://{login}{host}:{port}/{database}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use secrecy::ExposeSecret;

    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_variables(
            variables.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
        )
    }

    #[test]
    fn the_environment_overrides_the_defaults() {
        let config =
            with(&[("MICROSHOP_SERVER__BIND", "127.0.0.1:0"), ("MICROSHOP_CART__TTL", "90m")])
                .unwrap();
        assert_eq!(config.server.bind.port(), 0);
        assert_eq!(config.cart.ttl, Duration::from_secs(5_400));
        assert_eq!(config.breaker.failures, 3);
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = with(&[("MICROSHOP_SERVER__BNID", "127.0.0.1:0")]).unwrap_err().to_string();
        assert!(error.contains("bnid"), "{error}");
    }

    #[test]
    fn a_password_of_digits_keeps_its_leading_zeros() {
        let config = with(&[("MICROSHOP_ADMIN__PASSWORD", "0012345678")]).unwrap();
        assert_eq!(config.admin.password.expose_secret(), "0012345678");
    }

    #[test]
    fn the_redis_variables_name_the_store_unless_its_url_is_set() {
        let config = with(&[("REDIS_HOST", "localhost"), ("REDIS_PASSWORD", "secret")]).unwrap();
        assert_eq!(config.store.url.expose_secret(), "redis://:secret@localhost:6379/0");
        let own = with(&[("REDIS_HOST", "localhost"), ("MICROSHOP_STORE__URL", "sled:x")]).unwrap();
        assert_eq!(own.store.url.expose_secret(), "sled:x");
    }
}
