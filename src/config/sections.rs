//! The sections of the configuration; `config/default.toml` explains each key.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use crate::proxies::TrustedProxies;

/// `[server]`: the address, the proxies and the threads of the server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct ServerConfig {
    pub bind: SocketAddr,
    pub public_origin: String,
    pub trusted_proxies: TrustedProxies,
    pub secure_cookies: SecureCookies,
    pub workers: usize,
    pub reads_per_client: usize,
    #[serde(with = "humantime_serde")]
    pub drain: Duration,
}

impl ServerConfig {
    /// Whether cookies have the attribute `Secure`, so that browsers send them over TLS only.
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

/// Whether browsers send cookies over TLS only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecureCookies {
    /// Yes, unless the shop listens on a loopback address and has no `https` origin.
    Auto,
    /// Yes.
    True,
    /// No.
    False,
}

/// `[store]`: the database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct StoreConfig {
    pub url: SecretString,
}

/// `[events]`: how many events the log keeps.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct EventsConfig {
    pub max: u64,
    #[serde(with = "humantime_serde")]
    pub keep: Duration,
}

/// `[auth]`: keys, tokens, sessions, passwords and registration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct AuthConfig {
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

/// `[admin]`: the first administrator.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct AdminConfig {
    pub password: SecretString,
}

/// `[bank]`: the bank that charges payments, and the bank that `microshop bank` serves.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct BankConfig {
    pub url: String,
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    pub calls: usize,
    pub bind: SocketAddr,
    pub store: SecretString,
}

impl BankConfig {
    /// Whether the bank is the simulated one inside the shop.
    pub fn is_simulated(&self) -> bool {
        self.url == "simulated"
    }
}

/// `[breaker]`: when the circuit breaker opens, and for how long.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct BreakerConfig {
    pub failures: u32,
    #[serde(with = "humantime_serde")]
    pub open: Duration,
}

/// `[cart]`: how long carts are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct CartConfig {
    #[serde(with = "humantime_serde")]
    pub ttl: Duration,
    #[serde(with = "humantime_serde")]
    pub sleep_after: Duration,
}

/// `[order]`: how long orders wait for their payment.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct OrderConfig {
    #[serde(with = "humantime_serde")]
    pub expiry: Duration,
    #[serde(with = "humantime_serde")]
    pub patience: Duration,
}

/// `[live]`: the timeouts and limits of WebSockets.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct LiveConfig {
    #[serde(with = "humantime_serde")]
    pub ping: Duration,
    #[serde(with = "humantime_serde")]
    pub silence: Duration,
    #[serde(with = "humantime_serde")]
    pub standstill: Duration,
    pub sockets: usize,
    pub sockets_per_session: usize,
    pub sockets_per_address: usize,
    pub frames: u32,
}

/// `[metrics]`: who may read the metrics.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct MetricsConfig {
    pub token: SecretString,
}

/// `[log]`: what is logged, and in which format.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct LogConfig {
    pub filter: String,
    pub format: LogFormat,
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Text for people.
    Text,
    /// One JSON object per line.
    Json,
}
