//! The commands of the catalogue: read, decide, commit.

use domain::article::{Article, ArticleError, ArticleId};
use domain::event::Event;

use super::ChangeArticle;
use crate::failure::Failure;
use crate::shared::Shared;
use crate::store::StoreError;
use crate::tables::article_key;
use crate::tables::batch::WriteBatch;
use crate::tables::table::{Row, version};

type Result<T> = std::result::Result<T, Failure<ArticleError>>;

/// The dependencies of the catalogue.
#[derive(Clone)]
pub struct ArticleDeps {
    /// Store, snapshot, clock and rules.
    pub shared: Shared,
}

impl ArticleDeps {
    /// Collects the dependencies.
    pub fn new(shared: &Shared) -> Self {
        Self { shared: shared.clone() }
    }

    /// Adds an article under the next free number.
    pub(super) async fn add(self, article: Article) -> Result<Article> {
        let article = article.validated()?;
        let tables = &self.shared.tables;
        let next = tables.article_numbers.get("next").await?;
        let number = next.as_ref().map_or(1, |row| row.value);
        let article = Article { id: ArticleId(number), ..article };
        let mut batch = self.shared.batch();
        batch.put(&tables.article_numbers, "next", version(&next), &(number + 1))?;
        batch.put(&tables.articles, article_key(article.id), None, &article)?;
        self.commit(batch, &Event::ArticleAdded(article.clone())).await?;
        Ok(article)
    }

    /// Changes fields of an article.
    pub(super) async fn change(
        self,
        ChangeArticle { id, patch }: ChangeArticle,
    ) -> Result<Article> {
        let row = self.row(id).await?;
        let article = row.value.patched(patch)?;
        let mut batch = self.shared.batch();
        batch.put(&self.shared.tables.articles, article_key(id), Some(row.version), &article)?;
        self.commit(batch, &Event::ArticleChanged(article.clone())).await?;
        Ok(article)
    }

    /// Removes an article of which no unit is reserved.
    pub(super) async fn remove(self, id: ArticleId) -> Result<Article> {
        let row = self.row(id).await?;
        if row.value.reserved > 0 {
            return Err(ArticleError::BelowReserved { reserved: row.value.reserved }.into());
        }
        let mut batch = self.shared.batch();
        batch.remove(&self.shared.tables.articles, article_key(id), row.version);
        self.commit(batch, &Event::ArticleRemoved { id }).await?;
        Ok(row.value)
    }

    async fn row(&self, id: ArticleId) -> Result<Row<Article>> {
        let row = self.shared.tables.articles.get(article_key(id)).await?;
        row.ok_or_else(|| ArticleError::Unknown.into())
    }

    /// Commits a batch with its event, then applies the event to the snapshot, so that the caller
    /// reads its own write.
    async fn commit(
        &self,
        mut batch: WriteBatch,
        event: &Event,
    ) -> std::result::Result<(), StoreError> {
        batch.publish(event)?;
        let id = self.shared.tables.commit(batch).await?;
        self.shared.snapshot.apply(id, event);
        Ok(())
    }
}
