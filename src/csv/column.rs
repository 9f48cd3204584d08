//! The columns of a file of articles.

use csv::StringRecord;
use domain::article::line::Line;
use domain::article::{Article, ArticleError, typed};
use views::site::languages;

use super::cell;
use crate::error::Problem;
use crate::error::code::Code;

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "a column has the name of its field")]
pub enum Column {
    Id,
    Version,
    Name,
    TranslatedName,
    Description,
    TranslatedDescription,
    Price,
    OnHand,
    Active,
}

impl Column {
    /// Every column, in the order of an exported file.
    pub const ALL: [Self; 9] = [
        Self::Id,
        Self::Version,
        Self::Name,
        Self::TranslatedName,
        Self::Description,
        Self::TranslatedDescription,
        Self::Price,
        Self::OnHand,
        Self::Active,
    ];

    /// Returns the column that a problem with a line is about, if it names a field.
    pub fn of_problem(problem: &Problem) -> Option<Self> {
        let field = match problem.code {
            Code::BelowReserved => "on_hand",
            Code::ArticleExists => "name",
            Code::ArticleNotFound => "id",
            Code::PreconditionFailed => "version",
            _ => problem.members.pointer("/errors/0/pointer")?.as_str()?.trim_start_matches('/'),
        };
        Self::ALL.into_iter().find(|column| column.field() == field)
    }

    /// Returns the name of the column. That of a text ends with its language.
    pub fn name(self) -> String {
        let [main, other] = languages();
        match self {
            Self::Name | Self::Description => format!("{}_{main}", self.field()),
            Self::TranslatedName => format!("name_{other}"),
            Self::TranslatedDescription => format!("description_{other}"),
            Self::Price => "price".to_owned(),
            Self::Id | Self::Version | Self::OnHand | Self::Active => self.field().to_owned(),
        }
    }

    /// Returns the field of the article, as errors name it.
    fn field(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Version => "version",
            Self::Name => "name",
            Self::TranslatedName => "translated_name",
            Self::Description => "description",
            Self::TranslatedDescription => "translated_description",
            Self::Price => "price_cents",
            Self::OnHand => "on_hand",
            Self::Active => "active",
        }
    }

    /// Returns the cell of an article.
    pub(super) fn cell(self, article: &Article) -> String {
        match self {
            Self::Id => article.id.to_string(),
            Self::Version => article.version().to_string(),
            Self::Name => cell::of_text(&article.name),
            Self::TranslatedName => cell::of_text(&article.translation.name),
            Self::Description => cell::of_text(&article.description),
            Self::TranslatedDescription => cell::of_text(&article.translation.description),
            Self::Price => article.price.in_euros(),
            Self::OnHand => article.on_hand.to_string(),
            Self::Active => article.active.to_string(),
        }
    }

    /// Reads a cell into the line of its article. An empty cell is an empty text; of any other
    /// column, it says nothing.
    pub(super) fn read(self, cell: &str, line: &mut Line) -> Result<(), ArticleError> {
        let text = Some(cell::text_of(cell));
        let value = Some(cell).filter(|cell| !cell.trim().is_empty());
        let fields = &mut line.fields;
        match self {
            Self::Id => line.id = value.map(typed::id).transpose()?,
            Self::Version => line.version = value.map(typed::version).transpose()?,
            Self::Name => fields.name = text,
            Self::TranslatedName => fields.translated_name = text,
            Self::Description => fields.description = text,
            Self::TranslatedDescription => fields.translated_description = text,
            Self::Price => fields.price = value.map(typed::price).transpose()?,
            Self::OnHand => fields.on_hand = value.map(typed::on_hand).transpose()?,
            Self::Active => fields.active = value.map(typed::active).transpose()?,
        }
        Ok(())
    }
}

/// Returns the columns that the first line of a file names. Returns an error if one is unknown or
/// named twice, or if none says which article a line is about.
pub(super) fn named(heading: &StringRecord) -> Result<Vec<Column>, Problem> {
    let mut columns = Vec::new();
    for name in heading {
        let column = find(name.trim())?;
        if columns.contains(&column) {
            let detail = format!("the column `{}` occurs twice", column.name());
            return Err(Problem::because(Code::OutOfRange, detail));
        }
        columns.push(column);
    }
    if columns.contains(&Column::Id) || columns.contains(&Column::Name) {
        return Ok(columns);
    }
    let detail = format!("a column must be `id` or `{}`", Column::Name.name());
    Err(Problem::because(Code::MissingField, detail))
}

fn find(name: &str) -> Result<Column, Problem> {
    let column = Column::ALL.into_iter().find(|column| column.name().eq_ignore_ascii_case(name));
    column.ok_or_else(|| {
        let names = Column::ALL.map(Column::name).join(", ");
        let detail = format!("the column `{name}` does not exist; the columns are {names}");
        Problem::because(Code::UnknownField, detail)
    })
}
