//! Articles: anybody may read them, administrators change them.

use std::ops::Bound;

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Path, Query};
use actors::article::{AddArticle, ChangeArticle, RemoveArticle};
use domain::article::{Article, ArticleError, ArticleId, ArticlePatch};
use domain::money::{CURRENCY, Cents};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{PageOf, many, one};
use crate::assets;
use crate::auth::bearer::Admin;
use crate::error::Problem;
use crate::json::Fields;
use crate::state::AppState;

/// A new article.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewArticle {
    name: String,
    #[serde(default)]
    description: String,
    picture: Option<String>,
    price_cents: Cents,
    on_hand: u32,
}

/// What changes of an article.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    name: Option<String>,
    description: Option<String>,
    price_cents: Option<Cents>,
    on_hand: Option<u32>,
    active: Option<bool>,
}

/// An article as JSON.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ArticleJson {
    id: ArticleId,
    name: String,
    description: String,
    price_cents: Cents,
    currency: &'static str,
    /// Pieces that can be ordered now.
    available: u32,
    #[serde(flatten)]
    stock: Option<StockJson>,
}

/// What only administrators are told of an article.
#[derive(Debug, Serialize, JsonSchema)]
struct StockJson {
    /// Pieces in the house.
    on_hand: u32,
    /// Pieces in the house that belong to orders not yet paid.
    reserved: u32,
    /// Whether it is on sale.
    active: bool,
}

/// `GET /api/articles`: a page of the catalogue.
pub async fn list(
    state: Data<AppState>,
    page: Query<PageOf<ArticleId>>,
) -> Result<HttpResponse, Problem> {
    let articles = state.shop.snapshot.articles();
    let after = page.after.map_or(Bound::Unbounded, Bound::Excluded);
    let on_sale = articles
        .range((after, Bound::Unbounded))
        .map(|(_, article)| article)
        .filter(|article| article.active);
    Ok(many("articles", on_sale.take(page.limit()?).map(article_json).collect()))
}

/// `GET /api/articles/{id}`: an article.
pub async fn get(state: Data<AppState>, id: Path<ArticleId>) -> Result<HttpResponse, Problem> {
    let articles = state.shop.snapshot.articles();
    let article =
        articles.get(&id).filter(|article| article.active).ok_or(ArticleError::Unknown)?;
    Ok(one("article", article_json(article)))
}

/// `POST /api/articles`: puts a new article on sale.
pub async fn add(
    _: Admin,
    state: Data<AppState>,
    Fields(new): Fields<NewArticle>,
) -> Result<HttpResponse, Problem> {
    let NewArticle { name, description, picture, price_cents, on_hand } = new;
    let picture = picture.unwrap_or_else(|| "article.svg".into());
    if !assets::has_picture(&picture) {
        return Err(ArticleError::Invalid {
            field: "picture",
            rule: "must be one of the shop's pictures",
        }
        .into());
    }
    let article = Article {
        id: ArticleId(0),
        name,
        description,
        picture,
        price: price_cents,
        on_hand,
        reserved: 0,
        active: true,
    };
    let article = state.shop.catalogue.ask(AddArticle(article)).await?;
    let created = HttpResponse::Created()
        .insert_header((LOCATION, format!("/api/articles/{}", article.id)))
        .json(json!({ "success": true, "article": admin_json(&article) }));
    Ok(created)
}

/// `PATCH /api/articles/{id}`: changes an article.
pub async fn change(
    _: Admin,
    state: Data<AppState>,
    id: Path<ArticleId>,
    Fields(patch): Fields<Patch>,
) -> Result<HttpResponse, Problem> {
    let Patch { name, description, price_cents: price, on_hand, active } = patch;
    let patch = ArticlePatch { name, description, price, on_hand, active };
    let article = state.shop.catalogue.ask(ChangeArticle { id: *id, patch }).await?;
    Ok(one("article", admin_json(&article)))
}

/// `DELETE /api/articles/{id}`: takes an article out of the catalogue.
pub async fn remove(
    _: Admin,
    state: Data<AppState>,
    id: Path<ArticleId>,
) -> Result<HttpResponse, Problem> {
    let article = state.shop.catalogue.ask(RemoveArticle(*id)).await?;
    Ok(one("article", admin_json(&article)))
}

/// An article as anybody sees it.
pub fn article_json(article: &Article) -> ArticleJson {
    ArticleJson {
        id: article.id,
        name: article.name.clone(),
        description: article.description.clone(),
        price_cents: article.price,
        currency: CURRENCY,
        available: article.available(),
        stock: None,
    }
}

/// An article as administrators are told of it.
pub fn admin_json(article: &Article) -> ArticleJson {
    let Article { on_hand, reserved, active, .. } = *article;
    ArticleJson { stock: Some(StockJson { on_hand, reserved, active }), ..article_json(article) }
}
