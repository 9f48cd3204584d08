//! The two languages of the shop, and their texts.
//!
//! The texts are in `views/locales`, one folder per language, in the syntax of Project Fluent.

use std::borrow::Cow;
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid, static_loader};

static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "fr",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static FRENCH: LanguageIdentifier = langid!("fr");
static ENGLISH: LanguageIdentifier = langid!("en");

thread_local! {
    /// The texts without variables that this thread has looked up: every page has dozens of them.
    static FOUND: RefCell<[HashMap<String, Arc<str>>; 2]> = RefCell::default();
}

/// A language of the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Locale {
    /// French.
    #[default]
    Fr,
    /// English.
    En,
}

impl Locale {
    /// All languages, in the order in which pages offer them.
    pub const ALL: [Self; 2] = [Self::Fr, Self::En];

    /// Returns the language tag (RFC 5646).
    pub fn code(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }

    /// Returns the language with a tag, or `None` if the shop does not have it.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|locale| locale.code() == code)
    }

    /// Returns the preferred language of an `Accept-Language` header (RFC 9110, section 12.5.4).
    ///
    /// French is the default when the header prefers neither language.
    pub fn preferred(accept_language: &str) -> Self {
        let ranges: Vec<_> = accept_language.split(',').map(weighted).collect();
        if Self::En.preference(&ranges) > Self::Fr.preference(&ranges) {
            Self::En
        } else {
            Self::Fr
        }
    }

    /// Returns the text of a key, or the key itself if it has no text.
    pub fn text(self, key: &str) -> Arc<str> {
        self.find(key).unwrap_or_else(|| key.into())
    }

    /// Returns the text of a key, or `None` if it has no text.
    pub fn find(self, key: &str) -> Option<Arc<str>> {
        FOUND.with_borrow_mut(|[french, english]| {
            let found = match self {
                Self::Fr => french,
                Self::En => english,
            };
            if let Some(text) = found.get(key) {
                return Some(text.clone());
            }
            let text: Arc<str> = LOCALES.try_lookup(self.language(), key)?.into();
            found.insert(key.to_owned(), text.clone());
            Some(text)
        })
    }

    /// Returns the text of a key with its variables filled in, or the key itself if it has no text.
    pub fn text_with(self, key: &str, args: &[(&'static str, FluentValue<'_>)]) -> String {
        let args: HashMap<Cow<'static, str>, FluentValue<'_>> =
            args.iter().map(|(name, value)| (Cow::Borrowed(*name), value.clone())).collect();
        LOCALES.try_lookup_with_args(self.language(), key, &args).unwrap_or_else(|| key.to_owned())
    }

    fn language(self) -> &'static LanguageIdentifier {
        match self {
            Self::Fr => &FRENCH,
            Self::En => &ENGLISH,
        }
    }

    /// Returns how strongly a header prefers this language: by quality, then by position.
    ///
    /// `None` means that the language is not acceptable.
    fn preference(self, ranges: &[(&str, u16)]) -> Option<(u16, Reverse<usize>)> {
        let best = |name: &str| {
            let named = ranges
                .iter()
                .enumerate()
                .filter(|(_, (language, _))| language.eq_ignore_ascii_case(name));
            named.map(|(position, (_, quality))| (*quality, Reverse(position))).max()
        };
        best(self.code()).or_else(|| best("*")).filter(|(quality, _)| *quality > 0)
    }
}

/// Returns whether a text is a language tag, such as `fr` or `pt-BR` (RFC 5646).
pub fn is_language_tag(text: &str) -> bool {
    // The parser also accepts `fr_FR`, which is a locale of POSIX.
    !text.contains('_') && text.parse::<LanguageIdentifier>().is_ok()
}

/// Parses a language range: returns its primary language and its quality in thousandths.
fn weighted(range: &str) -> (&str, u16) {
    let (tag, parameter) = range.split_once(';').unwrap_or((range, "q=1"));
    let language = tag.trim().split('-').next().unwrap_or_default();
    let quality = parameter
        .trim()
        .strip_prefix("q=")
        .and_then(|quality| quality.parse::<f32>().ok())
        .unwrap_or(0.0);
    (language, (quality.clamp(0.0, 1.0) * 1000.0) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_preferred_by_quality_and_then_by_position() {
        let headers = [
            ("", Locale::Fr),
            ("en", Locale::En),
            ("EN-gb, fr;q=0.9", Locale::En),
            ("fr-CA;q=0.5, en;q=0.4, fr;q=0.3", Locale::Fr),
            ("en;q=0.5, fr;q=0.5", Locale::En),
            ("de, *;q=0.1", Locale::Fr),
            ("fr;q=0, *;q=0.1", Locale::En),
            ("en;q=0", Locale::Fr),
            ("en;q=nonsense", Locale::Fr),
            (";;;,,q=", Locale::Fr),
        ];
        for (header, locale) in headers {
            assert_eq!(Locale::preferred(header), locale, "{header}");
        }
    }
}
