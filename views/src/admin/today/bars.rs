//! Bars of the revenue of the last hours and days, each with a table of the same numbers.

use domain::money::Cents;
use domain::statistics::sums::Sums;
use domain::statistics::today::Today;
use jiff::Timestamp;
use maud::{Markup, html};

use crate::format::{day, money, signed_money, time};
use crate::locale::Locale;

/// The width of a bar with its gap, and the height of the highest bar, in units of the drawing.
const WIDTH: u64 = 10;
const HEIGHT: u64 = 40;

/// The keys of the column titles of the tables.
const COLUMNS: [&str; 4] = ["today-begins", "today-orders", "today-paid-amount", "today-revenue"];

/// How the start of a bar is written.
type Label = fn(Locale, Timestamp) -> Markup;

/// Returns the bars of 24 hours and of seven days.
pub(super) fn panel(locale: Locale, today: &Today) -> Markup {
    html! {
        div.charts {
            (chart(locale, "today-hours-title", &today.hours(), time))
            (chart(locale, "today-days-title", &today.days(), day))
        }
    }
}

fn chart(locale: Locale, key: &str, bars: &[(Timestamp, Sums)], label: Label) -> Markup {
    let paid = |(_, sums): &(_, Sums)| sums.paid_cents;
    let total = Cents(bars.iter().map(paid).fold(0, u64::saturating_add));
    let highest = bars.iter().map(paid).max().unwrap_or_default().max(1);
    let summary = locale.text_with("today-bars", &[("total", money(locale, total).into())]);
    let width = WIDTH * bars.len() as u64;
    html! {
        section .panel id=(key) {
            h2 { (locale.text(key)) }
            svg.bars role="img" aria-label=(summary) preserveAspectRatio="none"
                viewBox=(format!("0 0 {width} {HEIGHT}")) {
                @for (place, bar) in (0..).zip(bars) {
                    @let height = height(paid(bar), highest);
                    rect x=(WIDTH * place + 1) y=(HEIGHT - height) width=(WIDTH - 2)
                        height=(height) {}
                }
            }
            p.ends {
                @if let (Some((first, _)), Some((last, _))) = (bars.first(), bars.last()) {
                    (label(locale, *first)) span { (label(locale, *last)) }
                }
            }
            (table(locale, key, bars, label))
        }
    }
}

/// Returns the height of a bar; a payment is never so small that it is not seen.
fn height(cents: u64, highest: u64) -> u64 {
    match cents {
        0 => 0,
        _ => (cents.saturating_mul(HEIGHT) / highest).clamp(1, HEIGHT),
    }
}

fn table(locale: Locale, key: &str, bars: &[(Timestamp, Sums)], label: Label) -> Markup {
    html! {
        details .table id={ (key) "-table" } {
            summary { (locale.text("today-table")) }
            div.scroll role="region" aria-label=(locale.text(key)) tabindex="0" {
                table {
                    thead {
                        tr { @for key in COLUMNS { th scope="col" { (locale.text(key)) } } }
                    }
                    tbody {
                        @for (start, sums) in bars.iter().rev() {
                            tr {
                                th scope="row" { (label(locale, *start)) }
                                td { (sums.placed) }
                                td.amount { (money(locale, Cents(sums.paid_cents))) }
                                td.amount { (signed_money(locale, sums.revenue())) }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_has_the_whole_height_and_the_lowest_payment_is_seen() {
        for (cents, bar) in [(0, 0), (1, 1), (500, 20), (1_000, 40)] {
            assert_eq!(height(cents, 1_000), bar);
        }
        assert_eq!(height(u64::MAX, u64::MAX), 1);
    }
}
