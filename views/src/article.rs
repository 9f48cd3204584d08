//! The catalogue: all articles on sale, each as a card.

use domain::article::picture::WIDTHS;
use domain::article::{Article, ArticleId};
use domain::list::ListPage;
use maud::{Markup, html};

use crate::form::empty;
use crate::format::money;
use crate::locale::Locale;
use crate::pager::pager;
use crate::site::{article_text, asset};

/// The highest stock, in units, that is shown as nearly sold out.
const FEW: u32 = 5;

/// The number of articles that are visible without scrolling: one row on a wide screen.
const AT_ONCE: usize = 3;

/// Returns the cards of a page of the articles on sale, or a notice if there are none.
pub fn list(locale: Locale, page: &ListPage<Article, ArticleId>) -> Markup {
    html! {
        section #articles .articles {
            @if page.entries.is_empty() {
                (empty(&locale.text("article-none"), "/", &locale.text("article-reload")))
            } @else {
                p.entries { (locale.text_with("article-count", &[("count", page.total.into())])) }
            }
            @for (place, article) in page.entries.iter().enumerate() {
                (card_with(locale, article, place < AT_ONCE))
            }
            (pager(locale, page, "/articles"))
        }
    }
}

/// Returns the card of an article, with its current price and stock.
pub fn card(locale: Locale, article: &Article) -> Markup {
    card_with(locale, article, false)
}

/// Returns the card of an article, whose picture is loaded at once or when it is nearly visible.
fn card_with(locale: Locale, article: &Article, is_loaded_at_once: bool) -> Markup {
    html! {
        article .card .sold-out[article.available() == 0] id={ "article-" (article.id) } {
            img src=(picture(article, WIDTHS[0])) srcset=[picture_set(article)] alt=""
                width="320" height="240" loading=[(!is_loaded_at_once).then_some("lazy")];
            h2 { (name(locale, article)) }
            p.description {
                (article_text(locale, &article.description, &article.translation.description))
            }
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

/// Returns the name of an article for a reader.
pub(crate) fn name(locale: Locale, article: &Article) -> Markup {
    article_text(locale, &article.name, &article.translation.name)
}

/// Returns the address of the picture of an article with a width, which a drawing has too.
pub fn picture(article: &Article, width: u32) -> String {
    let shipped = || asset(&format!("pictures/{}", article.picture));
    article.uploaded.as_ref().map_or_else(shipped, |picture| picture.address(width))
}

/// Returns the copies of an uploaded picture with their densities; a drawing is sharp in any size.
pub(crate) fn picture_set(article: &Article) -> Option<String> {
    let [card, sharp] = WIDTHS;
    let picture = article.uploaded.as_ref()?;
    Some(format!("{} 1x, {} 2x", picture.address(card), picture.address(sharp)))
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
    html! {
        // Every click adds a unit, also on a slow network.
        form action=(action) method="post"
            hx-post=(action) hx-target="#notice" hx-swap="none" hx-sync="this:queue all" {
            (button(locale, article, "article-add", None))
        }
    }
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
            (locale.text(key)) span.unseen { " (" (name(locale, article)) ")" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{HOSTILE, article, articles, first_page, lines};

    /// Returns the only page of the articles on sale.
    fn page() -> ListPage<Article, ArticleId> {
        first_page(articles().into_values().filter(|article| article.active).collect())
    }

    #[test]
    fn the_catalogue_shows_every_article_on_sale_and_its_stock() {
        insta::assert_snapshot!("articles_fr", lines(&list(Locale::Fr, &page())));
        insta::assert_snapshot!("articles_en", lines(&list(Locale::En, &page())));
    }

    #[test]
    fn an_empty_catalogue_shows_that_nothing_is_on_sale() {
        insta::assert_snapshot!("articles_none", lines(&list(Locale::Fr, &first_page(Vec::new()))));
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
