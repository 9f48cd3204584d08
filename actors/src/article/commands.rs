//! The commands of the catalogue, as a round decides them.

use domain::article::{Article, ArticleError, ArticleId};
use domain::event::Event;
use domain::user::Author;

use super::{AddArticle, ChangeArticle, Command, RemoveArticle, SetPicture};
use crate::rounds::decide::{Decide, Undecided};
use crate::shared::Shared;
use crate::tables::article_key;
use crate::tables::rows::Rows;

pub(super) type Result<T> = std::result::Result<T, Undecided<ArticleError>>;

/// The dependencies of the catalogue.
#[derive(Clone)]
pub struct ArticleDeps {
    /// Store, snapshot, clock and rules.
    pub shared: Shared,
}

impl Decide for ArticleDeps {
    type Command = Command;
    type Decision = Article;
    type Error = ArticleError;
    type Permits = ();

    fn shared(&self) -> &Shared {
        &self.shared
    }

    fn author(command: &Command) -> Option<&Author> {
        match command {
            Command::Add(AddArticle { by, .. })
            | Command::Change(ChangeArticle { by, .. })
            | Command::Remove(RemoveArticle { by, .. })
            | Command::SetPicture(SetPicture { by, .. }) => by.as_ref(),
        }
    }

    fn decide(&self, command: &Command, rows: &mut Rows, (): &mut ()) -> Result<Article> {
        match command {
            Command::Add(add) => self.add(add, rows),
            Command::Change(change) => self.change(change, rows),
            Command::Remove(remove) => self.remove(remove, rows),
            Command::SetPicture(set) => self.set_picture(set, rows),
        }
    }
}

impl ArticleDeps {
    /// Collects the dependencies.
    pub fn new(shared: &Shared) -> Self {
        Self { shared: shared.clone() }
    }

    /// Adds an article under the next free number.
    fn add(
        &self,
        AddArticle { article, expected, .. }: &AddArticle,
        rows: &mut Rows,
    ) -> Result<Article> {
        let article = article.clone().validated()?;
        let tables = &self.shared.tables;
        let number = rows.get(&tables.article_numbers, "next")?.unwrap_or(1);
        if expected.is_some_and(|expected| expected.0 != number) {
            return Err(ArticleError::OtherNumber.into());
        }
        let article = Article { id: ArticleId(number), ..article };
        rows.put(&tables.article_numbers, "next", &(number + 1), None)?;
        rows.put(&tables.articles, article_key(article.id), &article, None)?;
        rows.publish(Event::ArticleAdded(article.clone()));
        Ok(article)
    }

    /// Changes fields of an article.
    fn change(
        &self,
        ChangeArticle { id, patch, expected, .. }: &ChangeArticle,
        rows: &mut Rows,
    ) -> Result<Article> {
        let article = self.article(*id, rows)?;
        article.expect_version(expected.as_deref(), patch.on_hand.is_some())?;
        let article = article.patched(patch.clone())?;
        rows.put(&self.shared.tables.articles, article_key(*id), &article, None)?;
        rows.publish(Event::ArticleChanged(article.clone()));
        Ok(article)
    }

    /// Removes an article of which no unit is reserved.
    fn remove(
        &self,
        RemoveArticle { id, expected, .. }: &RemoveArticle,
        rows: &mut Rows,
    ) -> Result<Article> {
        let article = self.article(*id, rows)?;
        article.expect_version(expected.as_deref(), false)?;
        if article.reserved > 0 {
            return Err(ArticleError::BelowReserved { reserved: article.reserved }.into());
        }
        rows.remove(&self.shared.tables.articles, article_key(*id));
        rows.publish(Event::ArticleRemoved { id: *id });
        Ok(article)
    }

    pub(super) fn article(&self, id: ArticleId, rows: &mut Rows) -> Result<Article> {
        let article = rows.get(&self.shared.tables.articles, article_key(id))?;
        Ok(article.ok_or(ArticleError::Unknown)?)
    }
}

impl From<ArticleError> for Undecided<ArticleError> {
    fn from(error: ArticleError) -> Self {
        Self::Refused(error)
    }
}
