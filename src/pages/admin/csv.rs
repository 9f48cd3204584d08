//! The catalogue as a CSV file for spreadsheets: a download, and a form that uploads it.

use actix_web::{HttpRequest, HttpResponse};
use domain::search::Search;

use super::article::render_stock;
use crate::auth::browser::{Administrator, Member};
use crate::csv;
use crate::error::Problem;
use crate::export::export;
use crate::flash::addresses::see_other;
use crate::flash::intake::Intake;
use crate::html::is_htmx;
use crate::import::import;
use crate::pages::respond;
use crate::upload::Upload;

/// `GET /admin/articles.csv`: returns all articles, also those off sale, for a spreadsheet.
pub async fn export_articles(Administrator(Member { visitor, .. }): Administrator) -> HttpResponse {
    export(visitor.state.shop.snapshot.articles(), csv::BYTE_ORDER_MARK)
}

/// `POST /admin/articles/import`: adds and changes the articles of the uploaded file, and says
/// which lines were refused.
pub async fn import_articles(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    upload: Upload,
) -> Result<HttpResponse, Problem> {
    let lines = csv::read(&upload.read().await?)?;
    let report = import(&visitor.state, lines, &me.author()).await?;
    let mut intake = Intake::new(report.added, report.changed, report.unchanged);
    for line in &report.refused {
        intake.refuse(line.number, &line.problem);
    }
    if !is_htmx(&request) {
        visitor.flash.report_intake(intake);
        return Ok(see_other("/admin/articles"));
    }
    let (kind, text) = intake.notice(visitor.locale);
    // The push draws other pages of the list.
    let list = render_stock(&visitor.state, visitor.locale, &Search::default(), None);
    Ok(respond(&visitor, &[("stock", list)], kind, &text))
}
