//! The catalogue as a CSV file in the REST API.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use views::failure;
use views::locale::Locale;

use crate::answer::{Answered, Example, One, Resource, one};
use crate::auth::bearer::Admin;
use crate::auth::browser::locale;
use crate::csv;
use crate::csv::column::Column;
use crate::error::Problem;
use crate::error::code::Code;
use crate::error::request::require_plain_body;
use crate::export::export;
use crate::form::unread;
use crate::import::{RefusedLine, Report, import};
use crate::state::AppState;

/// What an import has done.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ImportReport")]
pub struct ReportJson {
    added: u64,
    changed: u64,
    unchanged: u64,
    refused: Vec<RefusedJson>,
}

/// A line that changed nothing.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RefusedLine")]
struct RefusedJson {
    line: u64,
    /// The column that is wrong; `null` if no single one is.
    column: Option<String>,
    code: &'static str,
    /// The reason in the language of the client.
    message: String,
    detail: Option<String>,
}

/// `GET /api/admin/articles.csv`: returns all articles, also those off sale.
pub async fn export_articles(_: Admin, state: Data<AppState>) -> HttpResponse {
    export(state.shop.snapshot.articles(), "")
}

/// `POST /api/admin/articles.csv`: adds and changes the articles of a file, line by line, and
/// says which lines were refused.
pub async fn import_articles(
    Admin(me): Admin,
    state: Data<AppState>,
    request: HttpRequest,
    body: Result<Bytes, actix_web::Error>,
) -> Answered<One<ReportJson>> {
    require_plain_body(request.headers())?;
    if request.content_type() != "text/csv" {
        let detail = "the body must be text/csv";
        return Err(Problem::because(Code::UnsupportedMediaType, detail));
    }
    let lines = csv::read(&body.map_err(|error| unread(&error))?)?;
    let report = import(&state, lines, &me.author()).await?;
    Ok(one(report_json(report, locale(&request))))
}

impl Resource for ReportJson {
    const ONE: &'static str = "import";
    const MANY: &'static str = "imports";
}

impl Example for ReportJson {
    fn example() -> Value {
        json!({ "added": 1, "changed": 2, "unchanged": 20, "refused": [] })
    }
}

fn report_json(report: Report, locale: Locale) -> ReportJson {
    let Report { added, changed, unchanged, refused } = report;
    let refused = refused.into_iter().map(|line| refused_json(line, locale)).collect();
    ReportJson { added, changed, unchanged, refused }
}

fn refused_json(RefusedLine { number, problem }: RefusedLine, locale: Locale) -> RefusedJson {
    let code = problem.code.word();
    RefusedJson {
        line: number,
        column: Column::of_problem(&problem).map(Column::name),
        code,
        message: failure::message(locale, code),
        detail: problem.detail,
    }
}
