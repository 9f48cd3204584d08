//! The seed of an empty store: the first administrator and the first articles, written once.

use domain::article::Article;
use domain::event::Event;
use domain::text::mapped_password;
use domain::user::{Role, User, UserId, Username};

use crate::clock::{Clock, new_id};
use crate::password::{Client, HashError, Hasher};
use crate::store::StoreError;
use crate::tables::batch::WriteBatch;
use crate::tables::{Account, Buyer, Tables, article_key};

/// The contents of a new shop.
#[derive(Clone)]
pub struct Seed {
    /// The first administrator's name.
    pub admin: Username,
    /// The first administrator's password.
    pub password: String,
    /// Whether that is the default password.
    pub default_password: bool,
    /// The first articles.
    pub articles: Vec<Article>,
}

/// Why an empty store could not be filled.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The administrator's password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
}

impl Seed {
    /// Fills a store that was never filled before; what was deleted since then stays deleted.
    pub async fn plant(
        self,
        tables: &Tables,
        hasher: &Hasher,
        clock: &Clock,
    ) -> Result<(), SeedError> {
        if tables.seed.get("admin").await?.is_some() {
            return Ok(());
        }
        let now = clock.now();
        let password_hash = hasher.hash(Client::Staff, mapped_password(&self.password)).await?;
        let user = User {
            id: UserId(new_id(now)),
            username: self.admin,
            email: None,
            role: Role::Admin,
            created_at: now,
        };
        let account = Account { user, password_hash, default_password: self.default_password };
        let mut batch = tables.batch(now);
        put_admin(&mut batch, tables, account)?;
        put_articles(&mut batch, tables, self.articles)?;
        match tables.commit(batch).await {
            // Another node has filled the store in the meantime.
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn put_admin(batch: &mut WriteBatch, tables: &Tables, account: Account) -> Result<(), StoreError> {
    let id = account.user.id;
    batch.put(&tables.seed, "admin", None, &id)?;
    batch.put(&tables.usernames, account.user.username.folded(), None, &id)?;
    batch.put(&tables.accounts, id, None, &account)?;
    batch.put(&tables.admins, "all", None, &vec![id])?;
    batch.put(&tables.user_count, "all", None, &1)?;
    batch.put(&tables.buyers, id, None, &Buyer::new())?;
    batch.publish(&Event::UserAdded(account.user))
}

fn put_articles(
    batch: &mut WriteBatch,
    tables: &Tables,
    articles: Vec<Article>,
) -> Result<(), StoreError> {
    let next = articles.iter().map(|article| article.id.0 + 1).max().unwrap_or(1);
    batch.put(&tables.article_numbers, "next", None, &next)?;
    for article in articles {
        batch.put(&tables.articles, article_key(article.id), None, &article)?;
        batch.publish(&Event::ArticleAdded(article))?;
    }
    Ok(())
}
