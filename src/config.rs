//! Configuration: `config/default.toml`, a profile, `.env` and the environment, in this order.

use std::collections::HashMap;
use std::env;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use actors::rules::Rules;
use config::{ConfigError, Environment, File, FileFormat};
use domain::breaker::Limits;
use domain::session::Lifetimes;
use secrecy::SecretString;
use serde::Deserialize;

use crate::proxies::TrustedProxies;

/// The reference of every key, and its default.
const DEFAULT: &str = include_str!("../config/default.toml");

/// Every setting; see `config/default.toml` for what each means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each key means")]
pub struct Config {
    pub server: Server,
    pub store: Store,
    pub events: Events,
    pub auth: Auth,
    pub admin: Admin,
    pub bank: Bank,
    pub breaker: Breaker,
    pub cart: Cart,
    pub order: Order,
    pub live: Live,
    pub metrics: Metrics,
    pub log: Log,
}

/// How the shop is reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each key means")]
pub struct Server {
    pub bind: SocketAddr,
    pub public_origin: String,
    pub trusted_proxies: TrustedProxies,
    pub secure_cookies: SecureCookies,
    pub workers: usize,
    #[serde(with = "humantime_serde")]
    pub drain: Duration,
}

impl Server {
    /// Whether cookies carry `Secure`: browsers then send them over TLS only.
    pub fn sets_secure_cookies(&self) -> bool {
        match self.secure_cookies {
            SecureCookies::True => true,
            SecureCookies::False => false,
            SecureCookies::Auto => {
                !self.bind.ip().is_loopback() || self.public_origin.starts_with("https://")
            }
        }
    }
}

/// Whether cookies are sent over TLS only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecureCookies {
    /// If anybody but this machine can reach the shop.
    Auto,
    /// Always.
    True,
    /// Never.
    False,
}

/// Where everything is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each key means")]
pub struct Store {
    pub url: SecretString,
}

/// How much of the log is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each key means")]
pub struct Events {
    pub max: u64,
    #[serde(with = "humantime_serde")]
    pub keep: Duration,
}

/// How users prove who they are, and for how long.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each key means")]
pub struct Auth {
    pub secret: SecretString,
    pub key_file: PathBuf,
    #[serde(with = "humantime_serde")]
    pub key_rotation: Duration,
    #[serde(with = "humantime_serde")]
    pub access_ttl: Duration,
    #[serde(with = "humantime_serde")]
    pub refresh_ttl: Duration,
    #[serde(with = "humantime_serde")]
    pub refresh_max: Duration,
    #[serde(with = "humantime_serde")]
    pub refresh_grace: Duration,
    #[serde(with = "humantime_serde")]
    pub session_idle: Duration,
    #[serde(with = "humantime_serde")]
    pub session_max: Duration,
    pub scrypt_log_n: u8,
    pub registration: bool,
    pub throttle: bool,
}

/// The first administrator.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each key means")]
pub struct Admin {
    pub password: SecretString,
}

/// Who charges.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each key means")]
pub struct Bank {
    pub url: String,
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    pub calls: usize,
    pub bind: SocketAddr,
    pub store: SecretString,
}

impl Bank {
    /// Whether the bank is the one inside the shop.
    pub fn is_simulated(&self) -> bool {
        self.url == "simulated"
    }
}

/// When no call to the bank is made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each key means")]
pub struct Breaker {
    pub failures: u32,
    #[serde(with = "humantime_serde")]
    pub open: Duration,
}

/// How long carts live.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each key means")]
pub struct Cart {
    #[serde(with = "humantime_serde")]
    pub ttl: Duration,
    #[serde(with = "humantime_serde")]
    pub sleep_after: Duration,
}

/// How long orders wait.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each key means")]
pub struct Order {
    #[serde(with = "humantime_serde")]
    pub expiry: Duration,
    #[serde(with = "humantime_serde")]
    pub patience: Duration,
}

/// How WebSockets are kept alive.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each key means")]
pub struct Live {
    #[serde(with = "humantime_serde")]
    pub ping: Duration,
    #[serde(with = "humantime_serde")]
    pub silence: Duration,
    #[serde(with = "humantime_serde")]
    pub standstill: Duration,
    pub sockets: usize,
    pub sockets_per_session: usize,
    pub frames: u32,
}

/// Who may read the metrics.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each key means")]
pub struct Metrics {
    pub token: SecretString,
}

/// What is logged and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each key means")]
pub struct Log {
    pub filter: String,
    pub format: LogFormat,
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// The settings of this process; reads `.env`, the profile's file and the environment.
    pub fn load() -> Result<Self, ConfigError> {
        // A missing .env is no error.
        let _ = dotenvy::dotenv();
        Self::from_variables(
            env::vars_os().filter_map(|(key, value)| {
                Some((key.into_string().ok()?, value.into_string().ok()?))
            }),
        )
    }

    /// Every key at its default.
    pub fn defaults() -> Result<Self, ConfigError> {
        Self::from_variables([])
    }

    /// The durations and limits that the actors need.
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
        }
    }

    /// The settings under some environment.
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

/// The store that the variables of the exercise this shop grew from name, unless the shop's own names one.
fn redis_url(variables: &HashMap<String, String>) -> Option<String> {
    let variable = |name: &str| variables.get(name).filter(|value| !value.is_empty());
    if variable("MICROSHOP_STORE__URL").is_some() {
        return None;
    }
    let host = variable("REDIS_HOST")?;
    let or = |name, default: &str| variable(name).map_or(default, String::as_str).to_owned();
    let (user, password) = (or("REDIS_USERNAME", ""), or("REDIS_PASSWORD", ""));
    let login = if password.is_empty() { String::new() } else { format!("{user}:{password}@") };
    Some(format!("redis://{login}{host}:{}/{}", or("REDIS_PORT", "6379"), or("REDIS_DB", "0")))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_variables(
            variables.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
        )
    }

    #[test]
    fn the_environment_wins_over_the_defaults() {
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
    fn a_password_of_digits_stays_as_it_was_written() {
        let config = with(&[("MICROSHOP_ADMIN__PASSWORD", "0012345678")]).unwrap();
        assert_eq!(config.admin.password.expose_secret(), "0012345678");
    }

    #[test]
    fn the_variables_of_the_exercise_name_a_redis() {
        let config = with(&[("REDIS_HOST", "localhost"), ("REDIS_PASSWORD", "secret")]).unwrap();
        assert_eq!(config.store.url.expose_secret(), "redis://:secret@localhost:6379/0");
        let own = with(&[("REDIS_HOST", "localhost"), ("MICROSHOP_STORE__URL", "sled:x")]).unwrap();
        assert_eq!(own.store.url.expose_secret(), "sled:x");
    }
}
