//! The search of the desk: a page, and a palette that the keyboard opens on every page.

use domain::article::Article;
use domain::order::Order;
use domain::search::{Search, words};
use domain::user::User;
use maud::{Markup, html};

use super::{PAGES, is_admin};
use crate::format::money;
use crate::locale::Locale;
use crate::site::article_text;
use crate::viewer::Viewer;

/// The address of the page.
pub(super) const PAGE: &str = "/admin/search";

/// What a search has found besides pages of the desk: some of each, the best first.
#[derive(Debug, Default)]
pub struct Found {
    /// The orders.
    pub orders: Vec<Order>,
    /// The articles.
    pub articles: Vec<Article>,
    /// The users.
    pub users: Vec<User>,
}

/// A line of the results.
struct Hit {
    /// The key of the name of its kind.
    kind: &'static str,
    name: Markup,
    detail: String,
    address: String,
}

/// Returns the palette for an administrator, and nothing for others. Scripts open it.
pub(crate) fn palette(viewer: &Viewer) -> Markup {
    let locale = viewer.locale;
    html! {
        @if is_admin(viewer) {
            dialog #palette closedby="any" aria-label=(locale.text("page-search")) {
                form action=(PAGE) role="search" hx-get=(PAGE) hx-trigger="input delay:150ms"
                    hx-target="#notice" hx-swap="none" hx-sync="this:queue last" {
                    input #palette-field name="q" role="combobox"
                        aria-label=(locale.text("search-field"))
                        placeholder=(locale.text("search-field"))
                        aria-controls="palette-found" aria-autocomplete="list" aria-expanded="true"
                        maxlength=(Search::LONGEST) autocomplete="off" spellcheck="false"
                        enterkeyhint="go";
                }
                p #palette-status .quiet role="status" {}
                (palette_results(locale, &Search::default(), &Found::default()))
            }
        }
    }
}

/// Returns what the palette shows of a search: the element with the results.
pub fn palette_results(locale: Locale, search: &Search, found: &Found) -> Markup {
    options(locale, search, &hits(locale, search.text(), found))
}

/// Returns the element of the palette that says how many results there are.
pub fn palette_status(locale: Locale, search: &Search, found: &Found) -> Markup {
    let hits = hits(locale, search.text(), found);
    html! { p #palette-status .quiet role="status" { (count(locale, &hits)) } }
}

/// Returns the page: the form, and the results below it.
pub fn page(locale: Locale, search: &Search, found: &Found) -> Markup {
    let hits = hits(locale, search.text(), found);
    html! {
        form.search action=(PAGE) role="search" {
            label.field {
                span { (locale.text("search-field")) }
                input type="search" name="q" value=(search.text()) maxlength=(Search::LONGEST)
                    autocomplete="off" spellcheck="false";
            }
            button.quiet { (locale.text("admin-search")) }
        }
        section #found .panel {
            p.quiet { (count(locale, &hits)) }
            ul.hits {
                @for hit in &hits { li { a href=(hit.address) { (line(locale, hit)) } } }
            }
        }
    }
}

/// Returns the results as the list of a combobox (WAI-ARIA Authoring Practices), with the search
/// that they belong to.
fn options(locale: Locale, search: &Search, hits: &[Hit]) -> Markup {
    html! {
        div #palette-found .hits role="listbox" aria-label=(locale.text("search-results"))
            data-search=(search.text()) hidden[hits.is_empty()] {
            @for (place, hit) in hits.iter().enumerate() {
                a id={ "hit-" (place) } role="option" tabindex="-1" aria-selected="false"
                    href=(hit.address) { (line(locale, hit)) }
            }
        }
    }
}

fn line(locale: Locale, hit: &Hit) -> Markup {
    html! {
        span.badge { (locale.text(hit.kind)) } " "
        strong { (hit.name) } " "
        span.quiet { (hit.detail) }
    }
}

fn count(locale: Locale, hits: &[Hit]) -> String {
    locale.text_with("search-found", &[("count", hits.len().into())])
}

fn hits(locale: Locale, search: &str, found: &Found) -> Vec<Hit> {
    let orders = found.orders.iter().map(|order| of_order(locale, order));
    let articles = found.articles.iter().map(|article| of_article(locale, article));
    let users = found.users.iter().map(of_user);
    orders.chain(articles).chain(users).chain(pages(locale, search)).collect()
}

fn of_order(locale: Locale, order: &Order) -> Hit {
    let contact = order.contact.as_ref();
    let name = contact.map_or(String::new(), |contact| format!("{} · ", contact.name));
    Hit {
        kind: "search-order",
        name: html! { (order.id.number()) },
        detail: name + &money(locale, order.total),
        address: format!("/admin/orders/{}", order.id),
    }
}

fn of_article(locale: Locale, article: &Article) -> Hit {
    Hit {
        kind: "search-article",
        name: article_text(locale, &article.name, &article.translation.name),
        detail: money(locale, article.price),
        address: format!("/admin/articles/{}", article.id),
    }
}

fn of_user(user: &User) -> Hit {
    let email = user.email.as_ref();
    Hit {
        kind: "search-user",
        name: html! { (user.username) },
        detail: email.map_or(String::new(), |email| email.as_str().to_owned()),
        address: format!("/admin/users/{}", user.id),
    }
}

/// Returns the pages of the desk of whose names each word of the search begins a word.
fn pages(locale: Locale, search: &str) -> impl Iterator<Item = Hit> {
    let search = words(search);
    let is_found = move |name: &str| {
        let own = words(name);
        search.iter().all(|word| own.iter().any(|own| own.starts_with(word.as_str())))
    };
    PAGES.into_iter().map(move |(href, key)| (href, locale.text(key))).filter_map(
        move |(href, name)| {
            is_found(&name).then(|| Hit {
                kind: "search-page",
                name: html! { (name) },
                detail: String::new(),
                address: href.to_owned(),
            })
        },
    )
}

#[cfg(test)]
mod tests {
    use domain::order::OrderStatus;
    use domain::payment::PaymentStatus;
    use domain::user::Role;

    use super::*;
    use crate::sample::{HOSTILE, article, lines, order, user};

    fn found() -> Found {
        Found {
            orders: vec![order(OrderStatus::Paid, 1, PaymentStatus::Succeeded)],
            articles: vec![article(3, HOSTILE, 9_900, 1)],
            users: vec![user("ana", Role::Customer)],
        }
    }

    #[test]
    fn the_page_and_the_palette_show_what_was_found_with_its_kind_and_its_address() {
        let search = Search::new("a");
        insta::assert_snapshot!("search_en", lines(&page(Locale::En, &search, &found())));
        insta::assert_snapshot!(
            "search_palette_fr",
            lines(&palette_results(Locale::Fr, &search, &found()))
        );
    }

    #[test]
    fn pages_are_found_by_the_beginnings_of_the_words_of_their_names() {
        let names = |search| {
            let hits = pages(Locale::En, search).map(|hit| hit.name.0);
            hits.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(names("").matches(", ").count(), PAGES.len() - 1);
        assert_eq!(names("PRI st"), "Stock and prices");
        assert_eq!(names("tock"), "");
        let (search, found) = (Search::new("tock"), Found::default());
        assert!(palette_results(Locale::En, &search, &found).0.contains(" hidden"));
        assert!(palette_status(Locale::En, &search, &found).0.contains("Nothing found"));
    }
}
