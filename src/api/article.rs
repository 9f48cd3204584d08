//! The articles of the REST API: every client reads them, administrators change them.

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

/// The picture of an article that is added without one.
const DEFAULT_PICTURE: &str = "article.svg";

/// The body of a request that adds an article.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewArticle {
    name: String,
    #[serde(default)]
    description: String,
    /// The file name of one of the shop's pictures; `None` stands for a neutral one.
    picture: Option<String>,
    price_cents: Cents,
    /// The units in the warehouse.
    on_hand: u32,
}

/// The body of a request that changes an article; a missing field stays unchanged.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArticleChange {
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
    /// The units that can be ordered.
    available: u32,
    #[serde(flatten)]
    stock: Option<StockJson>,
}

/// The fields of an article that only administrators receive.
#[derive(Debug, Serialize, JsonSchema)]
struct StockJson {
    /// The units in the warehouse.
    on_hand: u32,
    /// The units in the warehouse that unpaid orders have reserved.
    reserved: u32,
    /// Whether the article is on sale.
    active: bool,
}

/// `GET /api/articles`: lists one page of the articles on sale.
pub async fn list_articles(
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

/// `GET /api/articles/{id}`: returns an article that is on sale.
pub async fn get_article(
    state: Data<AppState>,
    id: Path<ArticleId>,
) -> Result<HttpResponse, Problem> {
    let articles = state.shop.snapshot.articles();
    let article =
        articles.get(&id).filter(|article| article.active).ok_or(ArticleError::Unknown)?;
    Ok(one("article", article_json(article)))
}

/// `POST /api/articles`: adds an article and puts it on sale.
pub async fn add_article(
    _: Admin,
    state: Data<AppState>,
    Fields(new): Fields<NewArticle>,
) -> Result<HttpResponse, Problem> {
    let article = state.shop.catalogue.ask(AddArticle(new.into_article()?)).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/api/articles/{}", article.id)))
        .json(json!({ "success": true, "article": admin_json(&article) })))
}

/// `PATCH /api/articles/{id}`: changes an article.
pub async fn change_article(
    _: Admin,
    state: Data<AppState>,
    id: Path<ArticleId>,
    Fields(change): Fields<ArticleChange>,
) -> Result<HttpResponse, Problem> {
    let ArticleChange { name, description, price_cents: price, on_hand, active } = change;
    let patch = ArticlePatch { name, description, price, on_hand, active };
    let article = state.shop.catalogue.ask(ChangeArticle { id: *id, patch }).await?;
    Ok(one("article", admin_json(&article)))
}

/// `DELETE /api/articles/{id}`: removes an article from the catalogue.
pub async fn remove_article(
    _: Admin,
    state: Data<AppState>,
    id: Path<ArticleId>,
) -> Result<HttpResponse, Problem> {
    let article = state.shop.catalogue.ask(RemoveArticle(*id)).await?;
    Ok(one("article", admin_json(&article)))
}

impl NewArticle {
    /// Converts the body into an article without a number, which the catalogue assigns.
    fn into_article(self) -> Result<Article, ArticleError> {
        let Self { name, description, picture, price_cents: price, on_hand } = self;
        let picture = picture.unwrap_or_else(|| DEFAULT_PICTURE.into());
        if !assets::has_picture(&picture) {
            let rule = "must be one of the shop's pictures";
            return Err(ArticleError::Invalid { field: "picture", rule });
        }
        let id = ArticleId(0);
        Ok(Article { id, name, description, picture, price, on_hand, reserved: 0, active: true })
    }
}

/// Converts an article into the JSON that every client receives.
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

/// Converts an article into the JSON that administrators receive.
pub fn admin_json(article: &Article) -> ArticleJson {
    let Article { on_hand, reserved, active, .. } = *article;
    ArticleJson { stock: Some(StockJson { on_hand, reserved, active }), ..article_json(article) }
}
