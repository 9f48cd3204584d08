//! Money and time, written as readers of a language expect them.

use domain::money::Cents;
use jiff::{Timestamp, Zoned};
use maud::{Markup, html};

use crate::locale::Locale;
use crate::site::site;

/// Formats an amount of money in euros, such as `€1,234.50` or `1 234,50 €`.
pub(crate) fn money(locale: Locale, amount: Cents) -> String {
    let euros = amount.0 / 100;
    let cents = amount.0 % 100;
    match locale {
        Locale::Fr => format!("{},{cents:02}\u{a0}€", grouped(euros, '\u{202f}')),
        Locale::En => format!("€{}.{cents:02}", grouped(euros, ',')),
    }
}

/// Formats an amount in cents that may be negative.
pub(crate) fn signed_money(locale: Locale, cents: i64) -> String {
    let amount = money(locale, Cents(cents.unsigned_abs()));
    if cents < 0 { format!("−{amount}") } else { amount }
}

/// Returns the day of a time, such as `1 May 2026`.
pub(crate) fn day(locale: Locale, at: Timestamp) -> Markup {
    html! { span.day { (moment(locale, "moment-day", &zoned(at))) } }
}

/// Returns an amount of money in euros as people type it, such as `1234.50` or `1234,50`.
pub(crate) fn euros(locale: Locale, amount: Cents) -> String {
    let separator = if locale == Locale::Fr { ',' } else { '.' };
    format!("{}{separator}{:02}", amount.0 / 100, amount.0 % 100)
}

/// Returns a time as date, hour and minute, such as `1 May 2026, 07:05`.
///
/// Every `<time>` element has the text in the time zone of the shop, and the exact time in its
/// attribute: `times.js` replaces the text by the one in the time zone of the reader.
pub(crate) fn time(locale: Locale, at: Timestamp) -> Markup {
    html! { time datetime=(at) { (moment(locale, "moment", &zoned(at))) } }
}

/// Returns a time that ends what began at `since`, such as `07:05`; with its date, if that is not
/// the day of `since`.
pub(crate) fn until(locale: Locale, at: Timestamp, since: Timestamp) -> Markup {
    let (at, since) = (zoned(at), zoned(since));
    html! {
        time datetime=(at.timestamp()) data-form="until" {
            @if at.date() == since.date() {
                (at.strftime("%H:%M"))
            } @else {
                (moment(locale, "moment-until", &at))
            }
        }
    }
}

/// Returns a time that is seconds or minutes away as hour, minute and second, such as `07:05:59`.
pub(crate) fn second(at: Timestamp) -> Markup {
    html! { time datetime=(at) data-form="second" { (zoned(at).strftime("%H:%M:%S")) } }
}

/// Returns how many seconds are left until a time, such as `12 s`, which `times.js` counts down.
pub(crate) fn countdown(at: Timestamp, now: Timestamp) -> Markup {
    let left = now.duration_until(at).as_millis().max(0) + 999;
    html! { time datetime=(at) data-form="left" { (left / 1_000) " s" } }
}

fn zoned(at: Timestamp) -> Zoned {
    at.to_zoned(site().time_zone.clone())
}

fn moment(locale: Locale, key: &str, at: &Zoned) -> String {
    let args = [
        ("day", at.day().into()),
        ("month", at.month().into()),
        ("year", at.year().to_string().into()),
        ("time", at.strftime("%H:%M").to_string().into()),
    ];
    locale.text_with(key, &args)
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
    fn a_time_shows_the_name_of_its_month_and_an_exact_time_for_scripts() {
        let first: Timestamp = "2026-05-01T07:05:59Z".parse().unwrap();
        assert_eq!(
            Locale::ALL.map(|locale| time(locale, first).into_string()),
            ["1er mai 2026 à 07:05", "1 May 2026, 07:05"]
                .map(|text| format!("<time datetime=\"2026-05-01T07:05:59Z\">{text}</time>"))
        );
        assert!(second(first).into_string().contains(">07:05:59<"));
    }

    #[test]
    fn the_end_of_a_period_has_a_date_unless_it_is_the_day_of_the_start() {
        let start: Timestamp = "2026-04-30T23:50:00Z".parse().unwrap();
        let ends = |end: &str| {
            let end = end.parse().unwrap();
            Locale::ALL.map(|locale| {
                let until = until(locale, end, start).into_string();
                until.split(['<', '>']).nth(2).unwrap().to_owned()
            })
        };
        assert_eq!(ends("2026-04-30T23:59:59Z"), ["23:59", "23:59"]);
        assert_eq!(ends("2026-05-01T00:05:00Z"), ["le 1er mai 2026 à 00:05", "1 May 2026, 00:05"]);
    }
}
