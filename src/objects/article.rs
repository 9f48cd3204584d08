//! An article as JSON.

use std::collections::BTreeMap;

use domain::article::picture::WIDTHS;
use domain::article::texts::Texts;
use domain::article::{Article, ArticleId};
use domain::money::{CURRENCY, Cents};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use views::article::picture;
use views::locale::Locale;
use views::site::{languages, localized};

use super::example;
use crate::answer::{Example, Resource};

/// An article as JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Article")]
pub struct ArticleJson {
    id: ArticleId,
    /// The path of the article in the API.
    url: String,
    name: String,
    description: String,
    /// The address of the picture in its larger size.
    picture: String,
    /// The addresses of the picture, the smallest one first.
    pictures: Vec<PictureJson>,
    price_cents: Cents,
    currency: &'static str,
    /// The units that can be ordered.
    available: u32,
    #[serde(flatten)]
    stock: Option<StockJson>,
    #[serde(skip)]
    translation: Texts,
}

/// A copy of a picture.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Picture")]
struct PictureJson {
    url: String,
    /// The width in pixels; `null` for a drawing, which is sharp in every size.
    width: Option<u32>,
}

/// The fields of an article that only administrators receive.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Stock")]
struct StockJson {
    /// The units in the warehouse.
    on_hand: u32,
    /// The units in the warehouse that unpaid orders have reserved.
    reserved: u32,
    /// Whether the article is on sale.
    active: bool,
    /// How often an administrator has changed the article.
    revision: u32,
    /// The texts by language: that of the shop, and the other one of the pages.
    texts: BTreeMap<&'static str, TextsJson>,
}

/// The texts of an article in one language.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Texts")]
struct TextsJson {
    name: String,
    description: String,
}

impl ArticleJson {
    /// Returns the article with the texts for a reader; articles of sockets have those of the shop.
    pub fn in_language(self, locale: Locale) -> Self {
        let Texts { name, description } = &self.translation;
        let name = localized(locale, &self.name, name).0.to_owned();
        let description = localized(locale, &self.description, description).0.to_owned();
        Self { name, description, ..self }
    }
}

impl Resource for ArticleJson {
    const ONE: &'static str = "article";
    const MANY: &'static str = "articles";
}

impl Example for ArticleJson {
    fn example() -> Value {
        json!(article_json(&example::article()))
    }
}

/// Converts an article into the JSON that every client receives.
pub fn article_json(article: &Article) -> ArticleJson {
    ArticleJson {
        id: article.id,
        url: format!("/api/articles/{}", article.id),
        name: article.name.clone(),
        description: article.description.clone(),
        picture: picture(article, WIDTHS[1]),
        pictures: pictures(article),
        price_cents: article.price,
        currency: CURRENCY,
        available: article.available(),
        stock: None,
        translation: article.translation.clone(),
    }
}

fn pictures(article: &Article) -> Vec<PictureJson> {
    let copy = |width| PictureJson { url: picture(article, width), width: Some(width) };
    match article.uploaded {
        Some(_) => WIDTHS.map(copy).into(),
        None => vec![PictureJson { width: None, ..copy(WIDTHS[1]) }],
    }
}

/// Converts an article into the JSON that administrators receive.
pub fn admin_json(article: &Article) -> ArticleJson {
    let Article { on_hand, reserved, active, revision, .. } = *article;
    let Article { name, description, translation, .. } = article.clone();
    let [main, other] = languages();
    let Texts { name: translated_name, description: translated_description } = translation;
    let texts = BTreeMap::from([
        (main, TextsJson { name, description }),
        (other, TextsJson { name: translated_name, description: translated_description }),
    ]);
    let stock = StockJson { on_hand, reserved, active, revision, texts };
    ArticleJson { stock: Some(stock), ..article_json(article) }
}
