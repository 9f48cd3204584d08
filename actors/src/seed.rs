//! The first start on an empty store: the first administrator and the first articles, once.

use domain::article::Article;
use domain::event::Event;
use domain::user::{Role, User, UserId, Username};

use crate::clock::{Clock, new_id};
use crate::password::Hasher;
use crate::store::StoreError;
use crate::tables::{Account, Tables, article_key};

/// What an empty shop begins with.
#[derive(Clone)]
pub struct Seed {
    /// The name of the first administrator.
    pub admin: Username,
    /// The first administrator's password.
    pub password: String,
    /// Whether that is the password that everybody knows.
    pub default_password: bool,
    /// The first articles.
    pub articles: Vec<Article>,
}

/// Why an empty shop could not be filled.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The store did not do as it was told.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The administrator's password could not be hashed.
    #[error(transparent)]
    Hash(#[from] crate::password::HashError),
}

impl Seed {
    /// Fills the shop, unless that was ever done before; what was deleted since stays deleted.
    pub async fn run(
        self,
        tables: &Tables,
        hasher: &Hasher,
        clock: &Clock,
    ) -> Result<(), SeedError> {
        if tables.seed.get("admin").await?.is_some() {
            return Ok(());
        }
        let now = clock.now();
        let id = UserId(new_id(now));
        let user =
            User { id, username: self.admin, email: None, role: Role::Admin, created_at: now };
        let password_hash = hasher.hash(self.password).await?;
        let account =
            Account { user: user.clone(), password_hash, default_password: self.default_password };
        let mut change = tables.change(now).put(&tables.seed, "admin", None, &id)?;
        change = change.put(&tables.usernames, user.username.folded(), None, &id)?;
        change = change.put(&tables.accounts, id, None, &account)?;
        change =
            change.put(&tables.admins, "all", None, &vec![id])?.publish(&Event::UserAdded(user))?;
        let next = self.articles.iter().map(|article| article.id.0 + 1).max().unwrap_or(1);
        change = change.put(&tables.article_numbers, "next", None, &next)?;
        for article in self.articles {
            change = change.put(&tables.articles, article_key(article.id), None, &article)?;
            change = change.publish(&Event::ArticleAdded(article))?;
        }
        match tables.commit(change).await {
            // Another node was first.
            Err(StoreError::Conflict) => Ok(()),
            done => Ok(done.map(drop)?),
        }
    }
}
