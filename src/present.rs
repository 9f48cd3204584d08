//! Presents refusals: problem+json to programs, a page to browsers, a notice to htmx.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue,
    SEC_WEBSOCKET_VERSION, UPGRADE, WWW_AUTHENTICATE,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};
use domain::shown::Shown;
use serde_json::{Value, json};
use views::failure;
use views::layout::{bare_page, notice, page};
use views::link;
use views::viewer::Notice;

use crate::auth::audit::record_refusal;
use crate::auth::bearer::has_socket_token;
use crate::auth::browser::{Visitor, locale};
use crate::cors::{is_refused_method_or_header, is_refused_preflight};
use crate::error::Problem;
use crate::error::code::Code;
use crate::flash::addresses::{accepts_html, open_page, page_of_command, see_other};
use crate::html::{html_response, is_htmx};
use crate::telemetry::request_id;
use crate::upgrade;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The beginnings of the paths that programs use.
const API_PATHS: [&str; 4] = ["/api/", "/auth/", "/health/", "/metrics"];

/// Renders the problem of a refused request, and adds the request id and the cookies of the visitor
/// to every response.
pub async fn present(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut response = next.call(request).await?.map_into_boxed_body();
    if response.status().is_client_error() || response.status().is_server_error() {
        // Boxed, because every open connection holds this future, also that of a WebSocket.
        response = Box::pin(present_refusal(response)).await;
    }
    let extensions = response.request().extensions();
    let visitor = extensions.get::<Visitor>();
    let cookies = visitor.map(|visitor| visitor.flash.take_cookies()).unwrap_or_default();
    drop(extensions);
    for cookie in cookies {
        response.response_mut().add_cookie(&cookie)?;
    }
    if let Ok(id) = HeaderValue::try_from(request_id(response.request())) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    Ok(response)
}

/// Records why a request was refused, and renders it unless a page has shown it in its own form.
async fn present_refusal(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let request = response.request().clone();
    if let Some(code) = shown_code(&response) {
        record_refusal(&request, code).await;
        return response;
    }
    let Some(problem) = problem(&response) else { return response };
    if !response.response().error().is_some_and(is_refused_method_or_header) {
        record_refusal(&request, problem.code).await;
    }
    let rendered = render(&request, &problem).await;
    replace_body(response, rendered)
}

/// Returns why the request was refused, or `None` if it was not.
fn problem(response: &ServiceResponse<BoxBody>) -> Option<Problem> {
    let error = response.response().error();
    let known = error.and_then(|error| error.as_error::<Problem>()).cloned();
    match (known, response.status()) {
        (Some(problem), _) => Some(problem),
        (None, _) if error.is_some_and(is_refused_preflight) => {
            Some(Problem::new(Code::CrossOrigin))
        }
        (None, StatusCode::METHOD_NOT_ALLOWED) => Some(Problem::new(Code::MethodNotAllowed)),
        (None, StatusCode::NOT_FOUND) => Some(Problem::new(Code::NotFound)),
        (None, status) if error.is_some() && status.is_client_error() => {
            Some(Problem::new(Code::MalformedJson))
        }
        (None, status) if status.is_server_error() => {
            tracing::error!(error = ?error, "request failed");
            Some(Problem::new(Code::Internal))
        }
        _ => None,
    }
}

/// Returns the code of a problem that a page shows in its own form.
fn shown_code(response: &ServiceResponse<BoxBody>) -> Option<Code> {
    response.response().extensions().get().copied()
}

/// Replaces the body of a response, but keeps its headers.
fn replace_body(
    response: ServiceResponse<BoxBody>,
    rendered: HttpResponse,
) -> ServiceResponse<BoxBody> {
    let headers = response.headers().clone();
    let mut replaced = response.into_response(rendered);
    for (name, value) in headers.iter().filter(|(name, _)| **name != CONTENT_TYPE) {
        replaced.headers_mut().append(name.clone(), value.clone());
    }
    replaced
}

async fn render(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    let is_program = API_PATHS.iter().any(|start| request.path().starts_with(start));
    // A path in another spelling is none of a page of the shop, and may be one of the API.
    let mut response = if is_program || problem.code == Code::InvalidPath {
        render_json(request, problem)
    } else if is_htmx(request) {
        render_notice(request, problem)
    } else if let Some(page) = page_instead(request, problem) {
        return see_other(&page);
    } else {
        render_page(request, problem).await
    };
    problem.set_retry_after(&mut response);
    // RFC 9110, section 12.5.3: the encoding was wrong, not the type.
    let is_encoded = request.headers().contains_key(CONTENT_ENCODING);
    if is_encoded && problem.code == Code::UnsupportedMediaType {
        response.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    if problem.code == Code::WebsocketVersion {
        // RFC 9110, section 15.5.22, and RFC 6455, section 4.2.2.
        let headers = response.headers_mut();
        headers.insert(UPGRADE, HeaderValue::from_static(upgrade::PROTOCOL));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(upgrade::VERSION));
    }
    response
}

/// Renders problem+json (RFC 9457) with the members of the shop.
fn render_json(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    let code = problem.code;
    let status = code.status();
    let route = request.match_pattern().unwrap_or_default();
    let problem = problem.clone().about_field_of(request.method(), &route);
    let mut body = json!({
        "type": code.uri(),
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "code": code.word(),
        "success": false,
        "message": message(request, &problem),
        "request_id": request_id(request),
    });
    if let (Value::Object(body), Value::Object(members)) = (&mut body, problem.members) {
        body.extend(problem.detail.map(|detail| ("detail".to_owned(), detail.into())));
        body.extend(members);
    }
    let mut response = HttpResponse::build(status);
    if status == StatusCode::UNAUTHORIZED {
        response.insert_header((WWW_AUTHENTICATE, challenge(request, code)));
    }
    response.content_type("application/problem+json").body(format!("{body}\n"))
}

/// Returns the scheme of authentication, and that the token is the reason if the request has one
/// (RFC 6750, section 3.1).
fn challenge(request: &HttpRequest, code: Code) -> &'static str {
    if code == Code::InvalidToken && has_socket_token(request) {
        "Bearer error=\"invalid_token\""
    } else {
        "Bearer"
    }
}

/// Renders the fragment that htmx shows as a notice. htmx does not follow a redirect to the form
/// to sign in, so it receives its own header.
fn render_notice(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    if problem.code == Code::Unauthorized {
        let sign_in = link::sign_in(&open_page(request));
        return HttpResponse::Unauthorized().insert_header(("hx-redirect", sign_in)).finish();
    }
    html_response(
        problem.code.status(),
        notice(locale(request), Notice::Error, &message(request, problem)),
    )
}

/// Returns the page that a browser loads instead of a page with the error: the form to sign in, or
/// the page of a command, which then shows the error or what was typed.
///
/// A command has no page at its own address, which a browser could load again or in another
/// language. Programs receive the status of the problem.
fn page_instead(request: &HttpRequest, problem: &Problem) -> Option<String> {
    let page = page_of_command(request);
    if problem.code == Code::Unauthorized {
        return Some(link::sign_in(&page.unwrap_or_else(|| request.uri().to_string())));
    }
    let page = page.filter(|_| accepts_html(request) && is_of_own_page(problem.code))?;
    if !request.method().is_safe() {
        request.extensions().get::<Visitor>()?.flash.refuse(problem);
    }
    Some(page)
}

/// Whether a command that was refused for this reason has a page that the visitor may see, and was
/// sent from a page of the shop.
fn is_of_own_page(code: Code) -> bool {
    let is_foreign = matches!(code, Code::CrossOrigin | Code::MisdirectedRequest);
    !is_foreign && !matches!(code, Code::Forbidden | Code::NotFound | Code::OrderNotFound)
}

/// Renders a page with the error.
async fn render_page(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    let locale = locale(request);
    let seconds = problem.retry_after_seconds();
    let status = problem.code.status().as_u16();
    let code = problem.code.word();
    let body = failure::page_body(locale, status, code, seconds, &request_id(request));
    // Another site that takes the place of the shop gets no page of a visitor. A picture has none
    // either: it must not take the notice that the next page shows.
    let has_layout = problem.code != Code::MisdirectedRequest && accepts_html(request);
    // The store may fail.
    let viewer = match Visitor::identify(request.clone()).await {
        Ok(visitor) if has_layout => visitor.viewer().await.ok(),
        _ => None,
    };
    let title = failure::title(locale, code);
    html_response(
        problem.code.status(),
        match viewer {
            Some(viewer) => page(&viewer, &title, Shown::Nothing, body),
            None => bare_page(locale, &title, &body),
        },
    )
}

/// Returns the sentence for the user, which says when to try again.
fn message(request: &HttpRequest, problem: &Problem) -> String {
    let seconds = problem.retry_after_seconds();
    failure::message_with_wait(locale(request), problem.code.word(), seconds)
}
