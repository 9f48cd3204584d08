//! Articles as buyers see them.

use domain::article::{Article, Articles};
use maud::{Markup, html};

use crate::form::{command, empty};
use crate::locale::{Locale, money};

/// The most available pieces that are said to be the last.
const FEW: u32 = 5;

/// Every article on sale.
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

/// One article with its price and stock of now.
pub fn card(locale: Locale, article: &Article) -> Markup {
    html! {
        article .card .sold-out[article.available() == 0] id={ "article-" (article.id) } {
            img src={ "/static/pictures/" (article.picture) } alt="" width="320" height="240" loading="lazy";
            h2 { (article.name) }
            p.description { (article.description) }
            p.offer {
                // The id follows the value: a new value is a new element, which style sheets can point out.
                strong.price id={ "price-" (article.id) "-" (article.price.0) } { (money(locale, article.price)) }
                (stock(locale, article))
            }
            div.actions {
                (command(&format!("/cart/add/{}", article.id), &button(locale, article, "article-add", None)))
                (buy_now(locale, article))
            }
        }
    }
}

/// How many pieces can be ordered.
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

/// The short way: into the cart and on to the checkout, which is another page, so without htmx.
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
    fn the_catalogue_shows_what_is_on_sale_and_how_much_is_left() {
        insta::assert_snapshot!("articles_fr", lines(&list(Locale::Fr, &articles())));
        insta::assert_snapshot!("articles_en", lines(&list(Locale::En, &articles())));
    }

    #[test]
    fn an_empty_catalogue_says_so() {
        insta::assert_snapshot!("articles_none", lines(&list(Locale::Fr, &Articles::new())));
    }

    #[test]
    fn a_last_piece_is_spoken_of_in_the_singular() {
        let last = card(Locale::Fr, &article(9, "Souris", 1, 1)).into_string();
        assert!(last.contains("Dernière pièce\u{202f}!"), "{last}");
    }

    #[test]
    fn names_and_descriptions_are_never_markup() {
        let card = card(Locale::Fr, &article(9, HOSTILE, 1, 1)).into_string();
        assert!(
            card.contains("&lt;script&gt;")
                && !card.contains("<script")
                && !card.contains("\" onload"),
            "{card}"
        );
    }
}
