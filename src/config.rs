//! The configuration: `config/default.toml`, the file of a profile, `.env` and the environment.
//!
//! A value of a later source replaces that of an earlier one. An unknown key is an error, and so is
//! a value with which the shop cannot work.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::env;
use std::ffi::OsString;
use std::path::Path;

use actors::rules::Rules;
use config::{Environment, File, FileFormat};
use domain::breaker::Limits;
use domain::cart::lifetimes::CartLifetimes;
use domain::order::limits::OrderLimits;
use domain::session::Lifetimes;
use serde::Deserialize;

use error::SettingsError;
use judge::Fault;
use sections::{
    AdminConfig, AuthConfig, BankConfig, BreakerConfig, CartConfig, EventsConfig, GuestsConfig,
    LiveConfig, LogConfig, MetricsConfig, OrderConfig, ServerConfig, SiteConfig, StoreConfig,
};

mod duration;
pub mod env_file;
pub mod error;
pub(crate) mod judge;
mod log_filter;
pub(crate) mod origin;
mod passwords;
mod ranges;
mod redis_variables;
mod secret;
pub mod sections;
mod values;

/// The file that explains every key and has its default.
const DEFAULT: &str = include_str!("../config/default.toml");

/// All settings; `config/default.toml` explains each key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml explains each key")]
pub struct Config {
    pub server: ServerConfig,
    pub site: SiteConfig,
    pub store: StoreConfig,
    pub events: EventsConfig,
    pub auth: AuthConfig,
    pub admin: AdminConfig,
    pub bank: BankConfig,
    pub breaker: BreakerConfig,
    pub cart: CartConfig,
    pub guests: GuestsConfig,
    pub order: OrderConfig,
    pub live: LiveConfig,
    pub metrics: MetricsConfig,
    pub log: LogConfig,
}

impl Config {
    /// Loads the settings of this process from all sources.
    pub fn load() -> Result<Self, SettingsError> {
        // A variable that is not UTF-8 must not be replaced by one of the file.
        readable(env::vars_os())?;
        env_file::load()?;
        Self::from_variables(readable(env::vars_os())?)
    }

    /// Returns the defaults of all settings.
    pub fn defaults() -> Result<Self, SettingsError> {
        Self::from_variables(HashMap::new())
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
            registrations_per_hour: self.auth.registrations_per_hour,
            passwords: passwords::rule(&self.server),
            carts: CartLifetimes { user: self.cart.ttl, guest: self.cart.guest_ttl },
            carts_in_memory: self.cart.in_memory,
            cart_sleep_after: self.cart.sleep_after,
            orders: OrderLimits {
                expiry: self.order.expiry,
                declined_hold: self.order.declined_hold,
                unpaid: self.order.unpaid_per_user,
                attempts: self.order.attempts,
            },
            breaker: Limits {
                failures: self.breaker.failures,
                open: self.breaker.open,
                probe: self.bank.longest_probe(),
            },
            bank_timeout: self.bank.timeout,
            bank_calls: self.bank.calls,
            events_max: self.events.max,
            events_keep: self.events.keep,
            store_silence: self.store.silence,
        }
    }

    /// Loads the settings with these variables as the environment.
    fn from_variables(mut variables: HashMap<String, String>) -> Result<Self, SettingsError> {
        refuse_twins(&variables)?;
        let profile = variables.remove("MICROSHOP_PROFILE").filter(|name| !name.is_empty());
        let mut faults = misnamed(&mut variables);
        let default = File::from_str(DEFAULT, FileFormat::Toml);
        let mut sources = config::Config::builder().add_source(default.clone());
        let defaults = values::flat(&config::Config::builder().add_source(default).build()?)?;
        if let Some(profile) = &profile {
            let path = format!("config/{profile}.toml");
            if !Path::new(&path).is_file() {
                let right = "it must be the name of a file config/NAME.toml in this directory";
                return Err(SettingsError::Variable { name: "MICROSHOP_PROFILE".into(), right });
            }
            sources = sources.add_source(File::new(&path, FileFormat::Toml));
        }
        if let Some(url) = redis_variables::url(&variables)? {
            sources = sources.set_override("store.url", url)?;
        }
        let environment =
            Environment::with_prefix("MICROSHOP").prefix_separator("_").separator("__");
        let sources = sources.add_source(environment.source(Some(variables))).build();
        let given = values::flat(&sources.map_err(SettingsError::of_source)?)?;
        let (mut config, wrong) = values::read(&defaults, &given)?;
        faults.extend(wrong);
        faults.extend(judge::judge(&mut config));
        faults.extend(judge::public_origin(&config.server, profile.as_deref()));
        if faults.is_empty() {
            Ok(config)
        } else {
            Err(SettingsError::invalid(faults, &given, &defaults))
        }
    }
}

/// Removes the variables that name no setting of a section, and returns them as faults.
fn misnamed(variables: &mut HashMap<String, String>) -> Vec<Fault> {
    let is_named = |name: &String| !starts_with(name, "MICROSHOP_") || name.contains("__");
    let names: BTreeSet<_> = variables.keys().filter(|name| !is_named(name)).cloned().collect();
    let right = "a variable is named MICROSHOP_SECTION__KEY, such as MICROSHOP_SERVER__BIND";
    variables.retain(|name, _| is_named(name));
    names.into_iter().map(|key| Fault { key, right: right.to_owned() }).collect()
}

/// Returns an error if two variables set the same setting: upper and lower case do not count in its
/// name, so either value could apply.
fn refuse_twins(variables: &HashMap<String, String>) -> Result<(), SettingsError> {
    let mut names = HashSet::new();
    let settings = variables.keys().filter(|name| starts_with(name, "MICROSHOP_"));
    match settings.into_iter().find(|name| !names.insert(name.to_ascii_uppercase())) {
        None => Ok(()),
        Some(name) => Err(SettingsError::Variable {
            name: name.to_ascii_uppercase(),
            right: "it is also set in other upper and lower case; remove one of them",
        }),
    }
}

fn starts_with(name: &str, prefix: &str) -> bool {
    name.to_ascii_uppercase().starts_with(prefix)
}

/// Returns the variables that are UTF-8. Returns an error if one of the shop's is not, because its
/// default would apply instead.
fn readable(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<HashMap<String, String>, SettingsError> {
    let mut readable = HashMap::new();
    for (name, value) in variables {
        let shown = name.to_string_lossy().into_owned();
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => drop(readable.insert(name, value)),
            _ if starts_with(&shown, "MICROSHOP_") || starts_with(&shown, "REDIS_") => {
                return Err(SettingsError::Variable { name: shown, right: "it must be UTF-8" });
            }
            _ => {}
        }
    }
    Ok(readable)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use secrecy::ExposeSecret;

    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Config, SettingsError> {
        let variables = variables.iter().map(|(key, value)| ((*key).into(), (*value).into()));
        Config::from_variables(variables.collect())
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
    fn a_setting_that_two_variables_set_is_refused() {
        let twins = [("MICROSHOP_CART__TTL", "1h"), ("microshop_cart__ttl", "2h")];
        let error = with(&twins).unwrap_err().to_string();
        assert!(error.starts_with("MICROSHOP_CART__TTL: it is also set"), "{error}");
        for one in twins {
            assert!(with(&[one, ("REDIS_DB", "1"), ("redis_db", "2")]).is_ok());
        }
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = with(&[("MICROSHOP_SERVER__BNID", "127.0.0.1:0")]).unwrap_err().to_string();
        assert!(error.contains("bnid"), "{error}");
    }

    #[test]
    fn a_bank_on_another_machine_needs_https_or_a_setting() {
        let bank = |url: &str, allow: &str| {
            with(&[("MICROSHOP_BANK__URL", url), ("MICROSHOP_BANK__ALLOW_PLAIN_HTTP", allow)])
        };
        for url in ["https://bank.example", "https://shop:word@bank.example", "simulated"] {
            assert!(bank(url, "false").is_ok(), "{url}");
        }
        for url in ["http://127.0.0.1:5001", "http://localhost", "http://[::1]:5001/bank"] {
            assert!(bank(url, "false").is_ok(), "{url}");
        }
        for url in ["http://bank.example", "http://192.0.2.1", "http://127.0.0.1.bank.example"] {
            assert!(bank(url, "false").is_err(), "{url}");
            assert!(bank(url, "true").is_ok(), "{url}");
        }
        assert!(bank("http://127.0.0.1@bank.example", "false").is_err());
        assert!(bank("http://0.0.0.0:5001", "false").is_err());
    }

    #[test]
    fn a_password_of_digits_keeps_its_leading_zeros() {
        let config = with(&[("MICROSHOP_ADMIN__PASSWORD", "0081726534091")]).unwrap();
        assert_eq!(config.admin.password.expose_secret(), "0081726534091");
    }

    #[test]
    fn the_redis_variables_name_the_store_unless_its_url_is_set() {
        let config = with(&[("REDIS_HOST", "localhost"), ("REDIS_PASSWORD", "secret")]).unwrap();
        assert_eq!(config.store.url.expose_secret(), "redis://:secret@localhost:6379/0");
        let own = with(&[("REDIS_HOST", "localhost"), ("MICROSHOP_STORE__URL", "sled:x")]).unwrap();
        assert_eq!(own.store.url.expose_secret(), "sled:x");
    }

    #[test]
    fn a_variable_of_the_shop_that_is_not_utf_8_is_refused_by_name() {
        use std::os::unix::ffi::OsStringExt;
        let variable = |name: &str| (name.into(), OsString::from_vec(vec![0xff]));
        assert!(readable([variable("PATH")]).unwrap().is_empty());
        for name in ["MICROSHOP_ADMIN__PASSWORD", "microshop_store__url", "REDIS_HOST"] {
            let error = readable([variable(name)]).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("UTF-8"), "{error}");
        }
        let name = OsString::from_vec(b"MICROSHOP_ADMIN__PASSWOR\xff".to_vec());
        let error = readable([(name, "a".into())]).unwrap_err().to_string();
        assert!(error.contains("MICROSHOP_ADMIN__PASSWOR") && error.contains("UTF-8"), "{error}");
    }

    #[test]
    fn all_faults_are_reported_at_once_with_key_value_and_range() {
        let settings = [("MICROSHOP_CART__TTL", "8000y"), ("MICROSHOP_BANK__CALLS", "0")];
        let error = with(&settings).unwrap_err().to_string();
        for part in ["cart.ttl: ", "`8000y`", "1s to 3650d", "bank.calls: ", "`0`", "1 to 10000"] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    #[test]
    fn a_value_of_a_wrong_type_is_refused_with_key_value_and_form() {
        for (key, value, name, right) in [
            ("CART__TTL", "soon", "cart.ttl", "250ms"),
            ("CART__TTL", "5", "cart.ttl", "a unit"),
            ("SERVER__BIND", "localhost:5000", "server.bind", "127.0.0.1:5000"),
            ("BANK__CALLS", "-1", "bank.calls", "1 to 10000"),
            ("AUTH__SCRYPT_LOG_N", "300", "auth.scrypt_log_n", "10 to 18"),
            ("AUTH__THROTTLE", "maybe", "auth.throttle", "true or false"),
            ("SERVER__SECURE_COOKIES", "always", "server.secure_cookies", "auto, true or false"),
            ("LOG__FORMAT", "xml", "log.format", "text or json"),
            ("SERVER__TRUSTED_PROXIES", "proxy.example", "server.trusted_proxies", "network"),
            ("SITE__TIME_ZONE", "Europe/Lutetia", "site.time_zone", "Europe/Paris"),
            ("SITE__LANGUAGE", "fr_FR", "site.language", "pt-BR"),
        ] {
            let error = with(&[(&format!("MICROSHOP_{key}"), value)]).unwrap_err().to_string();
            for part in [name, value, right] {
                assert!(error.contains(part), "{key}={value}: {part} is not in: {error}");
            }
        }
    }

    #[test]
    fn no_error_quotes_a_secret() {
        for (key, secret) in [
            ("ADMIN__PASSWORD", "hunter2"),
            ("AUTH__SECRET", "hunter2"),
            ("AUTH__SECRET", &"hunter2".repeat(5)),
            ("STORE__URL", "mysql://ana:hunter2@localhost"),
            ("BANK__STORE", "mysql://ana:hunter2@localhost"),
            ("BANK__URL", "ftp://ana:hunter2@localhost"),
            ("METRICS__TOKEN", "hunter2\t"),
            ("SERVER__PUBLIC_ORIGIN", "https://ana:hunter2@shop.example"),
        ] {
            let error = with(&[(&format!("MICROSHOP_{key}"), secret)]).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{key}: {error}");
        }
    }
}
