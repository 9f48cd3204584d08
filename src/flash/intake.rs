//! The outcome of importing a file of articles: how many were added and changed, and which lines
//! were refused.

use serde::{Deserialize, Serialize};
use views::failure;
use views::locale::Locale;
use views::viewer::Notice;

use crate::csv::column::Column;
use crate::error::Problem;

/// The most refused lines that are named: a cookie carries them.
const MOST_NAMED: usize = 20;

/// The outcome of importing a file of articles.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Intake {
    added: u64,
    changed: u64,
    unchanged: u64,
    /// The first refused lines: number, column if one is wrong, and code of the reason.
    refused: Vec<(u64, Option<String>, String)>,
    /// How many more were refused.
    more: u64,
}

impl Intake {
    /// Creates the outcome of lines that were done.
    pub fn new(added: u64, changed: u64, unchanged: u64) -> Self {
        Self { added, changed, unchanged, ..Self::default() }
    }

    /// Adds a line that was refused.
    pub fn refuse(&mut self, line: u64, problem: &Problem) {
        if self.refused.len() == MOST_NAMED {
            self.more += 1;
            return;
        }
        let column = Column::of_problem(problem).map(Column::name);
        self.refused.push((line, column, problem.code.word().to_owned()));
    }

    /// Returns the notice that counts the lines and says why each refused one was refused.
    pub fn notice(&self, locale: Locale) -> (Notice, String) {
        let count = |key, count: u64| locale.text_with(key, &[("count", count.into())]);
        let mut sentences = vec![
            count("notice-articles-added", self.added),
            count("notice-articles-changed", self.changed),
        ];
        if self.unchanged > 0 {
            sentences.push(count("notice-lines-unchanged", self.unchanged));
        }
        let known = self.refused.iter().filter(|(.., code)| failure::is_known(code));
        sentences.extend(known.map(|(line, column, code)| {
            let reason = failure::message(locale, code);
            let place = column.as_deref().unwrap_or_default();
            let key = if column.is_some() { "notice-cell-refused" } else { "notice-line-refused" };
            let values =
                [("line", (*line).into()), ("column", place.into()), ("reason", reason.into())];
            locale.text_with(key, &values)
        }));
        if self.more > 0 {
            sentences.push(count("notice-lines-refused", self.more));
        }
        let is_complete = self.refused.is_empty();
        let kind = if is_complete { Notice::Success } else { Notice::Error };
        (kind, sentences.join(" "))
    }
}
