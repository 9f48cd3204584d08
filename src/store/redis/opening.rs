//! Connecting to a Redis, and making sure that it keeps what it acknowledges.

use std::time::Duration;

use actors::clock::Clock;
use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::{ClientLike, KeysInterface, LuaInterface};
use fred::types::config::{Config, Options as CommandOptions, ReconnectPolicy, UnresponsiveConfig};
use fred::types::{Builder, SetOptions};
use tokio::sync::watch;

use super::durable::{require_durable, unreachable};
use super::{COMMIT, Connection, FORMAT_KEY, RedisStore, last_event, watcher};
use crate::store::{FORMAT, OpenError, Options, check_format};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// What is still unanswered then may have taken effect or not.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(1);
/// Longer than any command, so that only a dead connection is torn down.
const SILENCE: Duration = Duration::from_secs(3);
const COMMANDS_WAITING: usize = 8192;

/// Connects to the Redis that a URL names.
pub(in crate::store) async fn open(
    url: &str,
    options: &Options,
    clock: Clock,
) -> Result<RedisStore, OpenError> {
    let connection = connect(url).await?;
    require_durable(&connection).await?;
    require_format(&connection).await?;
    let commit_script = connection.script_load(COMMIT).await.map_err(unreachable)?;

    let (last, last_event) = watch::channel(last_event(&connection).await.map_err(unreachable)?);
    let watching = connect(url).await?;
    let watcher = tokio::spawn(watcher::watch(watching.clone(), last));
    Ok(RedisStore {
        connection,
        commit_script,
        clock,
        options: options.clone(),
        last_event,
        watcher,
        watching,
    })
}

async fn connect(url: &str) -> Result<Connection, OpenError> {
    let config =
        Config::from_url(url).map_err(|error| OpenError::WrongUrl(error.details().to_owned()))?;
    let client = client(config).map_err(|error| OpenError::WrongUrl(error.details().to_owned()))?;
    tokio::time::timeout(CONNECT_TIMEOUT, client.init())
        .await
        .map_err(|_| OpenError::Unreachable("redis does not answer".to_owned()))?
        .map_err(unreachable)?;
    // A commit must not be sent twice: the first may have taken effect.
    let once =
        CommandOptions { max_attempts: Some(1), fail_fast: true, ..CommandOptions::default() };
    Ok(client.with_options(&once))
}

fn client(config: Config) -> Result<Client, Error> {
    Builder::from_config(config)
        .with_performance_config(|performance| {
            performance.default_command_timeout = COMMAND_TIMEOUT
        })
        .with_connection_config(|connection| {
            connection.connection_timeout = CONNECT_TIMEOUT;
            connection.internal_command_timeout = CONNECT_TIMEOUT;
            connection.max_command_buffer_len = COMMANDS_WAITING;
            connection.tcp.nodelay = Some(true);
            connection.unresponsive =
                UnresponsiveConfig { max_timeout: Some(SILENCE), interval: SILENCE / 4 };
        })
        .set_policy(ReconnectPolicy::new_exponential(0, 50, 2_000, 2))
        .build()
}

async fn require_format(connection: &Connection) -> Result<(), OpenError> {
    let new: Result<Option<String>, Error> =
        connection.set(FORMAT_KEY, FORMAT.to_string(), None, Some(SetOptions::NX), false).await;
    new.map_err(unreachable)?;
    check_format(connection.get(FORMAT_KEY).await.map_err(unreachable)?)
}
