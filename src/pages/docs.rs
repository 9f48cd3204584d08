//! The pages for authors of programs.

use actix_web::HttpResponse;
use domain::shown::Shown;

use super::render_page;
use crate::auth::browser::Visitor;
use crate::error::Problem;
use crate::error::code::Code;

/// `GET /docs/errors`: explains every code of a problem.
pub async fn show_errors(visitor: Visitor) -> Result<HttpResponse, Problem> {
    let codes: Vec<_> =
        Code::ALL.iter().map(|code| (code.word(), code.status().as_u16())).collect();
    let body = async { Ok(views::failure::codes_body(visitor.locale, &codes)) };
    render_page(&visitor, "page-errors", Shown::Nothing, body).await
}
