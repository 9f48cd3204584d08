//! What a Redis must be before it acknowledges a commit. The shop checks, and changes no setting.

use std::collections::HashMap;
use std::fmt::Write;

use fred::error::{Error, ErrorKind};
use fred::interfaces::{ClientLike, ConfigInterface, KeysInterface};
use fred::types::{ClusterHash, CustomCommand};

use super::{Connection, EPOCH_KEY};
use crate::config::sections::DURABLE;
use crate::store::OpenError;

/// The oldest supported version. Earlier ones write the script of commits to the file, so that a
/// Redis that was started again would know it before a check.
const OLDEST: u32 = 7;

/// What a Redis that may acknowledge commits has been found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Inspected {
    /// The identity of its process.
    run: String,
    /// The random word that names the shop in it; `None` before a shop is created.
    pub(super) epoch: Option<String>,
}

/// Checks whether a Redis may acknowledge commits: it is a primary, and appends every commit to a
/// complete file that it syncs. Skips the settings that its operator has `vouched` for. `before` is
/// what the last check has found, if it has passed.
pub(super) async fn inspect(
    connection: &Connection,
    vouched: &[String],
    before: Option<&Inspected>,
) -> Result<Inspected, OpenError> {
    let info = info(connection, "default").await.map_err(unreachable)?;
    let field = |name| field(&info, name).unwrap_or_default();
    let version = field("redis_version");
    if major(version).is_none_or(|major| major < OLDEST) {
        return Err(OpenError::TooOld { found: version.to_owned() });
    }
    if field("role") != "master" {
        let primary = format!("{}:{}", field("master_host"), field("master_port"));
        return Err(OpenError::Replica { primary });
    }
    require_settings(connection, vouched).await?;
    let run = field("run_id").to_owned();
    if vouched.iter().all(|setting| setting != "appendonly") {
        let was_complete = before.is_some_and(|before| before.run == run);
        require_file(&info, was_complete)?;
    }
    let epoch = connection.get(EPOCH_KEY).await.map_err(unreachable)?;
    Ok(Inspected { run, epoch })
}

/// Returns an error if the append-only file may not be complete.
fn require_file(info: &str, was_complete: bool) -> Result<(), OpenError> {
    let is = |name, value| field(info, name) == Some(value);
    let is_written = is("aof_rewrite_in_progress", "1") || is("aof_rewrite_scheduled", "1");
    let has_failed = is("aof_last_bgrewrite_status", "err") && is("aof_base_size", "0");
    let fault = if is("aof_last_write_status", "err") {
        "it can't write to its append-only file"
    } else if !was_complete && (is_written || has_failed) {
        // A rewrite of a file that was complete before endangers nothing. Another one may be the
        // first, and until it is complete a restart would lose everything.
        "its append-only file may not be complete; wait until Redis has written it"
    } else {
        return Ok(());
    };
    Err(OpenError::NotDurable(fault.to_owned()))
}

/// Returns the first number of a version.
fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

/// Returns an error that names every setting with another value.
async fn require_settings(connection: &Connection, vouched: &[String]) -> Result<(), OpenError> {
    let mut wrong = String::new();
    let mut lines = String::new();
    for (setting, needed) in DURABLE {
        if vouched.iter().any(|vouched| vouched == setting) {
            continue;
        }
        let found = setting_of(connection, setting).await?;
        if found != needed {
            // Writing to a string never fails.
            let _ = write!(wrong, "{setting} is {found}, ");
            let _ = write!(lines, "\n    {setting} {needed}");
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(OpenError::NotDurable(format!(
        "{wrong}and the shop changes no setting of Redis; docs/operations.md says how to set these \
         lines of redis.conf without losing what it holds:{lines}"
    )))
}

/// Returns the value of a setting.
async fn setting_of(connection: &Connection, setting: &str) -> Result<String, OpenError> {
    let found: Result<HashMap<String, String>, Error> = connection.config_get(setting).await;
    let mut found = found.map_err(|error| match error.kind() {
        ErrorKind::IO | ErrorKind::Timeout | ErrorKind::Canceled => unreachable(error),
        _ => OpenError::NotDurable(format!(
            "{setting} can't be read ({}); allow this user CONFIG GET, or list in store.vouched \
             each setting that you vouch for",
            error.details()
        )),
    })?;
    Ok(found.remove(setting).unwrap_or_else(|| "unknown".to_owned()))
}

/// Returns a section of what Redis reports about itself.
pub(super) async fn info(connection: &Connection, section: &str) -> Result<String, Error> {
    let command = CustomCommand::new_static("INFO", ClusterHash::FirstKey, false);
    connection.custom(command, vec![section]).await
}

/// Returns the value of a field of that.
pub(super) fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// Converts an error of the client.
pub(super) fn unreachable(error: Error) -> OpenError {
    OpenError::Unreachable(error.to_string())
}
