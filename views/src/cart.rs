//! The cart: its badge in the header and its page.

use domain::cart::priced::{ItemProblem, PricedCart, PricedItem};
use domain::quantity::Quantity;
use maud::{Markup, html};

use crate::form::{Dangerous, command, empty};
use crate::format::money;
use crate::locale::Locale;
use crate::site::article_text;

/// Returns the link to the cart, with the number of units in it.
pub fn badge(locale: Locale, count: u32) -> Markup {
    html! {
        a #cart-badge .cart-badge href="/cart"
            aria-label=(locale.text_with("cart-badge", &[("count", count.into())])) {
            svg viewBox="0 0 24 24" width="26" height="26" aria-hidden="true" {
                path d="M3 4h2.5l2.2 11h10.4l2-8H6.4" {}
                circle cx="9.5" cy="19.5" r="1.4" {}
                circle cx="16.5" cy="19.5" r="1.4" {}
            }
            // The id contains the value, so a new value is a new element, which the style sheet
            // highlights.
            span.count id={ "cart-count-" (count) } { (count) }
        }
    }
}

/// Returns the cart at current prices, with the forms that change it and the link to the checkout.
pub fn panel(locale: Locale, cart: &PricedCart) -> Markup {
    html! {
        section #cart .cart {
            @if cart.items.is_empty() {
                (empty(&locale.text("cart-empty"), "/articles", &locale.text("cart-to-articles")))
            } @else {
                ul.lines {
                    @for item in &cart.items {
                        (line(locale, item))
                    }
                }
                (conclusion(locale, cart))
            }
        }
    }
}

/// Returns a line for each problem of an item.
pub(crate) fn problems(locale: Locale, item: &PricedItem) -> Markup {
    html! {
        @for problem in &item.problems {
            p.problem {
                (locale.text_with(problem_key(*problem), &[("available", item.available.into())]))
            }
        }
    }
}

/// Returns the name of an item for a reader.
pub(crate) fn item_name(locale: Locale, item: &PricedItem) -> Markup {
    article_text(locale, &item.name, &item.translated_name)
}

/// Returns whether a problem prevents the checkout. A changed price does not.
pub(crate) fn is_blocked(cart: &PricedCart) -> bool {
    let blocks = |problem: &ItemProblem| *problem != ItemProblem::PriceChanged;
    cart.items.iter().any(|item| item.problems.iter().any(blocks))
}

fn line(locale: Locale, item: &PricedItem) -> Markup {
    let unit_price = money(locale, item.unit_price);
    html! {
        li.line id={ "cart-item-" (item.article) } {
            div.what {
                h2 { (item_name(locale, item)) }
                p.each { (locale.text_with("cart-each", &[("price", unit_price.into())])) }
                (problems(locale, item))
            }
            (quantity_form(locale, item))
            strong.price id={ "cart-line-" (item.article) "-" (item.line_total.0) } {
                (money(locale, item.line_total))
            }
            (command(&format!("/cart/remove/{}", item.article), &html! {
                button.link {
                    (locale.text("cart-remove"))
                    span.unseen { " (" (item_name(locale, item)) ")" }
                }
            }))
        }
    }
}

fn quantity_form(locale: Locale, item: &PricedItem) -> Markup {
    let action = format!("/cart/update/{}", item.article);
    html! {
        // A quantity that waits for the answer to an earlier one is replaced by a later one. The
        // shop refuses a wrong quantity, so that the field shows again what the cart has.
        form.quantity action=(action) method="post"
            hx-post=(action) hx-target="#notice" hx-swap="none" hx-trigger="change, submit"
            hx-sync="this:queue last" hx-validate="false" {
            label {
                span.unseen {
                    (locale.text("cart-quantity")) " " (item_name(locale, item))
                }
                input id={ "cart-quantity-" (item.article) }
                    type="number" name="quantity" inputmode="numeric" autocomplete="off"
                    min="0" max=(Quantity::MAX.get()) required value=(item.quantity.get());
            }
            button.quiet { (locale.text("cart-update")) }
        }
    }
}

fn conclusion(locale: Locale, cart: &PricedCart) -> Markup {
    html! {
        div.conclusion {
            p.total aria-live="polite" {
                span { (locale.text_with("cart-total", &[("count", cart.item_count.into())])) }
                strong id={ "cart-total-" (cart.total.0) } { (money(locale, cart.total)) }
            }
            @if is_blocked(cart) {
                p.problem { (locale.text("cart-blocked")) }
            } @else {
                a.button href="/checkout" { (locale.text("cart-checkout")) }
            }
            (clear_form(locale))
        }
    }
}

fn clear_form(locale: Locale) -> Markup {
    let question = locale.text("cart-clear-question");
    let clear = Dangerous { action: "/cart/clear", class: "link", question: &question };
    clear.render(&html! { (locale.text("cart-clear")) })
}

fn problem_key(problem: ItemProblem) -> &'static str {
    match problem {
        ItemProblem::PriceChanged => "cart-problem-price",
        ItemProblem::InsufficientStock => "cart-problem-stock",
        ItemProblem::Unavailable => "cart-problem-unavailable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, lines};

    #[test]
    fn the_cart_shows_every_problem_and_offers_no_checkout() {
        insta::assert_snapshot!("cart_fr", lines(&panel(Locale::Fr, &sample::cart())));
        insta::assert_snapshot!("cart_en", lines(&panel(Locale::En, &sample::cart())));
    }

    #[test]
    fn a_cart_without_problems_leads_to_the_checkout() {
        let ready = panel(Locale::En, &sample::ready_cart()).into_string();
        assert!(ready.contains(r#"href="/checkout""#), "{ready}");
    }

    #[test]
    fn a_changed_price_alone_does_not_prevent_the_checkout() {
        let mut cart = sample::ready_cart();
        cart.items[0].problems = vec![ItemProblem::PriceChanged];
        assert!(!is_blocked(&cart));
    }

    #[test]
    fn an_empty_cart_leads_to_the_catalogue() {
        insta::assert_snapshot!("cart_empty", lines(&panel(Locale::Fr, &sample::empty_cart())));
    }

    #[test]
    fn the_badge_shows_the_count_in_both_languages() {
        let badges: Vec<_> = Locale::ALL
            .into_iter()
            .flat_map(|locale| [0, 1, 12].map(|count| badge(locale, count)))
            .collect();
        insta::assert_snapshot!("cart_badges", lines(&html! { @for badge in badges { (badge) } }));
    }
}
