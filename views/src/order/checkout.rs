//! The checkout: the contact form and a summary of the cart.
//!
//! The form works without htmx, because its response is always another page.

use domain::cart::priced::PricedCart;
use maud::{Markup, html};

use crate::cart::problems;
use crate::form::{empty, field, refusal};
use crate::format::money;
use crate::locale::Locale;

/// The input of the checkout form, which is shown again after a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckoutForm {
    /// The recipient's name.
    pub name: String,
    /// The e-mail address for messages about the order.
    pub email: String,
    /// The postal address for the delivery.
    pub address: String,
}

/// Returns the checkout panel, or a link to the catalogue if the cart is empty.
///
/// The form contains the version and total of the cart, so that the order is refused if either has
/// changed, and the idempotency key, so that it is placed only once. `error` is the reason why the
/// previous attempt was refused.
pub fn panel(
    locale: Locale,
    cart: &PricedCart,
    form: &CheckoutForm,
    error: Option<&str>,
    key: &str,
) -> Markup {
    html! {
        section #checkout .checkout {
            (refusal(error))
            @if cart.items.is_empty() {
                (empty(&locale.text("cart-empty"), "/articles", &locale.text("cart-to-articles")))
            } @else {
                div.columns {
                    (contact_form(locale, cart, form, key))
                    (summary(locale, cart))
                }
            }
        }
    }
}

fn contact_form(locale: Locale, cart: &PricedCart, form: &CheckoutForm, key: &str) -> Markup {
    html! {
        form.panel action="/checkout" method="post" {
            h2 { (locale.text("order-contact")) }
            input type="hidden" name="cart_version" value=(cart.version);
            input type="hidden" name="expected_total_cents" value=(cart.total.0);
            input type="hidden" name="idempotency_key" value=(key);
            (field(&locale.text("order-name"), &html! {
                input name="name" autocomplete="name" required maxlength="100" value=(form.name);
            }))
            (field(&locale.text("order-email"), &html! {
                input type="email" name="email" autocomplete="email" required
                    maxlength="254" value=(form.email);
            }))
            (field(&locale.text("order-address"), &html! {
                textarea name="address" autocomplete="street-address" required
                    maxlength="500" rows="4" {
                    // HTML parsers drop the first line break of a text area.
                    "\n" (form.address)
                }
            }))
            button {
                (locale.text_with("order-place", &[("total", money(locale, cart.total).into())]))
            }
            p.quiet { (locale.text("order-frozen")) }
        }
    }
}

fn summary(locale: Locale, cart: &PricedCart) -> Markup {
    html! {
        div {
            h2 { (locale.text("order-items")) }
            ul.receipt {
                @for item in &cart.items {
                    li {
                        span { (item.name) " × " (item.quantity.get()) (problems(locale, item)) }
                        span { (money(locale, item.line_total)) }
                    }
                }
                li.total {
                    span { (locale.text("order-total")) }
                    strong { (money(locale, cart.total)) }
                }
            }
            p { a href="/cart" { (locale.text("order-to-cart")) } }
        }
    }
}
