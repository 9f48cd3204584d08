//! What an empty store is filled with: the first administrator, and the articles of a file.

use actors::seed::Seed;
use domain::article::texts::Texts;
use domain::article::{Article, ArticleId};
use domain::money::Cents;
use domain::user::{UserError, Username};
use secrecy::ExposeSecret;
use serde::Deserialize;

use crate::config::Config;
use crate::config::judge::{DEFAULT_PASSWORD, FIRST_ADMIN};

/// Why there is no seed.
#[derive(Debug, thiserror::Error)]
pub enum WrongSeed {
    /// The file of the articles is invalid.
    #[error("the file of the first articles: {0}")]
    Catalogue(#[from] toml::de::Error),
    /// The first administrator is invalid.
    #[error(transparent)]
    Admin(#[from] UserError),
}

#[derive(Deserialize)]
struct SeedFile {
    article: Vec<SeedArticle>,
}

#[derive(Deserialize)]
struct SeedArticle {
    id: u32,
    picture: String,
    price_cents: u64,
    on_hand: u32,
    fr: Texts,
    en: Texts,
}

/// Returns the seed of a configuration with the articles of a file.
pub fn seed(config: &Config, catalogue: &str) -> Result<Seed, WrongSeed> {
    let file: SeedFile = toml::from_str(catalogue)?;
    let configured = config.admin.password.expose_secret();
    let password = if configured.is_empty() { DEFAULT_PASSWORD } else { configured };
    let is_english = config.site.language.split('-').next() == Some("en");
    Ok(Seed {
        admin: Username::new(FIRST_ADMIN)?,
        password: password.to_owned(),
        default_password: password == DEFAULT_PASSWORD,
        articles: file.article.into_iter().map(|seed| seed.article(is_english)).collect(),
    })
}

impl SeedArticle {
    /// Returns the article. Its own texts are English in an English shop, and French in any other.
    fn article(self, is_english: bool) -> Article {
        let (own, translation) = if is_english { (self.en, self.fr) } else { (self.fr, self.en) };
        Article {
            id: ArticleId(self.id),
            name: own.name,
            description: own.description,
            picture: self.picture,
            price: Cents(self.price_cents),
            on_hand: self.on_hand,
            reserved: 0,
            active: true,
            revision: 0,
            translation,
            uploaded: None,
        }
    }
}
