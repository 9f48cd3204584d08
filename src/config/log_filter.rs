//! The directives of `log.filter`, read strictly.
//!
//! `EnvFilter` takes every word that is no level for the name of a module, so that `warning` would
//! log nothing at all.

use std::str::FromStr;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

/// What a directive must be.
const RIGHT: &str = "it must be a level (off, error, warn, info, debug or trace) and, separated by \
                     commas, MODULE=LEVEL, such as info,microshop=debug";

/// Returns the directives without spaces around them.
///
/// Returns what would be right if one of them is neither a level nor `MODULE=LEVEL`.
pub(super) fn normalized(text: &str) -> Result<String, String> {
    let directives: Result<Vec<_>, _> = text.split(',').map(str::trim).map(directive).collect();
    let filter = directives?.join(",");
    match EnvFilter::try_new(&filter) {
        Ok(_) => Ok(filter),
        Err(_) => Err(format!("{RIGHT}; `{filter}` has a span that cannot be read")),
    }
}

fn directive(text: &str) -> Result<String, String> {
    let parts = text.rsplit_once('=').map(|(target, level)| (target.trim(), level.trim()));
    match parts {
        Some((target, level)) if is_target(target) && is_level(level) => {
            Ok(format!("{target}={level}"))
        }
        None if is_level(text) => Ok(text.to_owned()),
        _ => Err(format!("{RIGHT}; `{text}` is neither")),
    }
}

/// Whether a text is a module, or a module with a span in brackets, which `EnvFilter` checks.
fn is_target(target: &str) -> bool {
    let module = target.split('[').next().unwrap_or_default();
    let is_part = |character: char| character.is_ascii_alphanumeric() || "_:-".contains(character);
    !target.is_empty() && module.chars().all(is_part)
}

fn is_level(text: &str) -> bool {
    !text.is_empty() && LevelFilter::from_str(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_modules_with_a_level_are_directives() {
        for text in [
            "off",
            "warn",
            "INFO",
            "info,microshop=debug",
            "microshop::live=trace",
            "actix-http=off,error",
            "info,[request]=debug",
            "microshop[request{method=GET}]=debug",
        ] {
            assert_eq!(normalized(text), Ok(text.to_owned()));
        }
        assert_eq!(normalized(" info , sled = warn "), Ok("info,sled=warn".to_owned()));
    }

    #[test]
    fn another_word_is_refused_with_the_valid_ones() {
        for (text, wrong) in [
            ("warning", "`warning`"),
            ("microshop", "`microshop`"),
            ("info,microshop=warning", "`microshop=warning`"),
            ("info microshop=debug", "`info microshop=debug`"),
            ("microshop:debug", "`microshop:debug`"),
            ("microshop=", "`microshop=`"),
            ("=debug", "`=debug`"),
            ("info,", "``"),
            ("", "``"),
        ] {
            let refusal = normalized(text).unwrap_err();
            assert!(refusal.contains("off, error, warn, info, debug or trace"), "{refusal}");
            assert!(refusal.ends_with(&format!("{wrong} is neither")), "{refusal}");
        }
    }
}
