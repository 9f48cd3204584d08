//! The articles of the REST API: every client reads them, administrators change them.
//!
//! Every answer with one article carries an entity tag: its revision, which only administrators
//! change, and the units that can be ordered. A change with `If-Match` needs a tag of the current
//! revision; the units must be the current ones too only if it sets the stock. Otherwise every
//! order would make the change of a price fail.

use std::ops::Bound;

use actix_web::http::header::{ETAG, LOCATION};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use actors::article::{AddArticle, ChangeArticle, RemoveArticle};
use actors::failure::Failure;
use domain::article::{Article, ArticleError, ArticleId, ArticlePatch, ArticleVersion};
use domain::money::{CURRENCY, Cents};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{PageOf, expected_versions, many, one};
use crate::assets;
use crate::auth::bearer::Admin;
use crate::error::Problem;
use crate::error::code::Code;
use crate::json::{Fields, given};
use crate::path::Path;
use crate::query::Parameters;
use crate::state::AppState;

/// The picture of an article that is added without one.
const DEFAULT_PICTURE: &str = "article.svg";

/// The body of a request that adds an article.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewArticle {
    name: String,
    description: Option<String>,
    /// The file name of one of the shop's pictures; `None` stands for a neutral one.
    picture: Option<String>,
    price_cents: Cents,
    /// The units in the warehouse.
    on_hand: u32,
}

/// The body of a request that changes an article; a missing field stays unchanged.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArticleChange {
    #[serde(deserialize_with = "given")]
    name: Option<String>,
    /// The new description; `null` removes it.
    #[serde(deserialize_with = "given")]
    description: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    price_cents: Option<Cents>,
    #[serde(deserialize_with = "given")]
    on_hand: Option<u32>,
    #[serde(deserialize_with = "given")]
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
    Parameters(page): Parameters<PageOf<ArticleId>>,
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
    Ok(answer(HttpResponse::Ok(), article, article_json(article)))
}

/// `POST /api/articles`: adds an article and puts it on sale.
pub async fn add_article(
    _: Admin,
    state: Data<AppState>,
    Fields(new): Fields<NewArticle>,
) -> Result<HttpResponse, Problem> {
    let article = state.shop.catalogue.ask(AddArticle(new.into_article()?)).await?;
    let mut created = HttpResponse::Created();
    created.insert_header((LOCATION, format!("/api/articles/{}", article.id)));
    Ok(answer(created, &article, admin_json(&article)))
}

/// `PATCH /api/articles/{id}`: changes an article.
pub async fn change_article(
    _: Admin,
    state: Data<AppState>,
    request: HttpRequest,
    id: Path<ArticleId>,
    Fields(change): Fields<ArticleChange>,
) -> Result<HttpResponse, Problem> {
    let ArticleChange { name, description, price_cents: price, on_hand, active } = change;
    let description = description.map(Option::unwrap_or_default);
    let patch = ArticlePatch { name, description, price, on_hand, active };
    let change = ChangeArticle { id: *id, patch, expected: expected_version(&request)? };
    let article = state.shop.catalogue.ask(change).await.map_err(refusal)?;
    Ok(answer(HttpResponse::Ok(), &article, admin_json(&article)))
}

/// `DELETE /api/articles/{id}`: removes an article from the catalogue.
pub async fn remove_article(
    _: Admin,
    state: Data<AppState>,
    request: HttpRequest,
    id: Path<ArticleId>,
) -> Result<HttpResponse, Problem> {
    let remove = RemoveArticle { id: *id, expected: expected_version(&request)? };
    let article = state.shop.catalogue.ask(remove).await.map_err(refusal)?;
    Ok(one("article", admin_json(&article)))
}

fn expected_version(request: &HttpRequest) -> Result<Option<Vec<ArticleVersion>>, Problem> {
    expected_versions(request, |tag| {
        let (revision, available) = tag.split_once('-')?;
        let revision = revision.parse().ok()?;
        let version = ArticleVersion { revision, available: available.parse().ok()? };
        (etag(version) == format!("\"{tag}\"")).then_some(version)
    })
}

fn etag(ArticleVersion { revision, available }: ArticleVersion) -> String {
    format!("\"{revision}-{available}\"")
}

/// Answers with an article and its entity tag.
fn answer(mut response: HttpResponseBuilder, article: &Article, json: ArticleJson) -> HttpResponse {
    response
        .insert_header((ETAG, etag(article.version())))
        .json(json!({ "success": true, "article": json }))
}

/// Converts a refusal into its problem; a change of another version is 412 with the current
/// article.
fn refusal(failure: Failure<ArticleError>) -> Problem {
    match failure {
        Failure::Refused(ArticleError::VersionMismatch { current }) => {
            let members = json!({ "article": admin_json(&current) });
            Problem::new(Code::PreconditionFailed).with(members)
        }
        other => other.into(),
    }
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
        let description = description.unwrap_or_default();
        let id = ArticleId(0);
        let (reserved, active, revision) = (0, true, 0);
        Ok(Article { id, name, description, picture, price, on_hand, reserved, active, revision })
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
