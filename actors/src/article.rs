//! The catalogue: articles and their stock.
//!
//! Owns: the order of changes to articles; the articles are in the store, a copy in the
//! [`CatalogueSnapshot`](crate::snapshot::CatalogueSnapshot).
//! Serves: administrators, in rounds: every command that waits, with one commit.
//! Publishes: `article.added`, `article.changed`, `article.removed`.
//! Restart: no state to read.

use actix::{Actor, Context, Handler, Message, MessageResult};
use domain::article::{Article, ArticleError, ArticleId, ArticlePatch, ArticleVersion};

use crate::failpoint;
use crate::failure::Failure;
use crate::handling::{Detached, Reply};
use crate::observe::Observe;
use crate::rounds::decide::Decided;
use crate::rounds::{Queue, Rounds};
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
    /// The versions of which the article must have one; `None` accepts any.
    pub expected: Option<Vec<ArticleVersion>>,
}

/// Removes an article, unless orders have units of it reserved.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Article, Failure<ArticleError>>")]
pub struct RemoveArticle {
    /// The article's number.
    pub id: ArticleId,
    /// The versions of which the article must have one; `None` accepts any.
    pub expected: Option<Vec<ArticleVersion>>,
}

/// The observable state of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueState {
    /// The number of articles in the snapshot.
    pub articles: usize,
}

/// A command that a round decides.
#[derive(Debug, Clone)]
pub enum Command {
    /// Add an article.
    Add(Article),
    /// Change an article.
    Change(ChangeArticle),
    /// Remove an article.
    Remove(RemoveArticle),
}

/// The actor that changes articles.
pub struct Catalogue {
    deps: ArticleDeps,
    /// Commands that wait for the next round.
    queue: Queue<ArticleDeps, Article>,
}

impl Catalogue {
    /// Creates the actor.
    pub fn new(deps: ArticleDeps) -> Self {
        Self { deps, queue: Queue::default() }
    }
}

impl Actor for Catalogue {
    type Context = Context<Self>;
}

impl Rounds for Catalogue {
    type Deps = ArticleDeps;
    type Output = Article;

    fn deps(&self) -> &ArticleDeps {
        &self.deps
    }

    fn queue(&mut self) -> &mut Queue<ArticleDeps, Article> {
        &mut self.queue
    }

    fn adopt(
        &mut self,
        _: Command,
        decided: Decided<ArticleDeps>,
        _: &mut Context<Self>,
    ) -> Reply<Article, ArticleError> {
        decided
    }
}

impl Handler<AddArticle> for Catalogue {
    type Result = Detached<Article, ArticleError>;

    fn handle(&mut self, AddArticle(article): AddArticle, ctx: &mut Self::Context) -> Self::Result {
        self.enqueue(Command::Add(article), ctx)
    }
}

impl Handler<ChangeArticle> for Catalogue {
    type Result = Detached<Article, ArticleError>;

    fn handle(&mut self, change: ChangeArticle, ctx: &mut Self::Context) -> Self::Result {
        failpoint::reach("catalogue");
        self.enqueue(Command::Change(change), ctx)
    }
}

impl Handler<RemoveArticle> for Catalogue {
    type Result = Detached<Article, ArticleError>;

    fn handle(&mut self, remove: RemoveArticle, ctx: &mut Self::Context) -> Self::Result {
        self.enqueue(Command::Remove(remove), ctx)
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
