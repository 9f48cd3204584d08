//! What all pages of a shop have in common: time zone, language of the articles, static files.

use std::sync::OnceLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use maud::{Markup, html};

use crate::locale::Locale;

/// The site of this process, which never changes while the process runs.
static SITE: OnceLock<Site> = OnceLock::new();

/// What all pages of a shop have in common.
#[derive(Debug, Clone)]
pub struct Site {
    /// The time zone of times on pages without scripts. Scripts show times in that of the reader.
    pub time_zone: TimeZone,
    /// The language of the names and descriptions of articles, as a language tag (RFC 5646).
    pub language: String,
    /// Returns the address of a static file, which contains a hash of its content.
    pub asset: fn(&str) -> String,
}

impl Site {
    /// Applies to all pages that are rendered afterwards. The first site of a process stays.
    pub fn open(self) {
        SITE.get_or_init(|| self);
    }
}

impl Default for Site {
    fn default() -> Self {
        Self {
            time_zone: TimeZone::UTC,
            language: Locale::default().code().to_owned(),
            asset: |name| format!("/static/{name}?v=1"),
        }
    }
}

/// Returns the time zone with a name of the IANA database, such as `Europe/Paris`, or `None` if
/// there is none. The database is part of the binary, so it is the same on every machine.
pub fn time_zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// Returns the address of a static file.
pub(crate) fn asset(name: &str) -> String {
    (site().asset)(name)
}

/// Returns the site of this process.
pub fn site() -> &'static Site {
    SITE.get_or_init(Site::default)
}

/// Returns the languages of the articles: that of the shop, and that of the translations, which is
/// the other language of the pages.
pub fn languages() -> [&'static str; 2] {
    let language = site().language.as_str();
    let is_english = language.split('-').next() == Some(Locale::En.code());
    [language, if is_english { Locale::Fr.code() } else { Locale::En.code() }]
}

/// Returns the text of an article in the language of the page, else the other one, with its
/// language. `translation` is the text in the other language of the articles.
pub fn localized<'a>(
    locale: Locale,
    text: &'a str,
    translation: &'a str,
) -> (&'a str, &'static str) {
    let [main, other] = languages();
    let [first, second] = if other == locale.code() {
        [(translation, other), (text, main)]
    } else {
        [(text, main), (translation, other)]
    };
    if first.0.is_empty() { second } else { first }
}

/// Returns the name or the description of an article, which has a text and its translation. It
/// names its language if that is not the language of the page (WCAG 2.2, section 3.1.2).
pub(crate) fn article_text(locale: Locale, text: &str, translation: &str) -> Markup {
    let (text, language) = localized(locale, text, translation);
    html! {
        @if text.is_empty() || language.split('-').next() == Some(locale.code()) {
            (text)
        } @else {
            span lang=(language) { (text) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shown_in_the_language_of_the_page_or_else_in_the_other_one() {
        let shown = |locale, text, translation| article_text(locale, text, translation).0;
        assert_eq!(shown(Locale::Fr, "Lampe", "Lamp"), "Lampe");
        assert_eq!(shown(Locale::En, "Lampe", "Lamp"), "Lamp");
        assert_eq!(shown(Locale::En, "Lampe", ""), "<span lang=\"fr\">Lampe</span>");
        assert_eq!(shown(Locale::Fr, "", "Bright."), "<span lang=\"en\">Bright.</span>");
        assert_eq!(shown(Locale::En, "", ""), "");
    }
}
