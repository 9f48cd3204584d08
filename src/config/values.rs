//! The values of all sources, read one by one, so that every wrong one is reported at once.

use std::collections::BTreeMap;

use config::{ConfigError, Source, Value, ValueKind};

use super::Config;
use super::judge::Fault;
use super::ranges::{Ranged, ranges};

/// Values by their keys, such as `cart.ttl`.
pub(super) type Values = BTreeMap<String, Value>;

/// Returns the values of a source.
pub(super) fn flat(source: &config::Config) -> Result<Values, ConfigError> {
    let mut values = Values::new();
    for (section, value) in source.collect()? {
        match value.kind {
            ValueKind::Table(keys) => {
                let keyed =
                    keys.into_iter().map(|(key, value)| (format!("{section}.{key}"), value));
                values.extend(keyed);
            }
            _ => drop(values.insert(section, value)),
        }
    }
    Ok(values)
}

/// Reads the given values, which replace the defaults. An empty text does not replace one.
///
/// Returns the settings, in which every wrong value is replaced by its default, and the wrong
/// values; an error if the defaults are wrong.
pub(super) fn read(defaults: &Values, given: &Values) -> Result<(Config, Vec<Fault>), ConfigError> {
    let ranges = ranges(&config(defaults)?);
    let mut values = defaults.clone();
    let mut faults = Vec::new();
    for (key, value) in given {
        match right(key, value, defaults, &ranges) {
            Some(right) => faults.push(Fault { key: key.clone(), right }),
            None if is_empty(value) => {}
            None => drop(values.insert(key.clone(), value.clone())),
        }
    }
    // Deserialization reports one wrong value at a time.
    loop {
        let fault = match config(&values) {
            Ok(config) => return Ok((config, faults)),
            Err(error) => of_type(error)?,
        };
        // Each value is replaced once, and without a value the error has no key.
        values.remove(&fault.key);
        let default =
            defaults.get(&fault.key).filter(|_| faults.iter().all(|it| it.key != fault.key));
        values.extend(default.map(|default| (fault.key.clone(), default.clone())));
        faults.push(fault);
    }
}

fn config(values: &Values) -> Result<Config, ConfigError> {
    let sources = values.iter().try_fold(config::Config::builder(), |sources, (key, value)| {
        sources.set_override(key, value.clone())
    });
    sources?.build()?.try_deserialize()
}

fn is_empty(value: &Value) -> bool {
    matches!(&value.kind, ValueKind::String(text) if text.is_empty())
}

/// Returns what would be right for the value of a key, if it is not one, or if its key does not
/// exist or its value has not the type of the default.
fn right(key: &str, value: &Value, defaults: &Values, ranges: &[Ranged]) -> Option<String> {
    let Some(default) = defaults.get(key) else { return Some(unknown(key, defaults)) };
    let text = match &value.kind {
        _ if is_empty(value) => return None,
        ValueKind::Table(_) | ValueKind::Array(_) | ValueKind::Nil => {
            return Some("it must be one value".to_owned());
        }
        _ => value.to_string(),
    };
    match default.kind {
        ValueKind::Boolean(_) if text != "true" && text != "false" => {
            Some("it must be true or false".to_owned())
        }
        ValueKind::I64(_) => {
            let range = ranges.iter().find(|ranged| ranged.key == key)?;
            let number = text.parse::<u64>().ok();
            let is_right = number.is_some_and(|number| range.contains(number));
            (!is_right).then(|| format!("it must be an integer in the range {}", range.range()))
        }
        _ => None,
    }
}

fn unknown(key: &str, defaults: &Values) -> String {
    let section = format!("{key}.");
    let is_section = defaults.keys().any(|key| key.starts_with(&section));
    let right = if is_section { "a section has no value itself" } else { "it does not exist" };
    right.to_owned()
}

/// Converts the error of one value with a wrong type.
fn of_type(error: ConfigError) -> Result<Fault, ConfigError> {
    match error {
        ConfigError::At { error, key: Some(key), .. } => {
            Ok(Fault { key, right: error.to_string() })
        }
        ConfigError::Type { expected, key: Some(key), .. } => {
            Ok(Fault { key, right: format!("it must be {expected}") })
        }
        other => Err(other),
    }
}
