//! What an empty store is filled with: the first administrator and `config/catalogue.toml`.

use actors::seed::Seed;
use domain::article::texts::Texts;
use domain::article::{Article, ArticleId};
use domain::money::Cents;
use domain::user::Username;
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::AppError;
use crate::config::Config;
use crate::config::judge::{DEFAULT_PASSWORD, FIRST_ADMIN};

/// The articles of a new shop.
const CATALOGUE: &str = include_str!("../../config/catalogue.toml");

#[derive(Deserialize)]
struct SeedFile {
    article: Vec<SeedArticle>,
}

#[derive(Deserialize)]
struct SeedArticle {
    id: u32,
    name: String,
    description: String,
    picture: String,
    price_cents: u64,
    on_hand: u32,
}

/// Returns the seed of a configuration.
pub(super) fn seed(config: &Config) -> Result<Seed, AppError> {
    let file: SeedFile = toml::from_str(CATALOGUE)?;
    let configured = config.admin.password.expose_secret();
    let password = if configured.is_empty() { DEFAULT_PASSWORD } else { configured };
    Ok(Seed {
        admin: Username::new(FIRST_ADMIN)?,
        password: password.to_owned(),
        default_password: password == DEFAULT_PASSWORD,
        articles: file.article.into_iter().map(article).collect(),
    })
}

fn article(seed: SeedArticle) -> Article {
    Article {
        id: ArticleId(seed.id),
        name: seed.name,
        description: seed.description,
        picture: seed.picture,
        price: Cents(seed.price_cents),
        on_hand: seed.on_hand,
        reserved: 0,
        active: true,
        revision: 0,
        translation: Texts::default(),
        uploaded: None,
    }
}
