//! The pages: fragments of `views` with a page around, one file for each kind of thing.
//!
//! A command from a form is answered with the fragments it changed where htmx sends it, and with the way
//! back to a page where a plain browser does.

use actix_web::http::StatusCode;
use actix_web::http::header::{LOCATION, REFERER};
use actix_web::{HttpRequest, HttpResponse};
use domain::event::Topic;
use maud::{Markup, PreEscaped};
use views::failure;
use views::layout::{self, Notice};
use views::locale::Locale;

use crate::auth::browser::Visitor;
use crate::error::Problem;

pub mod article;
pub mod cart;
pub mod order;
pub mod session;
pub mod user;

/// A whole page, whose title is the text `page-{title}`; `main` is drawn after the page knows what it will hear of.
async fn draw(
    visitor: &Visitor,
    title: &str,
    topics: &[Topic],
    main: impl Future<Output = Result<Markup, Problem>>,
) -> Result<HttpResponse, Problem> {
    let viewer = visitor.viewer().await?;
    Ok(html(StatusCode::OK, layout::page(&viewer, &format!("page-{title}"), topics, main.await?)))
}

/// A whole page with a form again and the sentence that says why it was refused, if whoever sent it can do better.
async fn draw_again(
    problem: Problem,
    visitor: &Visitor,
    title: &str,
    topics: &[Topic],
    main: impl AsyncFnOnce(&str) -> Result<Markup, Problem>,
) -> Result<HttpResponse, Problem> {
    if !problem.can_be_mended() {
        return Err(problem);
    }
    let viewer = visitor.viewer().await?;
    let main = main(&failure::message(visitor.locale, problem.code.word())).await?;
    let mut answer =
        html(problem.code.status(), layout::page(&viewer, &format!("page-{title}"), topics, main));
    problem.say_when(&mut answer);
    Ok(answer)
}

/// The answer to a command: to htmx the fragments by their ids, to a plain browser the way to a page.
fn changed<Id: AsRef<str>>(
    request: &HttpRequest,
    fragments: Vec<(Id, Markup)>,
    page: &str,
) -> HttpResponse {
    if !is_htmx(request) {
        return see_other(page);
    }
    let partials = fragments
        .into_iter()
        .map(|(id, fragment)| layout::partial(id.as_ref(), fragment).into_string());
    html(StatusCode::OK, PreEscaped(partials.collect()))
}

/// To htmx, a form alone, again with the sentence that says why it was refused.
fn form_again(
    problem: &Problem,
    locale: Locale,
    id: &str,
    form: impl FnOnce(&str) -> Markup,
) -> HttpResponse {
    let form = form(&failure::message(locale, problem.code.word()));
    let mut answer = html(problem.code.status(), layout::partial(id, form));
    problem.say_when(&mut answer);
    answer
}

/// A sentence that says what was done.
fn done(locale: Locale, key: &str) -> (&'static str, Markup) {
    ("notice", layout::notice(locale, Notice::Success, &locale.text(key)))
}

/// Sends the browser to a page of the shop.
fn see_other(page: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, page)).finish()
}

/// Sends the browser to a page of the shop, also where htmx asked.
fn go_to(request: &HttpRequest, page: &str) -> HttpResponse {
    if is_htmx(request) {
        HttpResponse::Ok().insert_header(("hx-redirect", page)).finish()
    } else {
        see_other(page)
    }
}

/// The page the command came from, if it was one of the shop's.
fn back(request: &HttpRequest) -> String {
    let referer = request.headers().get(REFERER).and_then(|referer| referer.to_str().ok());
    let path = referer
        .and_then(|referer| referer.split_once("://")?.1.split_once('/').map(|(_, path)| path));
    local(path.map(|path| format!("/{path}")).as_deref())
}

/// A path of the shop itself, and nothing that leads elsewhere (OWASP Unvalidated Redirects Cheat Sheet).
fn local(path: Option<&str>) -> String {
    let own = |path: &&str| {
        let leads_out =
            path.starts_with("//") || path.contains('\\') || path.chars().any(char::is_control);
        path.starts_with('/') && !leads_out && path.is_ascii()
    };
    path.filter(own).unwrap_or("/").to_owned()
}

fn html(status: StatusCode, markup: Markup) -> HttpResponse {
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
    fn only_paths_of_the_shop_are_gone_back_to() {
        assert_eq!(local(Some("/cart?x=1")), "/cart?x=1");
        for elsewhere in
            ["//evil.example", "https://evil.example", "/\\evil.example", "cart", "/a\r\nb", ""]
        {
            assert_eq!(local(Some(elsewhere)), "/", "{elsewhere:?}");
        }
    }
}
