//! The sections of the configuration; `config/default.toml` explains each key.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use actors::user::breached::BreachedPasswords;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de};
use url::Url;
use views::locale::is_language_tag;
use views::site;

use super::origin;
use crate::cors::AllowedOrigins;
use crate::hosts::is_loopback;
use crate::proxies::TrustedProxies;

/// `[server]`: the address, the proxies and the threads of the server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct ServerConfig {
    #[serde(deserialize_with = "address")]
    pub bind: SocketAddr,
    pub public_origin: String,
    #[serde(deserialize_with = "origins")]
    pub cors_origins: AllowedOrigins,
    pub trusted_proxies: TrustedProxies,
    pub secure_cookies: SecureCookies,
    pub workers: usize,
    pub reads_per_client: usize,
    pub hsts_include_subdomains: bool,
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub body_timeout: Duration,
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub drain: Duration,
}

impl ServerConfig {
    /// Whether the shop can be reached from this machine only.
    pub fn is_on_loopback(&self) -> bool {
        self.bind.ip().to_canonical().is_loopback()
    }

    /// Returns the setting by which clients on other machines reach the shop, directly or through a
    /// proxy, and what it is; `None` if no setting says so.
    pub fn exposure(&self) -> Option<&'static str> {
        if !self.is_on_loopback() {
            return Some("server.bind is not a loopback address");
        }
        if origin::host(&self.public_origin).is_some_and(|host| !is_loopback(&host)) {
            return Some("server.public_origin is set");
        }
        (!self.trusted_proxies.is_empty()).then_some("server.trusted_proxies is set")
    }

    /// Returns the time to finish requests at shutdown, in whole seconds.
    pub fn drain_seconds(&self) -> u64 {
        self.drain.as_secs() + u64::from(self.drain.subsec_nanos() > 0)
    }

    /// Whether cookies have the attribute `Secure`, so that browsers send them over TLS only.
    pub fn sets_secure_cookies(&self) -> bool {
        match self.secure_cookies {
            SecureCookies::True => true,
            SecureCookies::False => false,
            SecureCookies::Auto => {
                !self.is_on_loopback() || self.public_origin.starts_with("https://")
            }
        }
    }
}

/// Reads an address to listen on.
fn address<'de, D: Deserializer<'de>>(text: D) -> Result<SocketAddr, D::Error> {
    let right = "it must be an IP address with a port, such as 127.0.0.1:5000 or [::1]:5000";
    String::deserialize(text)?.parse().map_err(|_| de::Error::custom(right))
}

/// Reads origins, separated by commas or spaces.
fn origins<'de, D: Deserializer<'de>>(text: D) -> Result<AllowedOrigins, D::Error> {
    let origins = origin::all_normalized(&String::deserialize(text)?);
    origins.map(AllowedOrigins::new).map_err(de::Error::custom)
}

/// Whether browsers send cookies over TLS only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum SecureCookies {
    /// Yes, unless the shop listens on a loopback address and has no `https` origin.
    Auto,
    /// Yes.
    True,
    /// No.
    False,
}

impl TryFrom<String> for SecureCookies {
    type Error = &'static str;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        match word.as_str() {
            "auto" => Ok(Self::Auto),
            "true" => Ok(Self::True),
            "false" => Ok(Self::False),
            _ => Err("it must be auto, true or false"),
        }
    }
}

/// `[site]`: what all pages have in common.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct SiteConfig {
    #[serde(deserialize_with = "time_zone")]
    pub time_zone: TimeZone,
    #[serde(deserialize_with = "language")]
    pub language: String,
}

/// Reads the name of a time zone.
fn time_zone<'de, D: Deserializer<'de>>(text: D) -> Result<TimeZone, D::Error> {
    let right = "it must be a name of the IANA time zone database, such as Europe/Paris or UTC";
    site::time_zone(&String::deserialize(text)?).ok_or_else(|| de::Error::custom(right))
}

/// Reads a language tag.
fn language<'de, D: Deserializer<'de>>(text: D) -> Result<String, D::Error> {
    let right = "it must be a language tag, such as fr or pt-BR";
    let tag = String::deserialize(text)?;
    if is_language_tag(&tag) { Ok(tag) } else { Err(de::Error::custom(right)) }
}

/// The settings with which Redis syncs its file before each reply, and evicts nothing.
pub const DURABLE: [(&str, &str); 4] = [
    ("appendonly", "yes"),
    ("appendfsync", "always"),
    ("no-appendfsync-on-rewrite", "no"),
    ("maxmemory-policy", "noeviction"),
];

/// The schemes of the URL of a Redis: directly or through Sentinel, each without and with TLS.
pub const REDIS_SCHEMES: [&str; 4] = ["redis", "rediss", "redis-sentinel", "rediss-sentinel"];

/// `[store]`: the database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct StoreConfig {
    pub url: SecretString,
    pub cache_mib: u64,
    #[serde(deserialize_with = "vouched")]
    pub vouched: Vec<String>,
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub silence: Duration,
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub max_clock_offset: Duration,
    pub replicas: u32,
}

/// Reads names of settings of Redis, separated by commas or spaces.
fn vouched<'de, D: Deserializer<'de>>(text: D) -> Result<Vec<String>, D::Error> {
    let text = String::deserialize(text)?;
    let words = text.split([',', ' ']).filter(|word| !word.is_empty());
    let words: Vec<_> = words.map(str::to_owned).collect();
    if words.iter().all(|word| DURABLE.iter().any(|(name, _)| name == word)) {
        Ok(words)
    } else {
        Err(de::Error::custom(
            "it must list some of appendonly, appendfsync, no-appendfsync-on-rewrite and \
             maxmemory-policy",
        ))
    }
}

/// `[events]`: how many events the log keeps.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct EventsConfig {
    pub max: u64,
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub keep: Duration,
}

/// `[auth]`: keys, tokens, sessions, passwords and registration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct AuthConfig {
    pub secret: SecretString,
    pub key_file: PathBuf,
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub key_rotation: Duration,
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub access_ttl: Duration,
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub refresh_ttl: Duration,
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub refresh_max: Duration,
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub refresh_grace: Duration,
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub session_idle: Duration,
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub session_max: Duration,
    pub scrypt_log_n: u8,
    pub breached_passwords: PathBuf,
    pub registration: bool,
    pub registrations_per_hour: u32,
    pub throttle: bool,
}

impl AuthConfig {
    /// Opens the list of leaked passwords; empty if none is set.
    pub fn open_breached_passwords(&self) -> io::Result<BreachedPasswords> {
        match self.breached_passwords.as_os_str().is_empty() {
            true => Ok(BreachedPasswords::default()),
            false => BreachedPasswords::open(&self.breached_passwords),
        }
    }
}

/// `[admin]`: the first administrator, and what administrators may do.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct AdminConfig {
    pub password: SecretString,
    pub chaos: bool,
}

/// `[bank]`: the bank that charges payments, and the bank that `microshop bank` serves.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct BankConfig {
    pub url: String,
    pub allow_plain_http: bool,
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub timeout: Duration,
    pub calls: usize,
    #[serde(deserialize_with = "address")]
    pub bind: SocketAddr,
    pub store: SecretString,
}

impl BankConfig {
    /// Whether the bank is the simulated one inside the shop.
    pub fn is_simulated(&self) -> bool {
        self.url == "simulated"
    }

    /// How long a call may take from its permit to its result: calls of an earlier state of the
    /// breaker may still run, so it may wait for one of them, and its order is stored first.
    pub fn longest_probe(&self) -> Duration {
        self.timeout * 2 + Duration::from_secs(1)
    }

    /// Whether payments may go to a bank at this URL. Over plain HTTP, the machines on the way can
    /// read a password in the URL, and approve payments themselves.
    pub fn may_pay_at(&self, url: &Url) -> bool {
        self.allow_plain_http || url.scheme() == "https" || url.host_str().is_some_and(is_loopback)
    }
}

/// `[breaker]`: when the circuit breaker opens, and for how long.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct BreakerConfig {
    pub failures: u32,
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub open: Duration,
}

/// `[cart]`: how long carts are kept, and how many in memory.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct CartConfig {
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub ttl: Duration,
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub guest_ttl: Duration,
    pub in_memory: usize,
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub sleep_after: Duration,
}

/// `[guests]`: how many visitors become guests, and how often they change their carts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct GuestsConfig {
    pub per_minute: usize,
    pub commands_per_minute: usize,
}

/// `[order]`: how long orders wait for their payment, and how many a user may have.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct OrderConfig {
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub expiry: Duration,
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub declined_hold: Duration,
    pub unpaid_per_user: usize,
    pub attempts: u32,
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub patience: Duration,
}

/// `[live]`: the timeouts and limits of WebSockets.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct LiveConfig {
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub ping: Duration,
    #[serde(deserialize_with = "super::duration::deserialize")]
    pub silence: Duration,
    #[serde(deserialize_with = "super::duration::deserialize")]
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
#[serde(try_from = "String")]
pub enum LogFormat {
    /// Text for people.
    Text,
    /// One JSON object per line.
    Json,
}

impl TryFrom<String> for LogFormat {
    type Error = &'static str;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        match word.as_str() {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("it must be text or json"),
        }
    }
}
