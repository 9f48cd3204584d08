//! The catalogue page.

use actix_web::HttpResponse;
use domain::topic::Topic;

use super::{render_page, see_other};
use crate::auth::browser::Visitor;
use crate::error::Problem;

/// `GET /`: redirects to the catalogue.
pub async fn redirect_to_articles() -> HttpResponse {
    see_other("/articles")
}

/// `GET /articles`: shows the catalogue.
pub async fn show_articles(visitor: Visitor) -> Result<HttpResponse, Problem> {
    render_page(&visitor, "articles", &[Topic::Catalogue], async {
        Ok(views::article::list(visitor.locale, &visitor.state.shop.snapshot.articles()))
    })
    .await
}
