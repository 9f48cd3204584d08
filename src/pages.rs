//! The pages of the shop: fragments of `views` inside a page, one file per feature.
//!
//! Every command works with and without htmx. htmx receives the fragments that the command changed;
//! a browser that submits the form itself is redirected to a page.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use domain::shown::Shown;
use maud::{Markup, html};
use serde::Deserialize;
use views::layout;
use views::viewer::Notice;

use crate::auth::browser::Visitor;
use crate::error::Problem;
use crate::flash::addresses::see_other;
use crate::html::{html_response, is_htmx};

pub mod admin;
pub mod article;
pub mod cart;
pub mod docs;
pub mod order;
pub mod reset;
pub mod sent;
pub mod session;
pub mod user;

/// The query of a page of a list.
#[derive(Deserialize)]
pub struct ListQuery<Id> {
    /// The entry after which the page starts; `None` is the first page.
    after: Option<Id>,
}

/// Renders a page; `title` is the key of its title. Its socket keeps what is shown up to date.
async fn render_page(
    visitor: &Visitor,
    title: &str,
    shown: Shown,
    main: impl Future<Output = Result<Markup, Problem>>,
) -> Result<HttpResponse, Problem> {
    render_titled_page(visitor, &visitor.locale.text(title), shown, main).await
}

/// Renders a page with its own title.
async fn render_titled_page(
    visitor: &Visitor,
    title: &str,
    shown: Shown,
    main: impl Future<Output = Result<Markup, Problem>>,
) -> Result<HttpResponse, Problem> {
    let main = main.await?;
    let viewer = visitor.viewer().await?;
    Ok(html_response(StatusCode::OK, layout::page(&viewer, title, shown, main)))
}

/// Answers a command: htmx receives the changed fragments by their ids, a browser is redirected to
/// `page`. Both show the text `notice`.
fn render_fragments(
    visitor: &Visitor,
    request: &HttpRequest,
    fragments: &[(&str, Markup)],
    notice: &str,
    page: &str,
) -> HttpResponse {
    if !is_htmx(request) {
        visitor.flash.confirm(notice);
        return see_other(page);
    }
    respond(visitor, fragments, Notice::Success, &visitor.locale.text(notice))
}

/// Answers a command of htmx with the changed fragments and a notice.
fn respond(
    visitor: &Visitor,
    fragments: &[(&str, Markup)],
    kind: Notice,
    text: &str,
) -> HttpResponse {
    html_response(
        StatusCode::OK,
        html! {
            @for (id, fragment) in fragments {
                (layout::partial(id, Some(visitor.event), fragment))
            }
            (layout::notice(visitor.locale, kind, text))
        },
    )
}

/// Answers a command that leads to another page, which shows the text `notice`.
///
/// htmx would replace a fragment by the page it is redirected to, so it receives its own header,
/// which loads the page.
fn redirect(visitor: &Visitor, request: &HttpRequest, page: &str, notice: &str) -> HttpResponse {
    visitor.flash.confirm(notice);
    if is_htmx(request) {
        HttpResponse::Ok().insert_header(("hx-redirect", page)).finish()
    } else {
        see_other(page)
    }
}

/// Turns a response into the refusal that it shows. The log of security reads the code from it.
fn refused(problem: &Problem, mut response: HttpResponse) -> HttpResponse {
    *response.status_mut() = problem.code.status();
    problem.set_retry_after(&mut response);
    response.extensions_mut().insert(problem.code);
    response
}
