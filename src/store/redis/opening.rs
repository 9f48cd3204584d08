//! Connecting to a Redis, and making sure that it keeps what it acknowledges.

use std::collections::HashMap;
use std::time::Duration;

use actors::clock::Clock;
use fred::clients::Client;
use fred::error::{Error, ErrorKind};
use fred::interfaces::{ClientLike, ConfigInterface, KeysInterface, LuaInterface};
use fred::types::config::{Config, Options as CommandOptions, ReconnectPolicy, UnresponsiveConfig};
use fred::types::{Builder, ClusterHash, CustomCommand, SetOptions};
use tokio::sync::watch;

use super::{COMMIT, Connection, FORMAT_KEY, RedisStore, last_event, watcher};
use crate::store::{FORMAT, OpenError, Options, check_format};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// What is still unanswered then may have taken effect or not.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(1);
/// Longer than any command, so that only a dead connection is torn down.
const SILENCE: Duration = Duration::from_secs(3);
const COMMANDS_WAITING: usize = 8192;

/// What must be set so that an answer means a synced file, and that nothing is evicted; the switch comes last.
const SETTINGS: [(&str, &str); 4] = [
    ("maxmemory-policy", "noeviction"),
    ("no-appendfsync-on-rewrite", "no"),
    ("appendfsync", "always"),
    ("appendonly", "yes"),
];
const FIRST_FILE_TRIES: usize = 600;
const FIRST_FILE_PAUSE: Duration = Duration::from_millis(100);

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

/// Sets what is not set as it must be; Redis may refuse that.
pub(super) async fn require_durable(connection: &Connection) -> Result<(), OpenError> {
    let mut changed = false;
    for (setting, needed) in SETTINGS {
        let found = connection
            .config_get(setting)
            .await
            .map_err(|error| not_durable(setting, "unknown", needed, &error))?;
        let found: HashMap<String, String> = found;
        let found = found.get(setting).map_or("unknown", String::as_str);
        if found != needed {
            let refused = |error| not_durable(setting, found, needed, &error);
            connection.config_set(setting, needed).await.map_err(refused)?;
            changed = true;
        }
    }
    if changed { keep_settings(connection).await } else { Ok(()) }
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

/// Settings last until Redis ends unless they are in its configuration file; after a crash without them it would not
/// read the file that it appended to.
async fn keep_settings(connection: &Connection) -> Result<(), OpenError> {
    let kept: Result<(), Error> = connection.config_rewrite().await;
    kept.map_err(|error| {
        let reason = "it would forget appendonly and appendfsync when it ends, set them in its configuration";
        OpenError::NotDurable(format!("{reason}: {}", error.details()))
    })?;
    until_appending(connection).await
}

/// Until the first append-only file is complete, Redis would start again without it.
async fn until_appending(connection: &Connection) -> Result<(), OpenError> {
    for _ in 0..FIRST_FILE_TRIES {
        let command = CustomCommand::new_static("INFO", ClusterHash::FirstKey, false);
        let info: String =
            connection.custom(command, vec!["persistence"]).await.map_err(unreachable)?;
        let is = |line: &str| info.lines().any(|found| found == line);
        if is("aof_enabled:1") && is("aof_rewrite_in_progress:0") && is("aof_rewrite_scheduled:0") {
            return Ok(());
        }
        tokio::time::sleep(FIRST_FILE_PAUSE).await;
    }
    Err(OpenError::NotDurable("its first append-only file does not get ready".to_owned()))
}

fn not_durable(setting: &str, found: &str, needed: &str, error: &Error) -> OpenError {
    if matches!(error.kind(), ErrorKind::IO | ErrorKind::Timeout | ErrorKind::Canceled) {
        return OpenError::Unreachable(error.to_string());
    }
    let refusal = error.details();
    OpenError::NotDurable(format!(
        "{setting} is {found} and not {needed}, which can't be changed: {refusal}"
    ))
}

fn unreachable(error: Error) -> OpenError {
    OpenError::Unreachable(error.to_string())
}
