//! The checkout: the contact form and a summary of the cart.
//!
//! The form works without htmx, because its response is always another page.

use domain::cart::priced::PricedCart;
use domain::money::Cents;
use domain::user::UserId;
use maud::{Markup, html};

use crate::cart::{is_blocked, item_name, problems};
use crate::draft::Draft;
use crate::form::{Input, empty, refusal, text_area};
use crate::format::money;
use crate::locale::Locale;

/// What the form of a checkout contains besides the cart and what is typed.
pub struct NewCheckout {
    /// The user who checks out: no other user sees what was typed.
    pub user: UserId,
    /// The idempotency key, so that the order is placed only once.
    pub key: String,
}

/// The id of the summary, which follows the cart.
pub const SUMMARY: &str = "checkout-summary";

/// Returns the checkout panel: the contact and the summary, in one form.
///
/// `seen` is the total that the visitor has seen first.
pub fn panel(
    locale: Locale,
    cart: &PricedCart,
    seen: Cents,
    draft: &Draft,
    new: &NewCheckout,
) -> Markup {
    html! {
        section #checkout .checkout {
            (refusal(draft))
            form.columns action="/checkout" method="post" {
                (contact(locale, draft, new))
                (summary(locale, cart, seen))
            }
        }
    }
}

/// Returns what would be ordered at which total, and the button for it; a link to the catalogue if
/// the cart is empty.
///
/// It contains the version and the total of the cart, so that the order is refused if either has
/// changed. They are in the same element as what the visitor sees of them, and change with it.
pub fn summary(locale: Locale, cart: &PricedCart, seen: Cents) -> Markup {
    html! {
        div id=(SUMMARY) .summary {
            @if cart.items.is_empty() {
                (empty(&locale.text("cart-empty"), "/articles", &locale.text("cart-to-articles")))
            } @else {
                h2 { (locale.text("order-items")) }
                (receipt(locale, cart))
                (change(locale, seen, cart.total))
                @if is_blocked(cart) {
                    p.problem { (locale.text("cart-blocked")) }
                } @else {
                    (order_button(locale, cart))
                }
                p { a href="/cart" { (locale.text("order-to-cart")) } }
            }
        }
    }
}

fn contact(locale: Locale, draft: &Draft, new: &NewCheckout) -> Markup {
    let name = Input { name: "name", autocomplete: "name", longest: 100, ..Input::default() };
    let email = Input {
        name: "email",
        kind: "email",
        autocomplete: "email",
        longest: 254,
        ..Input::default()
    };
    let address =
        Input { name: "address", autocomplete: "street-address", longest: 500, ..Input::default() };
    html! {
        div.panel {
            h2 { (locale.text("order-contact")) }
            input type="hidden" name="user" value=(new.user);
            input type="hidden" name="idempotency_key" value=(new.key);
            (name.render(&locale.text("order-name"), draft))
            (email.render(&locale.text("order-email"), draft))
            (text_area(&locale.text("order-address"), draft, &address))
        }
    }
}

fn receipt(locale: Locale, cart: &PricedCart) -> Markup {
    html! {
        ul.receipt {
            @for item in &cart.items {
                li {
                    span {
                        (item_name(locale, item)) " × " (item.quantity.get())
                        (problems(locale, item))
                    }
                    span { (money(locale, item.line_total)) }
                }
            }
            li.total {
                span { (locale.text("order-total")) }
                strong.price id={ "checkout-total-" (cart.total.0) } { (money(locale, cart.total)) }
            }
        }
    }
}

/// Returns how the total has changed since the visitor has seen it first.
fn change(locale: Locale, seen: Cents, now: Cents) -> Markup {
    let totals = [("was", money(locale, seen).into()), ("now", money(locale, now).into())];
    html! {
        p.problem role="status" {
            @if seen != now { (locale.text_with("order-total-changed", &totals)) }
        }
    }
}

fn order_button(locale: Locale, cart: &PricedCart) -> Markup {
    html! {
        input type="hidden" name="cart_version" value=(cart.version);
        input type="hidden" name="expected_total_cents" value=(cart.total.0);
        button { (locale.text_with("order-place", &[("total", money(locale, cart.total).into())])) }
        p.quiet { (locale.text("order-frozen")) }
    }
}
