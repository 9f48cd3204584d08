//! The pages for authors of programs.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Responder};
use domain::shown::Shown;

use super::render_page;
use crate::auth::browser::{Visitor, locale};
use crate::error::Problem;
use crate::error::code::Code;
use crate::html::html_response;

/// What Swagger UI needs besides what every page may load: pictures in its style sheet, and styles
/// that its scripts set.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// `GET /docs`: shows the description of the REST API.
pub async fn show_reference(request: HttpRequest) -> impl Responder {
    let page = views::docs::reference_page(locale(&request));
    let mut response = html_response(StatusCode::OK, page);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// `GET /docs/errors`: explains every code of a problem.
pub async fn show_errors(visitor: Visitor) -> Result<HttpResponse, Problem> {
    let codes: Vec<_> =
        Code::ALL.iter().map(|code| (code.word(), code.status().as_u16())).collect();
    let body = async { Ok(views::docs::codes_body(visitor.locale, &codes)) };
    render_page(&visitor, "page-errors", Shown::Nothing, body).await
}
