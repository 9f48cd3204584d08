//! Opens a Redis store: connects, checks Redis and the format, starts watcher and guard.

use std::time::Duration;

use actors::clock::Clock;
use actors::sweep_clock::SweepClock;
use fred::clients::Client;
use fred::error::{Error, ErrorKind};
use fred::interfaces::{ClientLike, KeysInterface};
use fred::types::config::{
    Config, Options as CommandOptions, ReconnectPolicy, ServerConfig, UnresponsiveConfig,
};
use fred::types::{Builder, SetOptions};
use tokio::sync::watch;
use url::Url;

use super::commit::Commits;
use super::guard::Guard;
use super::inspection::unreachable;
use super::log::LogEnd;
use super::{COMMAND_TIMEOUT, Connection, FORMAT_KEY, RedisStore, calendar, log, watcher};
use crate::store::{COPYING, FORMAT, OpenError, Options, check_format};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How often to try to reconnect, in milliseconds. A node must learn soon of sessions that other
/// nodes end.
const RECONNECT_EVERY: u32 = 50;

/// How long a connection may be unresponsive before it is closed: longer than any command.
const UNRESPONSIVE_TIMEOUT: Duration = Duration::from_secs(3);

/// The largest number of commands that wait for a connection.
const COMMAND_QUEUE: usize = 8192;

/// Connects to the Redis that a URL names.
pub(in crate::store) async fn open(
    url: &str,
    options: &Options,
    clock: Clock,
) -> Result<RedisStore, OpenError> {
    let connection = connect(url).await?;
    let clock = calendar::follow(&connection, clock, options.max_clock_offset).await?;
    let vouched = options.vouched.clone();
    let (guard, looking) = Guard::open(connection.clone(), vouched, clock.clone()).await?;
    require_format(&connection).await?;

    let last = log::last_event(&connection).await.map_err(unreachable)?;
    let (publisher, log_end) = watch::channel(LogEnd { last, ..LogEnd::default() });
    let watcher_connection = connect(url).await?;
    let watching = watcher::watch(watcher_connection.clone(), guard.clone(), publisher);
    Ok(RedisStore {
        commits: Commits::new(connection.clone(), guard.clone(), log_end.clone(), options.replicas),
        connection,
        guard,
        sweep_clock: SweepClock::new(&clock),
        clock,
        options: options.clone(),
        log_end,
        tasks: [tokio::spawn(watching), tokio::spawn(looking)],
        watcher_connection,
    })
}

/// Opens one connection. Fails after [`CONNECT_TIMEOUT`].
pub(super) async fn connect(url: &str) -> Result<Connection, OpenError> {
    let wrong_url = |error: Error| OpenError::WrongUrl(error.details().to_owned());
    let client = config(url).and_then(client).map_err(wrong_url)?;
    tokio::time::timeout(CONNECT_TIMEOUT, client.init())
        .await
        .map_err(|_| no_reply(url))?
        .map_err(|error| match error.kind() {
            ErrorKind::IO | ErrorKind::Timeout => no_reply(url),
            _ => unreachable(error),
        })?;
    let fail_fast = CommandOptions { fail_fast: true, ..CommandOptions::default() };
    Ok(client.with_options(&fail_fast))
}

/// Reads the configuration in a URL.
fn config(url: &str) -> Result<Config, Error> {
    let mut config = Config::from_url(url)?;
    let hosts = match &mut config.server {
        ServerConfig::Centralized { server } => std::slice::from_mut(server),
        ServerConfig::Sentinel { hosts, .. } | ServerConfig::Clustered { hosts, .. } => hosts,
    };
    for server in hosts {
        // An IPv6 address has brackets in a URL, but not in a host name to look up.
        server.host = server.host.trim_matches(['[', ']']).into();
    }
    Ok(config)
}

/// Returns the error of a server that can't be reached, with its address from the URL, which may
/// also contain a password.
fn no_reply(url: &str) -> OpenError {
    let url = Url::parse(url).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let port = url.as_ref().and_then(Url::port).unwrap_or(6379);
    OpenError::Unreachable(format!(
        "no Redis replies at {host}:{port}; start it, or correct store.url or bank.store"
    ))
}

/// Creates a client that reconnects after an outage without a limit of attempts.
fn client(config: Config) -> Result<Client, Error> {
    Builder::from_config(config)
        .with_performance_config(|performance| {
            performance.default_command_timeout = COMMAND_TIMEOUT
        })
        .with_connection_config(|connection| {
            connection.connection_timeout = CONNECT_TIMEOUT;
            connection.internal_command_timeout = CONNECT_TIMEOUT;
            connection.max_command_buffer_len = COMMAND_QUEUE;
            // A commit must not be sent twice, because the first one may have taken effect. The
            // options of a single command do not hold for scripts.
            connection.max_command_attempts = 1;
            connection.tcp.nodelay = Some(true);
            connection.unresponsive = UnresponsiveConfig {
                max_timeout: Some(UNRESPONSIVE_TIMEOUT),
                interval: UNRESPONSIVE_TIMEOUT / 4,
            };
        })
        .set_policy(ReconnectPolicy::Constant {
            attempts: 0,
            max_attempts: 0,
            delay: RECONNECT_EVERY,
            jitter: RECONNECT_EVERY / 2,
        })
        .build()
}

/// Writes the format to a store that is empty or has an earlier one. Returns an error if the format
/// of the store is newer.
async fn require_format(connection: &Connection) -> Result<(), OpenError> {
    loop {
        let found: Option<String> = connection.get(FORMAT_KEY).await.map_err(unreachable)?;
        if found.as_deref() == Some(COPYING) {
            return Err(OpenError::Unfinished);
        }
        let found = found.map(|format| format.parse().unwrap_or(u64::MAX));
        check_format(found.unwrap_or(FORMAT))?;
        if found == Some(FORMAT) {
            return Ok(());
        }
        // Another process may begin to copy into an empty store at the same time.
        let only_if_absent = found.is_none().then_some(SetOptions::NX);
        let written: Result<Option<String>, Error> =
            connection.set(FORMAT_KEY, FORMAT.to_string(), None, only_if_absent, false).await;
        written.map_err(unreachable)?;
    }
}
