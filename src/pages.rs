//! The pages of the shop: fragments of `views` inside a page, one file per feature.
//!
//! Every command works with and without htmx. htmx receives the fragments that the command changed;
//! a browser that submits the form itself is redirected to a page.

use actix_web::http::StatusCode;
use actix_web::http::header::{LOCATION, REFERER};
use actix_web::{HttpRequest, HttpResponse};
use domain::topic::Topic;
use maud::{Markup, html};
use views::failure;
use views::layout::{self, Notice};

use crate::auth::browser::Visitor;
use crate::error::Problem;

pub mod article;
pub mod cart;
pub mod order;
pub mod session;
pub mod user;

/// Renders a page with the title `page-{title}`, which subscribes to `topics`.
///
async fn render_page(
    visitor: &Visitor,
    title: &str,
    topics: &[Topic],
    main: impl Future<Output = Result<Markup, Problem>>,
) -> Result<HttpResponse, Problem> {
    let viewer = visitor.viewer().await?;
    let page = layout::page(&viewer, &format!("page-{title}"), topics, main.await?);
    Ok(html_response(StatusCode::OK, page))
}

/// Renders a page with a rejected form and its error message.
///
/// Returns the problem itself if a corrected form could not succeed either.
async fn render_page_with_error(
    problem: Problem,
    visitor: &Visitor,
    title: &str,
    topics: &[Topic],
    main: impl AsyncFnOnce(&str) -> Result<Markup, Problem>,
) -> Result<HttpResponse, Problem> {
    if !problem.is_recoverable() {
        return Err(problem);
    }
    let viewer = visitor.viewer().await?;
    let main = main(&failure::message(visitor.locale, problem.code.word())).await?;
    let page = layout::page(&viewer, &format!("page-{title}"), topics, main);
    Ok(refusal(&problem, page))
}

/// Answers a command: htmx receives the changed fragments by their ids and the text `notice`, a
/// browser is redirected to `page`.
fn render_fragments(
    visitor: &Visitor,
    request: &HttpRequest,
    fragments: &[(&str, Markup)],
    notice: &str,
    page: &str,
) -> HttpResponse {
    if !is_htmx(request) {
        return see_other(page);
    }
    let locale = visitor.locale;
    html_response(
        StatusCode::OK,
        html! {
            @for (id, fragment) in fragments {
                (layout::partial(id, Some(visitor.event), fragment))
            }
            (layout::notice(locale, Notice::Success, &locale.text(notice)))
        },
    )
}

/// Renders a rejected form and its error message as a fragment for htmx.
fn render_form_with_error(
    problem: &Problem,
    visitor: &Visitor,
    id: &str,
    form: impl FnOnce(&str) -> Markup,
) -> HttpResponse {
    let form = form(&failure::message(visitor.locale, problem.code.word()));
    refusal(problem, layout::partial(id, None, &form))
}

/// Returns a response that shows a problem itself. The log of security reads the code from it.
fn refusal(problem: &Problem, markup: Markup) -> HttpResponse {
    let mut response = html_response(problem.code.status(), markup);
    problem.set_retry_after(&mut response);
    response.extensions_mut().insert(problem.code);
    response
}

/// Redirects to a page of the shop (303, RFC 9110, section 15.4.4).
fn see_other(page: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, page)).finish()
}

/// Redirects to a page of the shop. htmx would replace a fragment by the page it is redirected to,
/// so it receives its own header, which loads the page.
fn redirect(request: &HttpRequest, page: &str) -> HttpResponse {
    if is_htmx(request) {
        HttpResponse::Ok().insert_header(("hx-redirect", page)).finish()
    } else {
        see_other(page)
    }
}

/// Returns the path of the page that sent the form, or `/` if it is unknown.
fn referring_page(request: &HttpRequest) -> String {
    let referer = request.headers().get(REFERER).and_then(|referer| referer.to_str().ok());
    let path = referer
        .and_then(|referer| referer.split_once("://")?.1.split_once('/').map(|(_, path)| path));
    local_path(path.map(|path| format!("/{path}")).as_deref())
}

/// Returns the path if it leads to a page of the shop, else `/` (OWASP Unvalidated Redirects and
/// Forwards Cheat Sheet).
fn local_path(path: Option<&str>) -> String {
    let is_local = |path: &&str| {
        let leaves_site =
            path.starts_with("//") || path.contains('\\') || path.chars().any(char::is_control);
        path.starts_with('/') && !leaves_site && path.is_ascii()
    };
    path.filter(is_local).unwrap_or("/").to_owned()
}

fn html_response(status: StatusCode, markup: Markup) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header(("cache-control", "no-store"))
        .body(markup.into_string())
}

fn is_htmx(request: &HttpRequest) -> bool {
    request.headers().contains_key("hx-request")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_outside_the_shop_is_replaced_by_the_home_page() {
        assert_eq!(local_path(Some("/cart?x=1")), "/cart?x=1");
        for foreign in
            ["//evil.example", "https://evil.example", "/\\evil.example", "cart", "/a\r\nb", ""]
        {
            assert_eq!(local_path(Some(foreign)), "/", "{foreign:?}");
        }
    }
}
