//! The catalogue: articles and their stock.
//!
//! Owns: the order of changes to articles; the articles are in the store, a copy in the
//! [`CatalogueSnapshot`](crate::snapshot::CatalogueSnapshot).
//! Serves: administrators, in rounds: every command that waits, with one commit.
//! Publishes: `article.added`, `article.changed`, `article.removed`.
//! Restart: no state to read.

use std::sync::Arc;

use actix::{Actor, Context, Handler, Message, MessageResult};
use domain::article::picture::{Copies, Picture};
use domain::article::{Article, ArticleError, ArticleId, ArticlePatch, ArticleVersion};
use domain::user::Author;

use crate::failpoint;
use crate::failure::Failure;
use crate::handling::{Detached, Reply};
use crate::observe::Observe;
use crate::rounds::decide::Decided;
use crate::rounds::{Queue, Rounds};
use commands::ArticleDeps;

pub mod commands;
mod picture;

/// Adds an article; the catalogue assigns its number.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Article, Failure<ArticleError>>")]
pub struct AddArticle {
    /// The article.
    pub article: Article,
    /// The number that the article must get; `None` accepts any.
    pub expected: Option<ArticleId>,
    /// The administrator.
    pub by: Option<Author>,
}

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
    /// The administrator.
    pub by: Option<Author>,
}

/// Removes an article, unless orders have units of it reserved.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Article, Failure<ArticleError>>")]
pub struct RemoveArticle {
    /// The article's number.
    pub id: ArticleId,
    /// The versions of which the article must have one; `None` accepts any.
    pub expected: Option<Vec<ArticleVersion>>,
    /// The administrator.
    pub by: Option<Author>,
}

/// Makes an uploaded picture that of an article.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Article, Failure<ArticleError>>")]
pub struct SetPicture {
    /// The article's number.
    pub id: ArticleId,
    /// The copies of the picture.
    pub copies: Arc<Copies>,
    /// The versions of which the article must have one; `None` accepts any.
    pub expected: Option<Vec<ArticleVersion>>,
    /// The administrator.
    pub by: Option<Author>,
}

/// Requests a copy of an uploaded picture; `None` if the store does not have it.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Option<Vec<u8>>, Failure<ArticleError>>")]
pub struct GetPicture {
    /// The picture.
    pub picture: Picture,
    /// The width of the copy.
    pub width: u32,
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
    Add(AddArticle),
    /// Change an article.
    Change(ChangeArticle),
    /// Remove an article.
    Remove(RemoveArticle),
    /// Set the picture of an article.
    SetPicture(SetPicture),
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

    fn handle(&mut self, add: AddArticle, ctx: &mut Self::Context) -> Self::Result {
        self.enqueue(Command::Add(add), ctx)
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

impl Handler<SetPicture> for Catalogue {
    type Result = Detached<Article, ArticleError>;

    fn handle(&mut self, set: SetPicture, ctx: &mut Self::Context) -> Self::Result {
        self.enqueue(Command::SetPicture(set), ctx)
    }
}

impl Handler<GetPicture> for Catalogue {
    type Result = Detached<Option<Vec<u8>>, ArticleError>;

    fn handle(
        &mut self,
        GetPicture { picture, width }: GetPicture,
        _: &mut Self::Context,
    ) -> Self::Result {
        Box::pin(self.deps.clone().picture(picture, width))
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
