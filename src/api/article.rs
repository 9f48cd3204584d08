//! The articles of the REST API: every client reads them, administrators change them.
//!
//! Every answer with one article carries an entity tag: its revision, which only administrators
//! change, and the units that can be ordered. A change with `If-Match` needs a tag of the current
//! revision; the units must be the current ones too only if it sets the stock. Otherwise every
//! order would make the change of a price fail.

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use actix_web::web::{Bytes, Data};
use actors::article::{AddArticle, ChangeArticle, RemoveArticle};
use actors::failure::Failure;
use actors::snapshot::Listing;
use domain::article::texts::Texts;
use domain::article::typed;
use domain::article::{
    Article, ArticleError, ArticleId, ArticlePatch, ArticleVersion, Articles, NEUTRAL_PICTURE,
};
use domain::money::Cents;
use domain::search::Search;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use views::locale::Locale;
use views::site::{languages, localized};

use super::{cut, expected_versions, page_limit};
use crate::answer::{Answer, Answered, One, Page, one, to_bytes};
use crate::assets::{self, accepted_encoding};
use crate::auth::bearer::Admin;
use crate::auth::browser::locale;
use crate::error::Problem;
use crate::error::code::Code;
use crate::json::{Fields, given};
use crate::kept::encode;
use crate::objects::article::{ArticleJson, admin_json, article_json};
use crate::path::Path;
use crate::query::Parameters;
use crate::state::AppState;

/// The body of a request that adds an article.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "name": "Lamp", "price_cents": 1_250, "on_hand": 15 }))]
pub struct NewArticle {
    name: String,
    description: Option<String>,
    /// The file name of one of the shop's pictures; a neutral one if absent.
    picture: Option<String>,
    price_cents: Cents,
    /// The units in the warehouse.
    on_hand: u32,
}

/// The body of a request that changes an article; a missing field stays unchanged.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(example = json!({ "price_cents": 1_190, "on_hand": 20 }))]
pub struct ArticleChange {
    #[serde(deserialize_with = "given")]
    #[schemars(with = "String")]
    name: Option<String>,
    /// The new description; `null` removes it.
    #[serde(deserialize_with = "given")]
    description: Option<Option<String>>,
    /// New texts by language; a text that is absent stays unchanged.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "BTreeMap<String, TextsChange>")]
    texts: Option<BTreeMap<String, TextsChange>>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Cents")]
    price_cents: Option<Cents>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "u32")]
    on_hand: Option<u32>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "bool")]
    active: Option<bool>,
}

/// New texts in one language.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct TextsChange {
    #[serde(deserialize_with = "given")]
    #[schemars(with = "String")]
    name: Option<String>,
    #[serde(deserialize_with = "given")]
    description: Option<Option<String>>,
}

/// The query of a list of articles.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArticlesQuery {
    /// What the number or the names of the articles must have; all if absent.
    #[serde(default)]
    q: String,
    /// The order of the list.
    #[serde(default)]
    sort: Sort,
    /// The article after which the page starts.
    after: Option<ArticleId>,
    /// The most articles to return.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<usize>,
}

/// An order of articles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
enum Sort {
    #[default]
    #[serde(rename = "id")]
    Id,
    #[serde(rename = "-id")]
    IdDescending,
    #[serde(rename = "name")]
    Name,
    #[serde(rename = "-name")]
    NameDescending,
    #[serde(rename = "price")]
    Price,
    #[serde(rename = "-price")]
    PriceDescending,
}

/// `GET /api/articles`: lists one page of the articles on sale that a search finds.
pub async fn list_articles(
    state: Data<AppState>,
    request: HttpRequest,
    Parameters(query): Parameters<ArticlesQuery>,
) -> Answered<Page<ArticleJson, ArticleId>> {
    let locale = locale(&request);
    let page = |articles: &Articles, query| {
        page(articles, locale, query, |article| article.active, article_json)
    };
    if !query.is_default() {
        return Ok(Answer::ok(page(&state.shop.snapshot.articles(), query)?));
    }
    let Listing { articles, edition, .. } = state.shop.snapshot.listing();
    let encoding = accepted_encoding(&request).map(|encoding| encoding.as_str());
    let make = || {
        let encoded = encode(to_bytes(&page(&articles, query)?)?, encoding);
        encoded.map(Bytes::from).map_err(|error| Problem::because(Code::Internal, error))
    };
    Ok(Answer::kept(state.articles.get((locale, encoding), edition, make)?, encoding))
}

/// `GET /api/admin/articles`: lists one page of all articles that a search finds.
pub async fn list_stock(
    _: Admin,
    state: Data<AppState>,
    request: HttpRequest,
    Parameters(query): Parameters<ArticlesQuery>,
) -> Answered<Page<ArticleJson, ArticleId>> {
    let articles = state.shop.snapshot.articles();
    Ok(Answer::ok(page(&articles, locale(&request), query, |_| true, admin_json)?))
}

/// Returns one page of the articles that are shown and that a search finds.
fn page(
    articles: &Articles,
    locale: Locale,
    ArticlesQuery { q, sort, after, limit }: ArticlesQuery,
    is_shown: impl Fn(&Article) -> bool,
    json: impl Fn(&Article) -> ArticleJson,
) -> Result<Page<ArticleJson, ArticleId>, Problem> {
    let search = Search::new(&q);
    let limit = page_limit(limit)?;
    let is_found = |article: &&Article| is_shown(article) && article.is_found_by(&search);
    let mut found: Vec<_> = articles.values().filter(is_found).collect();
    let total = found.len() as u64;
    if let Some(after) = after {
        let last = sort.place_of(after, articles, locale)?;
        found.retain(|article| match sort.is_descending() {
            true => sort.place(article, locale) < last,
            false => sort.place(article, locale) > last,
        });
    }
    found.sort_by_cached_key(|article| sort.place(article, locale));
    if sort.is_descending() {
        found.reverse();
    }
    let next = cut(&mut found, limit).map(|article| article.id);
    let found = found.into_iter().map(|article| json(article).in_language(locale));
    Ok(Page { entries: found.collect(), total, next })
}

impl ArticlesQuery {
    /// Whether the query is empty.
    fn is_default(&self) -> bool {
        let Self { q, sort, after, limit } = self;
        q.is_empty() && *sort == Sort::Id && after.is_none() && limit.is_none()
    }
}

/// The place of an article in an order: two places are never equal.
type Place = (String, Cents, ArticleId);

impl Sort {
    /// Returns the place of an article for a reader of a language, in the ascending order.
    fn place(self, article: &Article, locale: Locale) -> Place {
        let (name, price) = match self {
            Self::Id | Self::IdDescending => (String::new(), Cents(0)),
            Self::Name | Self::NameDescending => {
                let name = localized(locale, &article.name, &article.translation.name).0;
                (name.to_lowercase(), Cents(0))
            }
            Self::Price | Self::PriceDescending => (String::new(), article.price),
        };
        (name, price, article.id)
    }

    /// Returns the place of the last article of a page. One that has been removed has a
    /// place in the order of the numbers only.
    fn place_of(
        self,
        id: ArticleId,
        articles: &Articles,
        locale: Locale,
    ) -> Result<Place, Problem> {
        match (self, articles.get(&id)) {
            (_, Some(article)) => Ok(self.place(article, locale)),
            (Self::Id | Self::IdDescending, None) => Ok((String::new(), Cents(0), id)),
            (_, None) => Err(Problem::because(Code::InvalidQuery, "there is no such article")
                .about_parameter("after")),
        }
    }

    fn is_descending(self) -> bool {
        matches!(self, Self::IdDescending | Self::NameDescending | Self::PriceDescending)
    }
}

/// `GET /api/articles/{id}`: returns an article that is on sale.
pub async fn get_article(
    state: Data<AppState>,
    request: HttpRequest,
    id: Path<ArticleId>,
) -> Answered<One<ArticleJson>> {
    let articles = state.shop.snapshot.articles();
    let article =
        articles.get(&id).filter(|article| article.active).ok_or(ArticleError::Unknown)?;
    Ok(answer(&request, article, article_json(article)))
}

/// `POST /api/articles`: adds an article and puts it on sale.
pub async fn add_article(
    Admin(me): Admin,
    state: Data<AppState>,
    request: HttpRequest,
    Fields(new): Fields<NewArticle>,
) -> Answered<One<ArticleJson>> {
    let article = state
        .shop
        .catalogue
        .ask(AddArticle { article: new.into_article()?, expected: None, by: Some(me.author()) })
        .await?;
    let path = format!("/api/articles/{}", article.id);
    let json = admin_json(&article).in_language(locale(&request));
    Ok(Answer::created(&path, One(json)).tagged(tag(&request, &article)))
}

/// `PATCH /api/articles/{id}`: changes an article.
pub async fn change_article(
    Admin(me): Admin,
    state: Data<AppState>,
    request: HttpRequest,
    id: Path<ArticleId>,
    Fields(change): Fields<ArticleChange>,
) -> Answered<One<ArticleJson>> {
    let change = ChangeArticle {
        id: *id,
        patch: change.into_patch()?,
        expected: expected_version(&request)?,
        by: Some(me.author()),
    };
    let article = state.shop.catalogue.ask(change).await.map_err(refusal)?;
    Ok(answer(&request, &article, admin_json(&article)))
}

/// `DELETE /api/articles/{id}`: removes an article from the catalogue.
pub async fn remove_article(
    Admin(me): Admin,
    state: Data<AppState>,
    request: HttpRequest,
    id: Path<ArticleId>,
) -> Answered<One<ArticleJson>> {
    let expected = expected_version(&request)?;
    let remove = RemoveArticle { id: *id, expected, by: Some(me.author()) };
    let article = state.shop.catalogue.ask(remove).await.map_err(refusal)?;
    Ok(one(admin_json(&article)))
}

pub(super) fn expected_version(
    request: &HttpRequest,
) -> Result<Option<Vec<ArticleVersion>>, Problem> {
    expected_versions(request, |tag| {
        let [_, other] = languages();
        let tag = tag.strip_suffix(other).and_then(|tag| tag.strip_suffix('-')).unwrap_or(tag);
        typed::version(tag).ok().filter(|version| version.to_string() == tag)
    })
}

/// Answers with an article in the language of the request, and its entity tag.
pub(super) fn answer(
    request: &HttpRequest,
    article: &Article,
    json: ArticleJson,
) -> Answer<One<ArticleJson>> {
    one(json.in_language(locale(request))).tagged(tag(request, article))
}

/// Returns the entity tag of an article in the language of the request. That of the article in the
/// other language differs, because its texts do.
fn tag(request: &HttpRequest, article: &Article) -> String {
    let [_, other] = languages();
    let version = article.version();
    if locale(request).code() == other { format!("{version}-{other}") } else { version.to_string() }
}

/// Converts a refusal into its problem; a change of another version is 412 with the current
/// article.
pub(super) fn refusal(failure: Failure<ArticleError>) -> Problem {
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
        let picture = picture.unwrap_or_else(|| NEUTRAL_PICTURE.into());
        if !assets::has_picture(&picture) {
            let rule = "must be one of the shop's pictures";
            return Err(ArticleError::Invalid { field: "picture", rule });
        }
        let description = description.unwrap_or_default();
        let id = ArticleId(0);
        let (reserved, active, revision) = (0, true, 0);
        let translation = Texts::default();
        Ok(Article {
            id,
            name,
            description,
            picture,
            price,
            on_hand,
            reserved,
            active,
            revision,
            translation,
            uploaded: None,
        })
    }
}

impl ArticleChange {
    /// Converts the body into a patch. In `texts`, only the languages of the articles are known.
    fn into_patch(self) -> Result<ArticlePatch, Problem> {
        let Self { name, description, texts, price_cents: price, on_hand, active } = self;
        let [main, other] = languages();
        let mut texts = texts.unwrap_or_default();
        let own = texts.remove(main).unwrap_or_default();
        let translated = texts.remove(other).unwrap_or_default();
        if let Some((language, _)) = texts.pop_first() {
            let pointer = format!("/texts/{language}");
            return Err(Problem::new(Code::UnknownField).about(&pointer));
        }
        Ok(ArticlePatch {
            name: name.or(own.name),
            description: description.or(own.description).map(Option::unwrap_or_default),
            translated_name: translated.name,
            translated_description: translated.description.map(Option::unwrap_or_default),
            price,
            on_hand,
            active,
        })
    }
}
