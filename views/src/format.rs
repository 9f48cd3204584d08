//! Money and time, written as readers of a language expect them.

use domain::money::Cents;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use crate::locale::Locale;

/// Formats an amount of money in euros, such as `€1,234.50` or `1 234,50 €`.
pub(crate) fn money(locale: Locale, amount: Cents) -> String {
    let euros = amount.0 / 100;
    let cents = amount.0 % 100;
    match locale {
        Locale::Fr => format!("{},{cents:02}\u{a0}€", grouped(euros, '\u{202f}')),
        Locale::En => format!("€{}.{cents:02}", grouped(euros, ',')),
    }
}

/// Formats a time as date, hour and minute in UTC, such as `1 May 2026, 07:05 UTC`.
fn moment(locale: Locale, at: Timestamp) -> String {
    let civil = at.to_zoned(TimeZone::UTC);
    let args = [
        ("day", civil.day().into()),
        ("month", civil.month().into()),
        ("year", civil.year().to_string().into()),
        ("time", civil.strftime("%H:%M").to_string().into()),
    ];
    locale.text_with("moment", &args)
}

/// Formats a time of today as hour, minute and second in UTC, such as `07:05:59 UTC`.
pub(crate) fn second(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%H:%M:%S UTC").to_string()
}

/// Returns a `<time>` element with the formatted time, and the exact time in its attribute.
pub(crate) fn time(locale: Locale, at: Timestamp) -> Markup {
    html! { time datetime=(at) { (moment(locale, at)) } }
}

/// Formats a number with its digits in groups of three.
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
    fn money_is_written_in_the_style_of_each_language() {
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
    fn a_time_shows_the_name_of_its_month_and_its_time_zone() {
        let first: Timestamp = "2026-05-01T07:05:59Z".parse().unwrap();
        assert_eq!(
            Locale::ALL.map(|locale| moment(locale, first)),
            ["1er mai 2026 à 07:05 UTC", "1 May 2026, 07:05 UTC"]
        );
    }
}
