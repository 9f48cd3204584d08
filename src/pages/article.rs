//! The catalogue page.

use std::collections::BTreeSet;
use std::ops::Bound;

use actix_web::HttpResponse;
use actors::snapshot::Listing;
use domain::article::{Article, ArticleId, Articles};
use domain::list::ListPage;
use domain::shown::Shown;
use maud::PreEscaped;

use super::{ListQuery, render_page};
use crate::auth::browser::Visitor;
use crate::error::Problem;
use crate::flash::addresses::see_other;
use crate::query::Parameters;

/// The most articles that a page of the catalogue shows.
const LISTED: usize = 24;

/// `GET /`: redirects to the catalogue.
pub async fn redirect_to_articles() -> HttpResponse {
    see_other("/articles")
}

/// `GET /articles`: shows a page of the catalogue.
pub async fn show_articles(
    visitor: Visitor,
    Parameters(query): Parameters<ListQuery<ArticleId>>,
) -> Result<HttpResponse, Problem> {
    render_page(&visitor, "page-articles", Shown::Articles(query.after), async {
        let Listing { articles, edition, .. } = visitor.state.shop.snapshot.listing();
        let list = || views::article::list(visitor.locale, &page_of(&articles, query.after));
        if query.after.is_some() {
            return Ok(list());
        }
        let make = || Ok(list().into_string().into());
        let kept = visitor.state.cards.get(visitor.locale, edition, make)?;
        Ok(PreEscaped(kept.to_string()))
    })
    .await
}

/// Whether an article on sale is on the page of the articles that starts after one of them. A page
/// after which there are none shows the last ones.
pub fn is_listed(id: ArticleId, on_sale: &BTreeSet<ArticleId>, after: Option<ArticleId>) -> bool {
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut rest = on_sale.range((start, Bound::Unbounded)).peekable();
    if rest.peek().is_none() {
        return on_sale.iter().rev().take(LISTED).any(|listed| *listed == id);
    }
    rest.take(LISTED).any(|listed| *listed == id)
}

/// Returns a page of the articles on sale. All articles are in memory, so those on sale are counted
/// each time.
pub fn page_of(articles: &Articles, after: Option<ArticleId>) -> ListPage<Article, ArticleId> {
    let on_sale: Vec<_> = articles.values().filter(|article| article.active).collect();
    ListPage::of(&on_sale, |article| article.id, after, LISTED).map(Article::clone)
}
