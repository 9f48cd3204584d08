//! Why the settings are refused.

use config::{ConfigError, Value};

use super::env_file::EnvFileError;
use super::judge::Fault;
use super::values::Values;

/// The settings whose values are never shown.
const SECRET: [&str; 5] =
    ["store.url", "auth.secret", "admin.password", "bank.store", "metrics.token"];

/// Why the settings are refused. Each reason names the setting and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file `.env` is refused.
    #[error(transparent)]
    EnvFile(#[from] EnvFileError),
    /// An environment variable is refused.
    #[error("{name}: {right}")]
    Variable {
        /// The name of the variable.
        name: String,
        /// What would be right.
        right: &'static str,
    },
    /// A file can't be read.
    #[error(transparent)]
    Source(#[from] ConfigError),
    /// Values that the shop can't work with, one on each line.
    #[error("{}", .0.join("\n"))]
    Invalid(Vec<String>),
}

impl SettingsError {
    /// Converts the faults of the values, and adds each value and the file that it is in.
    pub(super) fn invalid(faults: Vec<Fault>, given: &Values, defaults: &Values) -> Self {
        let line = |fault: Fault| {
            let value = given.get(&fault.key).map(|value| {
                let is_shown = defaults.contains_key(&fault.key);
                place(value, is_shown.then(|| text(&fault.key, value)).flatten())
            });
            format!("{fault}{}", value.unwrap_or_default())
        };
        Self::Invalid(faults.into_iter().map(line).collect())
    }

    /// Converts the error of a source. Of a file that can't be parsed it has the place only: the
    /// words of the parser quote the line, which may contain a secret.
    pub(super) fn of_source(error: ConfigError) -> Self {
        match error {
            ConfigError::FileParse { uri: Some(file), cause } => {
                let cause = cause.to_string();
                let place = cause.lines().next().unwrap_or_default();
                Self::Invalid(vec![format!("{file}: it must be TOML ({place})")])
            }
            other => Self::Source(other),
        }
    }
}

/// Returns where a value is, and its text, as an addition to a message.
fn place(value: &Value, text: Option<String>) -> String {
    let file = value.origin().filter(|origin| origin.starts_with("config/"));
    match (text, file) {
        (Some(text), Some(file)) => format!(" (set to `{text}` in {file})"),
        (Some(text), None) => format!(" (set to `{text}`)"),
        (None, Some(file)) => format!(" (in {file})"),
        (None, None) => String::new(),
    }
}

/// Returns the text of a value; `None` if it may be a secret.
fn text(key: &str, value: &Value) -> Option<String> {
    let text = value.clone().into_string().ok()?;
    // A URL with an `@` may contain a password.
    (!SECRET.contains(&key) && !text.contains('@')).then_some(text)
}
