//! Why the settings are refused.

use config::ConfigError;

use super::env_file::EnvFileError;
use super::judge::Fault;

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
    /// A file can't be read, or a key is unknown.
    #[error(transparent)]
    Source(#[from] ConfigError),
    /// Values that the shop can't work with, one on each line.
    #[error("{}", .0.join("\n"))]
    Invalid(Vec<String>),
}

impl SettingsError {
    /// Converts the error of a value with a wrong type, and adds the value.
    pub(super) fn of_type(error: ConfigError, sources: &config::Config) -> Self {
        let (key, right) = match error {
            ConfigError::At { error, key: Some(key), .. } => (key, error.to_string()),
            ConfigError::Type { unexpected: _, expected, key: Some(key), .. } => {
                (key, format!("it must be {expected}"))
            }
            other => return Self::Source(other),
        };
        Self::Invalid(vec![format!("{key}: {right}{}", value(&key, sources))])
    }

    /// Converts the faults of the values, and adds the values.
    pub(super) fn invalid(faults: Vec<Fault>, sources: &config::Config) -> Self {
        let lines = faults.iter().map(|fault| format!("{fault}{}", value(fault.key, sources)));
        Self::Invalid(lines.collect())
    }
}

/// Returns the value of a setting as an addition to a message; empty if it may be a secret.
fn value(key: &str, sources: &config::Config) -> String {
    match sources.get_string(key) {
        // A URL with an `@` may contain a password.
        Ok(value) if !SECRET.contains(&key) && !value.contains('@') => {
            format!(" (set to `{value}`)")
        }
        _ => String::new(),
    }
}
