//! The catalogue: all articles on sale, each as a card.

use domain::article::{Article, Articles};
use maud::{Markup, html};

use crate::form::{command, empty};
use crate::format::money;
use crate::locale::Locale;

/// The highest stock, in units, that is shown as nearly sold out.
const FEW: u32 = 5;

/// Returns the cards of all articles on sale, or a notice if there are none.
pub fn list(locale: Locale, articles: &Articles) -> Markup {
    let mut on_sale = articles.values().filter(|article| article.active).peekable();
    html! {
        section #articles .articles {
            @if on_sale.peek().is_none() {
                (empty(&locale.text("article-none"), "/", &locale.text("article-reload")))
            }
            @for article in on_sale {
                (card(locale, article))
            }
        }
    }
}

/// Returns the card of an article, with its current price and stock.
pub fn card(locale: Locale, article: &Article) -> Markup {
    html! {
        article .card .sold-out[article.available() == 0] id={ "article-" (article.id) } {
            img src={ "/static/pictures/" (article.picture) } alt=""
                width="320" height="240" loading="lazy";
            h2 { (article.name) }
            p.description { (article.description) }
            p.offer {
                // The id contains the value, so a new value is a new element, which the style
                // sheet highlights.
                strong.price id={ "price-" (article.id) "-" (article.price.0) } {
                    (money(locale, article.price))
                }
                (stock(locale, article))
            }
            div.actions {
                (add_to_cart(locale, article))
                (buy_now(locale, article))
            }
        }
    }
}

/// Returns how many units can be ordered.
fn stock(locale: Locale, article: &Article) -> Markup {
    let available = article.available();
    let (class, key) = match available {
        0 => ("none", "article-sold-out"),
        1..=FEW => ("few", "article-few"),
        _ => ("many", "article-in-stock"),
    };
    html! {
        span .stock .(class) id={ "stock-" (article.id) "-" (available) } {
            (locale.text_with(key, &[("count", available.into())]))
        }
    }
}

fn add_to_cart(locale: Locale, article: &Article) -> Markup {
    let action = format!("/cart/add/{}", article.id);
    command(&action, &button(locale, article, "article-add", None))
}

/// Returns a form that adds the article to the cart and continues to the checkout.
///
/// The checkout is another page, so the form is sent without htmx.
fn buy_now(locale: Locale, article: &Article) -> Markup {
    html! {
        form action={ "/cart/add/" (article.id) } method="post" {
            input type="hidden" name="then" value="checkout";
            (button(locale, article, "article-buy", Some("quiet")))
        }
    }
}

fn button(locale: Locale, article: &Article, key: &str, class: Option<&str>) -> Markup {
    html! {
        button class=[class] disabled[article.available() == 0] {
            (locale.text(key)) span.unseen { " (" (article.name) ")" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{HOSTILE, article, articles, lines};

    #[test]
    fn the_catalogue_shows_every_article_on_sale_and_its_stock() {
        insta::assert_snapshot!("articles_fr", lines(&list(Locale::Fr, &articles())));
        insta::assert_snapshot!("articles_en", lines(&list(Locale::En, &articles())));
    }

    #[test]
    fn an_empty_catalogue_shows_that_nothing_is_on_sale() {
        insta::assert_snapshot!("articles_none", lines(&list(Locale::Fr, &Articles::new())));
    }

    #[test]
    fn the_last_unit_has_a_text_in_the_singular() {
        let last = card(Locale::Fr, &article(9, "Souris", 1, 1)).into_string();
        assert!(last.contains("Dernière pièce\u{202f}!"), "{last}");
    }

    #[test]
    fn names_and_descriptions_are_escaped() {
        let card = card(Locale::Fr, &article(9, HOSTILE, 1, 1)).into_string();
        assert!(
            card.contains("&lt;script&gt;")
                && !card.contains("<script")
                && !card.contains("\" onload"),
            "{card}"
        );
    }
}
