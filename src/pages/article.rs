//! The catalogue.

use actix_web::HttpResponse;
use domain::event::Topic;

use super::{draw, see_other};
use crate::auth::browser::Visitor;
use crate::error::Problem;

/// `GET /`: to the catalogue.
pub async fn home() -> HttpResponse {
    see_other("/articles")
}

/// `GET /articles`: the catalogue.
pub async fn list(visitor: Visitor) -> Result<HttpResponse, Problem> {
    draw(&visitor, "articles", &[Topic::Catalogue], async {
        Ok(views::article::list(visitor.locale, &visitor.state.shop.snapshot.articles()))
    })
    .await
}
