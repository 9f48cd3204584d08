//! What every setting must be, beyond its type: its range, its form, and its relation to others.

use std::fmt;
use std::time::Duration;

use domain::text::mapped_password;
use domain::user::{UserError, Username};
use secrecy::ExposeSecret;
use url::Url;

use super::ranges::ranges;
use super::secret::{DIFFERENT_BYTES, is_guessable};
use super::sections::{AuthConfig, BankConfig, LiveConfig, REDIS_SCHEMES, ServerConfig};
use super::{Config, duration, log_filter, origin};
use crate::hosts::is_loopback;

/// The documented default of `admin.password`.
pub(crate) const DEFAULT_PASSWORD: &str = "admin";

/// The name of the first administrator.
pub(crate) const FIRST_ADMIN: &str = "admin";

/// By how much `live.silence` must exceed `live.ping`: a ping may be sent a second late, and the
/// client needs time to answer.
const ANSWER_TIME: Duration = Duration::from_secs(2);

/// The shortest secret in bytes (RFC 7518, section 3.2).
const SHORTEST_SECRET: usize = 32;

/// The command that makes a secret.
const MAKE_SECRET: &str = "openssl rand -base64 48";

/// The profile whose shop has an origin of its own.
const PRODUCTION: &str = "production";

/// A setting that is not valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The key, such as `cart.ttl`.
    pub(super) key: String,
    /// What would be right.
    pub(super) right: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.right)
    }
}

/// Writes what has several forms in the one that the shop compares with.
///
/// Returns every setting that is not valid; none if the shop can work with these settings.
pub(super) fn judge(config: &mut Config) -> Vec<Fault> {
    let origin = origin::normalized(&config.server.public_origin);
    let filter = log_filter::normalized(&config.log.filter);
    let mut faults = out_of_range(config);
    match origin {
        Ok(origin) => config.server.public_origin = origin,
        Err(right) => faults.push(Fault { key: "server.public_origin".to_owned(), right }),
    }
    match filter {
        Ok(filter) => config.log.filter = filter,
        Err(right) => faults.push(Fault { key: "log.filter".to_owned(), right }),
    }
    let checks = [
        ("server.secure_cookies", cookies(&config.server)),
        ("store.url", store(config.store.url.expose_secret())),
        ("auth.secret", secrets(&config.auth)),
        ("auth.key_file", key_file(&config.auth)),
        ("auth.refresh_ttl", refresh(&config.auth)),
        ("auth.session_idle", session(&config.auth)),
        ("auth.breached_passwords", breached_passwords(&config.auth)),
        ("admin.password", password(config)),
        ("bank.url", bank(&config.bank)),
        ("bank.store", store(config.bank.store.expose_secret())),
        ("live.silence", silence(&config.live)),
        ("metrics.token", token(config.metrics.token.expose_secret())),
    ];
    let wrong = checks
        .into_iter()
        .filter_map(|(key, right)| Some(Fault { key: key.to_owned(), right: right? }));
    faults.extend(wrong);
    faults
}

fn out_of_range(config: &Config) -> Vec<Fault> {
    let wrong = ranges(config).into_iter().filter(|ranged| !ranged.is_kept());
    wrong
        .map(|ranged| Fault {
            key: ranged.key.to_owned(),
            right: format!("it must be in the range {}", ranged.range()),
        })
        .collect()
}

/// Browsers keep a cookie with the attribute `Secure` only if they use TLS or a loopback address.
fn cookies(server: &ServerConfig) -> Option<String> {
    let origin = &server.public_origin;
    let is_lost = server.sets_secure_cookies()
        && origin.starts_with("http://")
        && !origin::host(origin).is_some_and(|host| is_loopback(&host));
    is_lost
        .then(|| format!("it must be false, or {origin} must be https, or no browser can sign in"))
}

/// The store judges the rest of the URL when it connects.
fn store(url: &str) -> Option<String> {
    let is_right = match url.split_once(':') {
        Some(("sled", path)) => !path.trim().is_empty(),
        Some((scheme, _)) if REDIS_SCHEMES.contains(&scheme) => {
            Url::parse(url).is_ok_and(|url| url.has_host() && is_database(url.path()))
        }
        _ => false,
    };
    let right = "it must be sled:DIRECTORY or redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], \
                 rediss:// with TLS, or redis-sentinel://HOST:PORT?sentinelServiceName=NAME";
    (!is_right).then(|| right.to_owned())
}

/// Whether the path of a URL is empty or the number of a database.
fn is_database(path: &str) -> bool {
    let number = path.trim_start_matches('/');
    number.is_empty() || number.parse::<u8>().is_ok()
}

fn secrets(auth: &AuthConfig) -> Option<String> {
    let secrets = auth.secret.expose_secret().split([' ', ',']).filter(|text| !text.is_empty());
    let mut secrets = secrets.peekable();
    if secrets.peek().is_none() {
        let is_set = !auth.secret.expose_secret().is_empty();
        return is_set.then(|| "it must have a secret, or be empty".to_owned());
    }
    let is_weak = |secret: &str| secret.len() < SHORTEST_SECRET || is_guessable(secret);
    secrets.any(is_weak).then(|| {
        format!(
            "each secret must have at least {SHORTEST_SECRET} bytes, of which at least \
             {DIFFERENT_BYTES} differ, without a pattern; to make one, run: {MAKE_SECRET}"
        )
    })
}

fn key_file(auth: &AuthConfig) -> Option<String> {
    let has_name = auth.key_file.file_name().is_some();
    let is_folder = auth.key_file.as_os_str().as_encoded_bytes().ends_with(b"/");
    (!has_name || is_folder).then(|| "it must be the path of a file".to_owned())
}

fn refresh(auth: &AuthConfig) -> Option<String> {
    let most = duration::text(auth.refresh_max);
    (auth.refresh_ttl > auth.refresh_max)
        .then(|| format!("it must not be longer than auth.refresh_max, which is `{most}`"))
}

fn session(auth: &AuthConfig) -> Option<String> {
    let most = duration::text(auth.session_max);
    (auth.session_idle > auth.session_max)
        .then(|| format!("it must not be longer than auth.session_max, which is `{most}`"))
}

fn breached_passwords(auth: &AuthConfig) -> Option<String> {
    auth.open_breached_passwords().err().map(|error| format!("the list can't be read: {error}"))
}

/// The rule for passwords of users, except for the default, with which the shop stays on loopback.
fn password(config: &Config) -> Option<String> {
    let password = config.admin.password.expose_secret();
    if password.is_empty() || password == DEFAULT_PASSWORD {
        return None;
    }
    let name = Username::new(FIRST_ADMIN).ok()?;
    let password = mapped_password(password);
    let checked = config.rules().passwords.check(&password, &name, None);
    let breached = || Some(config.auth.open_breached_passwords().ok()?.contains(&password));
    match checked {
        Err(error) => Some(error.to_string()),
        Ok(()) => {
            matches!(breached(), Some(Ok(true))).then(|| UserError::PasswordBreached.to_string())
        }
    }
}

/// The origin decides which requests are from the shop's own pages, and that browsers use TLS only.
pub(super) fn public_origin(server: &ServerConfig, profile: Option<&str>) -> Option<Fault> {
    let is_missing = profile == Some(PRODUCTION) && server.public_origin.is_empty();
    is_missing.then(|| Fault {
        key: "server.public_origin".to_owned(),
        right: "the profile production needs the origin that browsers use, such as \
                https://shop.example"
            .to_owned(),
    })
}

fn bank(bank: &BankConfig) -> Option<String> {
    if bank.is_simulated() {
        return None;
    }
    let is_right = |url: &Url| {
        ["http", "https"].contains(&url.scheme())
            && url.query().is_none()
            && url.fragment().is_none()
            && url.port() != Some(0)
    };
    let Some(url) = Url::parse(&bank.url).ok().filter(is_right) else {
        return Some("it is neither simulated nor http[s]://HOST[:PORT][/PATH]".to_owned());
    };
    (!bank.may_pay_at(&url)).then(|| {
        "it must be https unless its host is a loopback address or bank.allow_plain_http is true"
            .to_owned()
    })
}

fn silence(live: &LiveConfig) -> Option<String> {
    let least = live.ping.saturating_add(ANSWER_TIME);
    (live.silence < least).then(|| {
        let ping = duration::text(live.ping);
        let least = duration::text(least);
        format!("it must be at least {least}: 2s longer than live.ping, which is `{ping}`")
    })
}

/// A scraper sends the token in a header (RFC 9110, section 5.5).
fn token(token: &str) -> Option<String> {
    let is_sent = token.trim() == token
        && token.chars().all(|character| character.is_ascii_graphic() || character == ' ');
    if !is_sent {
        return Some("it must have only ASCII characters and no spaces at the ends".to_owned());
    }
    (!token.is_empty() && is_guessable(token)).then(|| {
        format!(
            "it must have at least {DIFFERENT_BYTES} different characters without a pattern; to \
             make one, run: {MAKE_SECRET}"
        )
    })
}
