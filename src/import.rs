//! Imports a file of articles: each line is a command of the catalogue, like one of the desk.
//!
//! The lines that the catalogue accepts are done and the others change nothing, so a file with
//! some lines mended is sent again as a whole; so is one whose answer was lost. The articles are
//! read before the lines are decided, and a new one must get the number that was the next one
//! then: if another article was added in the meantime, also on another node, all are read again.

use std::collections::{BTreeSet, VecDeque};

use actors::article::{AddArticle, ChangeArticle};
use actors::failure::Failure;
use actors::store::StoreError;
use actors::tables::Tables;
use domain::article::line::{KnownArticles, Line, Wish};
use domain::article::{Article, ArticleError, ArticleId};
use domain::user::Author;
use futures_util::future::join_all;

use crate::csv::NumberedLine;
use crate::error::Problem;
use crate::error::code::Code;
use crate::state::AppState;

/// The most lines that are sent to the catalogue at once. They share a commit.
const AT_ONCE: usize = 100;

/// How often the articles are read again before a line is refused.
const READS: usize = 16;

/// What an import has done.
#[derive(Default)]
pub struct Report {
    /// The number of articles added.
    pub added: u64,
    /// The number of articles changed.
    pub changed: u64,
    /// The number of lines that the catalogue already agreed with.
    pub unchanged: u64,
    /// The lines that changed nothing, in their order.
    pub refused: Vec<RefusedLine>,
}

/// A line that changed nothing.
pub struct RefusedLine {
    /// The number of the line.
    pub number: u64,
    /// Why it was refused.
    pub problem: Problem,
}

/// The articles as of the last read, with the changes since then.
struct Catalogue {
    known: KnownArticles,
    /// The number that the next new article gets.
    next: u32,
}

/// What became of a line.
enum Outcome {
    Unchanged,
    Added(Article),
    Changed(Article),
    /// Another article was added in the meantime.
    Outdated(NumberedLine),
    Refused(RefusedLine),
}

/// Imports the lines of a file. Returns an error if the articles cannot be read; the lines before
/// may be done then.
pub async fn import(
    state: &AppState,
    lines: Vec<NumberedLine>,
    by: &Author,
) -> Result<Report, Problem> {
    let tables = &state.shop.tables;
    let mut catalogue = Catalogue::read(tables).await.map_err(unreadable)?;
    let mut report = Report::default();
    let mut waiting = VecDeque::from(lines);
    let mut reads = 1;
    while !waiting.is_empty() {
        let outcomes = catalogue.decide(state, next_lines(&mut waiting), by).await;
        let outdated = report.take(outcomes, &mut catalogue);
        if outdated.is_empty() {
            continue;
        }
        if reads == READS {
            let problem = Problem::because(Code::Unavailable, "too many conflicts");
            let refused =
                outdated.into_iter().map(|line| RefusedLine::new(line.number, problem.clone()));
            report.refused.extend(refused);
            continue;
        }
        reads += 1;
        outdated.into_iter().rev().for_each(|line| waiting.push_front(line));
        catalogue = Catalogue::read(tables).await.map_err(unreadable)?;
    }
    report.refused.sort_by_key(|refused| refused.number);
    Ok(report)
}

/// Takes the next lines that are about different articles, either all known or all new ones, so
/// that each is decided on what the lines before it left.
fn next_lines(waiting: &mut VecDeque<NumberedLine>) -> Vec<NumberedLine> {
    let mut subjects = BTreeSet::new();
    let mut lines = Vec::new();
    let is_new = waiting.front().is_some_and(|line| subject(line).0.is_none());
    while lines.len() < AT_ONCE
        && let Some(subject) = waiting.front().map(subject)
        && subject.0.is_none() == is_new
        && subjects.insert(subject)
    {
        lines.extend(waiting.pop_front());
    }
    lines
}

/// Returns the article of a line: its number, or the name of a new one.
fn subject(line: &NumberedLine) -> (Option<ArticleId>, String) {
    match &line.content {
        Ok(Line { id: Some(id), .. }) => (Some(*id), String::new()),
        Ok(Line { fields, .. }) => (None, fields.name.as_deref().unwrap_or_default().trim().into()),
        Err(_) => (None, String::new()),
    }
}

fn unreadable(error: StoreError) -> Problem {
    Failure::<ArticleError>::from(error).into()
}

impl Catalogue {
    /// Reads the articles from the store: the copy of another node may be older than its last
    /// import. The number is read first, so that no article is added unseen.
    async fn read(tables: &Tables) -> Result<Self, StoreError> {
        let next = tables.article_numbers.get("next").await?.map_or(1, |row| row.value);
        let mut known = KnownArticles::default();
        for (_, row) in tables.articles.all().await? {
            known.put(row.value);
        }
        Ok(Self { known, next })
    }

    /// Sends what the lines ask for to the catalogue, all at once.
    async fn decide(
        &self,
        state: &AppState,
        lines: Vec<NumberedLine>,
        by: &Author,
    ) -> Vec<Outcome> {
        let mut next = self.next;
        let commands = lines.into_iter().map(|line| {
            let wish = match &line.content {
                Ok(content) => content.wish(&self.known).map_err(Problem::from),
                Err(problem) => Err(problem.clone()),
            };
            let number = ArticleId(next);
            next += u32::from(matches!(wish, Ok(Wish::Add(_))));
            run(state, line, wish, number, by)
        });
        join_all(commands.collect::<Vec<_>>()).await
    }
}

async fn run(
    state: &AppState,
    line: NumberedLine,
    wish: Result<Wish, Problem>,
    number: ArticleId,
    by: &Author,
) -> Outcome {
    let catalogue = &state.shop.catalogue;
    let by = Some(by.clone());
    let outcome = match wish {
        Ok(Wish::Nothing) => return Outcome::Unchanged,
        Ok(Wish::Add(article)) => {
            let add = AddArticle { article: *article, expected: Some(number), by };
            match catalogue.ask(add).await {
                Err(Failure::Refused(ArticleError::OtherNumber)) => return Outcome::Outdated(line),
                added => added.map(Outcome::Added).map_err(Problem::from),
            }
        }
        Ok(Wish::Change { id, patch, expected }) => {
            let expected = expected.map(|version| vec![version]);
            let change = ChangeArticle { id, patch, expected, by };
            catalogue.ask(change).await.map(Outcome::Changed).map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    outcome.unwrap_or_else(|problem| Outcome::Refused(RefusedLine::new(line.number, problem)))
}

impl Report {
    /// Counts outcomes, and puts what they changed into the catalogue. Returns the lines that must
    /// be decided again.
    fn take(&mut self, outcomes: Vec<Outcome>, catalogue: &mut Catalogue) -> Vec<NumberedLine> {
        let mut outdated = Vec::new();
        for outcome in outcomes {
            match outcome {
                Outcome::Unchanged => self.unchanged += 1,
                Outcome::Added(article) => {
                    self.added += 1;
                    catalogue.next = article.id.0 + 1;
                    catalogue.known.put(article);
                }
                Outcome::Changed(article) => {
                    self.changed += 1;
                    catalogue.known.put(article);
                }
                Outcome::Outdated(line) => outdated.push(line),
                Outcome::Refused(refused) => self.refused.push(refused),
            }
        }
        outdated
    }
}

impl RefusedLine {
    fn new(number: u64, problem: Problem) -> Self {
        Self { number, problem }
    }
}
