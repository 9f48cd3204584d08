//! The fields of an article as people and spreadsheets type them.

use super::{ArticleError, ArticleId, ArticleVersion};
use crate::money::Cents;

/// Reads an amount in euros, such as `12.50` or `12,50`.
pub fn price(typed: &str) -> Result<Cents, ArticleError> {
    Cents::from_euros(typed).ok_or(wrong("price_cents", "must be an amount in euros"))
}

/// Reads a number of units in stock.
pub fn on_hand(typed: &str) -> Result<u32, ArticleError> {
    typed.trim().parse().map_err(|_| wrong("on_hand", "must be a number of units"))
}

/// Reads the number of an article.
pub fn id(typed: &str) -> Result<ArticleId, ArticleError> {
    let number = typed.trim().parse().map(ArticleId);
    number.map_err(|_| wrong("id", "must be the number of an article"))
}

/// Reads a version as [`ArticleVersion`] formats it.
pub fn version(typed: &str) -> Result<ArticleVersion, ArticleError> {
    let read = || {
        let (revision, available) = typed.trim().split_once('-')?;
        Some(ArticleVersion {
            revision: revision.parse().ok()?,
            available: available.parse().ok()?,
        })
    };
    read().ok_or(wrong("version", "must be the version of an article, such as 3-12"))
}

/// Reads whether an article is on sale, also as French and English spreadsheets write it.
pub fn active(typed: &str) -> Result<bool, ArticleError> {
    match typed.trim().to_lowercase().as_str() {
        "true" | "vrai" | "1" => Ok(true),
        "false" | "faux" | "0" => Ok(false),
        _ => Err(wrong("active", "must be true or false")),
    }
}

fn wrong(field: &'static str, rule: &'static str) -> ArticleError {
    ArticleError::Invalid { field, rule }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_spreadsheets_write_them_and_nothing_like_them_is() {
        assert_eq!(price("1 299,90"), Ok(Cents(129_990)));
        assert_eq!((on_hand(" 7 "), id(" 12")), (Ok(7), Ok(ArticleId(12))));
        let seen = ArticleVersion { revision: 3, available: 12 };
        assert_eq!((version(" 3-12 "), seen.to_string().as_str()), (Ok(seen), "3-12"));
        for (typed, is_active) in [("TRUE", true), ("vrai", true), ("0", false), ("Faux", false)] {
            assert_eq!(active(typed), Ok(is_active), "{typed}");
        }
        for typed in ["", "-1", "1.5", "x", "4294967296"] {
            assert!(on_hand(typed).is_err() && id(typed).is_err(), "{typed}");
        }
        for typed in ["", "3", "3-", "-3", "3-x", "2026-03-12"] {
            assert!(version(typed).is_err(), "{typed}");
        }
        assert!(active("yes").is_err() && price("free").is_err());
    }
}
