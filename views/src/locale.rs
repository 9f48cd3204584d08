//! The two languages of the shop: texts, money and moments as their readers write them.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;

use domain::money::Cents;
use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid, static_loader};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "fr",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static FRENCH: LanguageIdentifier = langid!("fr");
static ENGLISH: LanguageIdentifier = langid!("en");

/// A language the shop speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Locale {
    /// French.
    #[default]
    Fr,
    /// English.
    En,
}

impl Locale {
    /// Every language, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::Fr, Self::En];

    /// Its tag (RFC 5646).
    pub fn code(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }

    /// The language of that tag.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|locale| locale.code() == code)
    }

    /// The language a reader prefers by an `Accept-Language` header (RFC 9110, section 12.5.4).
    pub fn preferred(accept_language: &str) -> Self {
        let ranges: Vec<_> = accept_language.split(',').map(weighted).collect();
        if Self::En.wish(&ranges) > Self::Fr.wish(&ranges) { Self::En } else { Self::Fr }
    }

    /// The text of a key.
    pub fn text(self, key: &str) -> String {
        LOCALES.try_lookup(self.language(), key).unwrap_or_else(|| key.to_owned())
    }

    /// The text of a key with its variables filled in.
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

    /// How much a reader wants this language: by quality, then by place in the header.
    fn wish(self, ranges: &[(&str, u16)]) -> Option<(u16, Reverse<usize>)> {
        let best = |name: &str| {
            let named = ranges
                .iter()
                .enumerate()
                .filter(|(_, (language, _))| language.eq_ignore_ascii_case(name));
            named.map(|(place, (_, quality))| (*quality, Reverse(place))).max()
        };
        best(self.code()).or_else(|| best("*")).filter(|(quality, _)| *quality > 0)
    }
}

/// An amount of money.
pub fn money(locale: Locale, amount: Cents) -> String {
    let (euros, cents) = (amount.0 / 100, amount.0 % 100);
    match locale {
        Locale::Fr => format!("{},{cents:02}\u{a0}€", grouped(euros, '\u{202f}')),
        Locale::En => format!("€{}.{cents:02}", grouped(euros, ',')),
    }
}

/// A moment, to the minute, in coordinated universal time.
pub fn moment(locale: Locale, moment: Timestamp) -> String {
    let civil = moment.to_zoned(TimeZone::UTC);
    let args = [
        ("day", civil.day().into()),
        ("month", civil.month().into()),
        ("year", civil.year().to_string().into()),
        ("time", civil.strftime("%H:%M").to_string().into()),
    ];
    locale.text_with("moment", &args)
}

/// A moment of today, to the second, in coordinated universal time.
pub fn second(moment: Timestamp) -> String {
    moment.to_zoned(TimeZone::UTC).strftime("%H:%M:%S UTC").to_string()
}

/// A moment as an element that programs can read as well.
pub fn time(locale: Locale, at: Timestamp) -> Markup {
    html! { time datetime=(at) { (moment(locale, at)) } }
}

/// The primary language of a range, and its quality in thousandths.
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

/// A number with its digits in groups of three.
fn grouped(number: u64, separator: char) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_s_wish_counts_by_quality_and_then_by_order() {
        let wishes = [
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
        for (header, locale) in wishes {
            assert_eq!(Locale::preferred(header), locale, "{header}");
        }
    }

    #[test]
    fn money_is_written_as_the_language_writes_it() {
        let both = |cents| Locale::ALL.map(|locale| money(locale, Cents(cents)));
        assert_eq!(both(5), ["0,05\u{a0}€", "€0.05"]);
        assert_eq!(both(89_900), ["899,00\u{a0}€", "€899.00"]);
        assert_eq!(both(123_450), ["1\u{202f}234,50\u{a0}€", "€1,234.50"]);
        assert_eq!(
            both(100_000_000_000),
            ["1\u{202f}000\u{202f}000\u{202f}000,00\u{a0}€", "€1,000,000,000.00"]
        );
    }

    #[test]
    fn a_moment_names_its_month_and_its_time_zone() {
        let first: Timestamp = "2026-05-01T07:05:59Z".parse().unwrap();
        assert_eq!(
            Locale::ALL.map(|locale| moment(locale, first)),
            ["1er mai 2026 à 07:05 UTC", "1 May 2026, 07:05 UTC"]
        );
    }
}
