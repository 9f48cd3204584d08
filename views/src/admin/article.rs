//! The page of all articles with their stock: a search, the list, and the form to add one.

use domain::article::Article;
use domain::article::picture::WIDTHS;
use domain::article::stock::StockPlace;
use domain::list::ListPage;
use domain::search::Search;
use maud::{Markup, html};

use crate::article::{name, picture};
use crate::draft::Draft;
use crate::form::{Dangerous, Input, command, refusal};
use crate::link;
use crate::locale::Locale;
use crate::pager::pager;
use edit::{on_hand_form, price_form, switch};

pub mod csv;
pub mod edit;
pub mod editor;

/// The keys of the column titles.
const COLUMNS: [&str; 7] = [
    "stock-article",
    "stock-price",
    "stock-on-hand",
    "stock-reserved",
    "stock-available",
    "stock-active",
    "stock-actions",
];

/// Returns the form that searches articles, with the text of the current search.
pub fn search_form(locale: Locale, search: &Search) -> Markup {
    html! {
        form #stock-search .search role="search" action="/admin/articles" {
            label {
                span.unseen { (locale.text("stock-search")) }
                input type="search" name="q" value=(search.text()) maxlength=(Search::LONGEST)
                    placeholder=(locale.text("stock-search"));
            }
            button.quiet { (locale.text("stock-find")) }
            @if !search.is_empty() {
                a href="/admin/articles" { (locale.text("stock-all")) }
            }
        }
    }
}

/// Returns a page of the articles that a search finds. `draft` is the form of one of them that was
/// refused.
pub fn list(
    locale: Locale,
    page: &ListPage<Article, StockPlace>,
    search: &Search,
    draft: &Draft,
) -> Markup {
    html! {
        section #stock .panel {
            h2 { (locale.text_with("article-count", &[("count", page.total.into())])) }
            @if page.entries.is_empty() {
                p.quiet { (locale.text("stock-none")) }
            } @else {
                div.scroll role="region" aria-label=(locale.text("page-stock")) tabindex="0" {
                    table {
                        thead {
                            tr { @for key in COLUMNS { th scope="col" { (locale.text(key)) } } }
                        }
                        tbody {
                            @for article in &page.entries { (row(locale, article, draft)) }
                        }
                    }
                }
            }
            (pager(locale, page, &link::stock(search.text())))
        }
    }
}

/// Returns the form that adds an article.
pub fn add_form(locale: Locale, draft: &Draft) -> Markup {
    let input = |name, longest| Input { name, longest, ..Input::default() };
    html! {
        section #article-add .panel {
            details open[draft.refusal.is_some()] {
                summary { h2 { (locale.text("stock-add")) } }
                (command("/admin/articles/add", &html! {
                    (refusal(draft))
                    (input("name", 80).render(&locale.text("stock-name"), draft))
                    (Input { is_optional: true, ..input("description", 500) }
                        .render(&locale.text("stock-description"), draft))
                    (input("price", 20).render(&locale.text("stock-price-euros"), draft))
                    (input("on_hand", 7).render(&locale.text("stock-on-hand"), draft))
                    button { (locale.text("stock-add")) }
                }))
            }
        }
    }
}

fn row(locale: Locale, article: &Article, draft: &Draft) -> Markup {
    let label = |key| locale.text(key);
    let number = locale.text_with("stock-number", &[("number", article.id.0.into())]);
    html! {
        tr id={ "stock-" (article.id) } class=[article.runs_out().then_some("low")] {
            th.long scope="row" {
                a.article href={ "/admin/articles/" (article.id) } {
                    img src=(picture(article, WIDTHS[0])) alt="" width="64" height="48"
                        loading="lazy";
                    span { (name(locale, article)) " " small { (number) } }
                }
            }
            td data-label=(label("stock-price")) { (price_form(locale, article, draft)) }
            td data-label=(label("stock-on-hand")) { (on_hand_form(locale, article, draft)) }
            td data-label=(label("stock-reserved")) { (article.reserved) }
            td data-label=(label("stock-available")) { (available(article)) }
            td data-label=(label("stock-active")) { (switch(locale, article)) }
            td { (actions(locale, article)) }
        }
    }
}

/// Returns the number of units that can be ordered, marked if the article runs out.
fn available(article: &Article) -> Markup {
    html! {
        @if article.runs_out() {
            strong.badge.(if article.available() == 0 { "over" } else { "pending" }) {
                (article.available())
            }
        } @else {
            (article.available())
        }
    }
}

/// Returns the forms that duplicate and remove an article.
fn actions(locale: Locale, article: &Article) -> Markup {
    let remove = format!("/admin/articles/remove/{}", article.id);
    let question =
        locale.text_with("stock-remove-question", &[("name", article.name.as_str().into())]);
    let named = html! { span.unseen { " (" (name(locale, article)) ")" } };
    html! {
        div.actions {
            form action={ "/admin/articles/duplicate/" (article.id) } method="post" {
                button.link { (locale.text("stock-duplicate")) (named) }
            }
            (Dangerous { action: &remove, class: "link", question: &question }
                .render(&html! { (locale.text("stock-remove")) (named) }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{articles, draft, first_page, lines};

    #[test]
    fn the_list_shows_every_article_with_its_forms_and_marks_those_that_run_out() {
        let page = first_page(articles().into_values().collect());
        let list = list(Locale::En, &page, &Search::default(), &Draft::default());
        insta::assert_snapshot!("stock_en", lines(&list));
        insta::assert_snapshot!("stock_add_fr", lines(&add_form(Locale::Fr, &Draft::default())));
    }

    #[test]
    fn a_refused_price_is_shown_in_its_own_row_only() {
        let page = first_page(articles().into_values().collect());
        let refused = draft(&[("article", "2"), ("price", "1,2,3")], Some("price"));
        let list = list(Locale::Fr, &page, &Search::default(), &refused).into_string();
        assert_eq!(list.matches("value=\"1,2,3\"").count(), 1, "{list}");
        assert_eq!(list.matches("aria-invalid").count(), 1, "{list}");
    }
}
