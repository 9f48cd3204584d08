//! The settings under which Redis has a write on disk before it acknowledges it.

use std::collections::HashMap;
use std::time::Duration;

use fred::error::{Error, ErrorKind};
use fred::interfaces::{ClientLike, ConfigInterface};
use fred::types::{ClusterHash, CustomCommand};

use super::Connection;
use crate::store::OpenError;

/// What must be set so that an answer means a synced file, and that nothing is evicted; the switch comes last.
const SETTINGS: [(&str, &str); 4] = [
    ("maxmemory-policy", "noeviction"),
    ("no-appendfsync-on-rewrite", "no"),
    ("appendfsync", "always"),
    ("appendonly", "yes"),
];
const FIRST_FILE_TRIES: usize = 600;
const FIRST_FILE_PAUSE: Duration = Duration::from_millis(100);

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

pub(super) fn unreachable(error: Error) -> OpenError {
    OpenError::Unreachable(error.to_string())
}
