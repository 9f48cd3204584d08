//! The settings under which Redis acknowledges a write only after it is on disk.

use std::collections::HashMap;
use std::time::Duration;

use fred::error::{Error, ErrorKind};
use fred::interfaces::{ClientLike, ConfigInterface};
use fred::types::{ClusterHash, CustomCommand};

use super::Connection;
use crate::store::OpenError;

/// The settings that make Redis sync its file before each reply, and that prevent eviction.
///
/// `appendonly` is last: it turns the file on, so the other settings must already be in effect.
const SETTINGS: [(&str, &str); 4] = [
    ("maxmemory-policy", "noeviction"),
    ("no-appendfsync-on-rewrite", "no"),
    ("appendfsync", "always"),
    ("appendonly", "yes"),
];

/// How often and at what interval to check whether the first append-only file is complete.
const FIRST_FILE_TRIES: usize = 600;
const FIRST_FILE_PAUSE: Duration = Duration::from_millis(100);

/// Changes every setting that has another value. Returns an error if Redis rejects the change.
pub(super) async fn require_durable(connection: &Connection) -> Result<(), OpenError> {
    let mut changed = false;
    for (setting, needed) in SETTINGS {
        changed |= require(connection, setting, needed).await?;
    }
    if changed { persist_settings(connection).await } else { Ok(()) }
}

/// Gives one setting the needed value. Returns whether it had another one.
async fn require(connection: &Connection, setting: &str, needed: &str) -> Result<bool, OpenError> {
    let settings: HashMap<String, String> = connection
        .config_get(setting)
        .await
        .map_err(|error| not_durable(setting, "unknown", needed, &error))?;
    let found = settings.get(setting).map_or("unknown", String::as_str);
    if found == needed {
        return Ok(false);
    }
    let rejected = |error| not_durable(setting, found, needed, &error);
    connection.config_set(setting, needed).await.map_err(rejected)?;
    Ok(true)
}

/// Writes the changed settings to the configuration file of Redis.
///
/// Otherwise a restarted Redis would use the old ones, and not read its append-only file.
async fn persist_settings(connection: &Connection) -> Result<(), OpenError> {
    let written: Result<(), Error> = connection.config_rewrite().await;
    written.map_err(|error| {
        OpenError::NotDurable(format!(
            "a restart would undo appendonly and appendfsync, set them in its configuration: {}",
            error.details()
        ))
    })?;
    wait_until_appending(connection).await
}

/// Waits until the first append-only file is complete. Before that, a restarted Redis would not
/// read it.
async fn wait_until_appending(connection: &Connection) -> Result<(), OpenError> {
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
    Err(OpenError::NotDurable("its first append-only file was not completed in time".to_owned()))
}

fn not_durable(setting: &str, found: &str, needed: &str, error: &Error) -> OpenError {
    if matches!(error.kind(), ErrorKind::IO | ErrorKind::Timeout | ErrorKind::Canceled) {
        return OpenError::Unreachable(error.to_string());
    }
    OpenError::NotDurable(format!(
        "{setting} is {found}, it must be {needed}, and it can't be changed: {}",
        error.details()
    ))
}

/// Converts an error of the client.
pub(super) fn unreachable(error: Error) -> OpenError {
    OpenError::Unreachable(error.to_string())
}
