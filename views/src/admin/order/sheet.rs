//! What is printed for an order: the packing slip and the invoice.

use domain::order::{Order, OrderItem};
use maud::{Markup, html};

use crate::format::{money, time};
use crate::locale::Locale;
use crate::order::title;
use crate::site::article_text;

/// A sheet of paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sheet {
    /// What is packed, without prices.
    Slip,
    /// What was bought, with prices.
    Invoice,
}

impl Sheet {
    /// Returns the key of the name of the sheet.
    pub fn name(self) -> &'static str {
        match self {
            Self::Slip => "admin-slip",
            Self::Invoice => "admin-invoice",
        }
    }
}

/// Returns a sheet for an order.
pub fn sheet(locale: Locale, order: &Order, sheet: Sheet) -> Markup {
    html! {
        section.panel.sheet {
            p { (title(locale, order.id)) " · " (time(locale, order.created_at)) }
            @if let Some(contact) = &order.contact {
                address {
                    (contact.name) br;
                    span.lines-kept { (contact.address) }
                }
            }
            (items(locale, order, sheet == Sheet::Invoice))
        }
    }
}

fn items(locale: Locale, order: &Order, has_prices: bool) -> Markup {
    html! {
        div.scroll role="region" aria-label=(locale.text("order-items")) tabindex="0" { table {
            thead {
                tr {
                    th scope="col" { (locale.text("admin-sheet-article")) }
                    th.number scope="col" { (locale.text("admin-sheet-quantity")) }
                    @if has_prices {
                        th.number scope="col" { (locale.text("admin-sheet-price")) }
                        th.number scope="col" { (locale.text("order-total")) }
                    }
                }
            }
            tbody {
                @for OrderItem { name, quantity, unit_price, line_total, .. } in &order.items {
                    tr {
                        th.long scope="row" { (article_text(locale, name, "")) }
                        td.number { (quantity.get()) }
                        @if has_prices {
                            td.number { (money(locale, *unit_price)) }
                            td.number { (money(locale, *line_total)) }
                        }
                    }
                }
            }
            @if has_prices {
                tfoot {
                    tr {
                        th scope="row" colspan="3" { (locale.text("order-total")) }
                        td.number { strong { (money(locale, order.total)) } }
                    }
                }
            }
        } }
    }
}

#[cfg(test)]
mod tests {
    use domain::order::OrderStatus;
    use domain::payment::PaymentStatus;

    use super::*;
    use crate::sample::{self, lines};

    #[test]
    fn an_invoice_has_prices_and_a_packing_slip_has_none() {
        let order = sample::order(OrderStatus::Paid, 1, PaymentStatus::Succeeded);
        insta::assert_snapshot!("invoice_fr", lines(&sheet(Locale::Fr, &order, Sheet::Invoice)));
        insta::assert_snapshot!("slip_en", lines(&sheet(Locale::En, &order, Sheet::Slip)));
    }
}
