//! The catalogue: articles and their stock.
//!
//! Owns: the order of changes to articles; the articles are in the store, a copy in the
//! [`CatalogueSnapshot`](crate::snapshot::CatalogueSnapshot).
//! Serves: administrators.
//! Publishes: `article.added`, `article.changed`, `article.removed`.
//! Restart: no state to read.

use actix::{Actor, Context, Handler, Message, MessageResult};
use domain::article::{Article, ArticleError, ArticleId, ArticlePatch};

use crate::failpoint;
use crate::failure::Failure;
use crate::handling::{Exclusive, exclusive};
use crate::observe::Observe;
use commands::ArticleDeps;

pub mod commands;

/// Adds an article; the catalogue assigns its number.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Article, Failure<ArticleError>>")]
pub struct AddArticle(pub Article);

/// Changes an article.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Article, Failure<ArticleError>>")]
pub struct ChangeArticle {
    /// The article's number.
    pub id: ArticleId,
    /// The fields to change.
    pub patch: ArticlePatch,
}

/// Removes an article, unless orders have units of it reserved.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Article, Failure<ArticleError>>")]
pub struct RemoveArticle(pub ArticleId);

/// The observable state of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueState {
    /// The number of articles in the snapshot.
    pub articles: usize,
}

/// The actor that changes articles, one change at a time.
pub struct Catalogue {
    deps: ArticleDeps,
}

impl Catalogue {
    /// Creates the actor.
    pub fn new(deps: ArticleDeps) -> Self {
        Self { deps }
    }
}

impl Actor for Catalogue {
    type Context = Context<Self>;
}

impl Handler<AddArticle> for Catalogue {
    type Result = Exclusive<Self, Article, ArticleError>;

    fn handle(&mut self, AddArticle(article): AddArticle, _: &mut Self::Context) -> Self::Result {
        exclusive(self, self.deps.clone().add(article), |added, _, _| added)
    }
}

impl Handler<ChangeArticle> for Catalogue {
    type Result = Exclusive<Self, Article, ArticleError>;

    fn handle(&mut self, change: ChangeArticle, _: &mut Self::Context) -> Self::Result {
        failpoint::reach("catalogue");
        exclusive(self, self.deps.clone().change(change), |changed, _, _| changed)
    }
}

impl Handler<RemoveArticle> for Catalogue {
    type Result = Exclusive<Self, Article, ArticleError>;

    fn handle(&mut self, RemoveArticle(id): RemoveArticle, _: &mut Self::Context) -> Self::Result {
        exclusive(self, self.deps.clone().remove(id), |removed, _, _| removed)
    }
}

impl Handler<Observe<CatalogueState>> for Catalogue {
    type Result = MessageResult<Observe<CatalogueState>>;

    fn handle(&mut self, _: Observe<CatalogueState>, _: &mut Self::Context) -> Self::Result {
        MessageResult(CatalogueState { articles: self.deps.shared.snapshot.articles().len() })
    }
}

impl From<ArticleError> for Failure<ArticleError> {
    fn from(error: ArticleError) -> Self {
        Self::Refused(error)
    }
}
