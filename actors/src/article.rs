//! The catalogue: articles and their stock.
//!
//! Owns: nothing but the order of changes; articles are in the store, a ready copy of them on the [`CatalogueSnapshot`].
//! Serves: administrators, who change articles.
//! Tells: `article.added`, `article.changed`, `article.removed`.
//! Restart: nothing to read.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use actix::{Actor, Context, Handler, Message};
use domain::article::{Article, ArticleError, ArticleId, ArticlePatch, Articles};
use domain::event::Event;
use serde_json::json;

use crate::ask::{Atomic, Failure, Observe, Observed, one_at_a_time};
use crate::clock::Clock;
use crate::failpoint;
use crate::store::{EventId, StoreError};
use crate::tables::{Row, Tables, WriteBatch, article_key, version};

/// Puts a new article on sale; its number is given by the shop.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Article, Failure<ArticleError>>")]
pub struct AddArticle(pub Article);

/// Changes an article.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Article, Failure<ArticleError>>")]
pub struct ChangeArticle {
    /// Which one.
    pub id: ArticleId,
    /// What changes.
    pub patch: ArticlePatch,
}

/// Takes an article out of the catalogue, unless orders have pieces of it reserved.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Article, Failure<ArticleError>>")]
pub struct RemoveArticle(pub ArticleId);

/// A ready copy of the catalogue that everybody may read without a message.
///
/// Every durable change is put on it in the order of the log, by whoever hears of it first.
#[derive(Clone, Default)]
pub struct CatalogueSnapshot {
    shown: Arc<RwLock<Shown>>,
}

#[derive(Default)]
struct Shown {
    articles: Arc<Articles>,
    as_of: BTreeMap<ArticleId, EventId>,
}

impl CatalogueSnapshot {
    /// The articles as they are now.
    pub fn articles(&self) -> Arc<Articles> {
        self.shown.read().unwrap_or_else(PoisonError::into_inner).articles.clone()
    }

    /// Puts a change on the shelf, unless a later one of the same article is there already.
    pub fn show(&self, id: EventId, event: &Event) {
        let (article, changed) = match event {
            Event::ArticleAdded(article) | Event::ArticleChanged(article) => {
                (article.id, Some(article))
            }
            Event::ArticleRemoved { id } => (*id, None),
            _ => return,
        };
        let mut shown = self.shown.write().unwrap_or_else(PoisonError::into_inner);
        if shown.as_of.get(&article).is_some_and(|as_of| *as_of >= id) {
            return;
        }
        shown.as_of.insert(article, id);
        let articles = Arc::make_mut(&mut shown.articles);
        match changed {
            Some(changed) => articles.insert(article, changed.clone()),
            None => articles.remove(&article),
        };
    }

    /// Fills the shelf with every article of the store.
    pub async fn fill(&self, tables: &Tables) -> Result<(), StoreError> {
        let as_of = tables.store.last_event().await?;
        for (_, row) in tables.articles.all().await? {
            self.show(as_of, &Event::ArticleChanged(row.value));
        }
        Ok(())
    }
}

/// The actor that changes articles, one change at a time.
#[derive(Clone)]
pub struct Catalogue {
    /// Where articles are kept.
    pub tables: Tables,
    /// Kept up to date.
    pub snapshot: CatalogueSnapshot,
    /// Tells the time.
    pub clock: Clock,
}

impl Actor for Catalogue {
    type Context = Context<Self>;
}

impl Handler<AddArticle> for Catalogue {
    type Result = Atomic<Self, Article, ArticleError>;

    fn handle(&mut self, AddArticle(article): AddArticle, _: &mut Self::Context) -> Self::Result {
        one_at_a_time(self, self.clone().add(article))
    }
}

impl Handler<ChangeArticle> for Catalogue {
    type Result = Atomic<Self, Article, ArticleError>;

    fn handle(
        &mut self,
        ChangeArticle { id, patch }: ChangeArticle,
        _: &mut Self::Context,
    ) -> Self::Result {
        failpoint::reach("catalogue");
        one_at_a_time(self, self.clone().patch(id, patch))
    }
}

impl Handler<RemoveArticle> for Catalogue {
    type Result = Atomic<Self, Article, ArticleError>;

    fn handle(&mut self, RemoveArticle(id): RemoveArticle, _: &mut Self::Context) -> Self::Result {
        one_at_a_time(self, self.clone().remove(id))
    }
}

impl Handler<Observe> for Catalogue {
    type Result = Observed;

    fn handle(&mut self, _: Observe, _: &mut Self::Context) -> Observed {
        Observed(json!({ "articles": self.snapshot.articles().len() }))
    }
}

impl Catalogue {
    async fn add(self, article: Article) -> Result<Article, Failure<ArticleError>> {
        let article = article.validated()?;
        let next = self.tables.article_numbers.get("next").await?;
        let number = next.as_ref().map_or(1, |row| row.value);
        let article = Article { id: ArticleId(number), ..article };
        let change = self.change().put(
            &self.tables.article_numbers,
            "next",
            version(&next),
            &(number + 1),
        )?;
        let change = change.put(&self.tables.articles, article_key(article.id), None, &article)?;
        self.commit(change, Event::ArticleAdded(article.clone())).await?;
        Ok(article)
    }

    async fn patch(
        self,
        id: ArticleId,
        patch: ArticlePatch,
    ) -> Result<Article, Failure<ArticleError>> {
        let row = self.row(id).await?;
        let article = row.value.patched(patch)?;
        let change = self.change().put(
            &self.tables.articles,
            article_key(id),
            Some(row.version),
            &article,
        )?;
        self.commit(change, Event::ArticleChanged(article.clone())).await?;
        Ok(article)
    }

    async fn remove(self, id: ArticleId) -> Result<Article, Failure<ArticleError>> {
        let row = self.row(id).await?;
        if row.value.reserved > 0 {
            return Err(ArticleError::BelowReserved { reserved: row.value.reserved }.into());
        }
        let change = self.change().remove(&self.tables.articles, article_key(id), row.version);
        self.commit(change, Event::ArticleRemoved { id }).await?;
        Ok(row.value)
    }

    async fn row(&self, id: ArticleId) -> Result<Row<Article>, Failure<ArticleError>> {
        self.tables.articles.get(article_key(id)).await?.ok_or_else(|| ArticleError::Unknown.into())
    }

    fn change(&self) -> WriteBatch {
        self.tables.change(self.clock.now())
    }

    async fn commit(&self, change: WriteBatch, event: Event) -> Result<(), StoreError> {
        let id = self.tables.commit(change.publish(&event)?).await?;
        self.snapshot.show(id, &event);
        Ok(())
    }
}

impl From<ArticleError> for Failure<ArticleError> {
    fn from(error: ArticleError) -> Self {
        Self::Refused(error)
    }
}
