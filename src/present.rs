//! How a refusal looks: problem+json for programs, a page for browsers, a notice for htmx.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, WWW_AUTHENTICATE};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, HttpResponse};
use serde_json::{Value, json};
use tracing_actix_web::RequestId;
use views::failure;
use views::layout::{Notice, notice, page, partial};

use crate::auth::browser::{Visitor, locale};
use crate::error::{Code, Problem};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives every answer its request id, and every refusal its look.
pub async fn present(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    // Routing needs the request to itself: it is looked at again only when it has come back.
    let answer = next.call(request).await?.map_into_boxed_body();
    let http = answer.request().clone();
    let mut answer = match problem(&answer) {
        Some(problem) => {
            // In a box of its own: every connection, a WebSocket's too, has room for this whole function.
            let (headers, look) = (answer.headers().clone(), Box::pin(look(&http, &problem)).await);
            let mut refused = answer.into_response(look);
            for (name, value) in headers.iter().filter(|(name, _)| **name != CONTENT_TYPE) {
                refused.headers_mut().append(name.clone(), value.clone());
            }
            refused
        }
        None => answer,
    };
    if let Ok(id) = HeaderValue::from_str(&request_id(&http)) {
        answer.headers_mut().insert(REQUEST_ID, id);
    }
    Ok(answer)
}

/// Why a request was refused, if it was.
fn problem(answer: &ServiceResponse<BoxBody>) -> Option<Problem> {
    let error = answer.response().error();
    let known = error.and_then(|error| error.as_error::<Problem>()).cloned();
    match (known, answer.status()) {
        (Some(problem), _) => Some(problem),
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

async fn look(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    let mut answer = if is_api(request) {
        json_problem(request, problem)
    } else if request.headers().contains_key("hx-request") {
        for_htmx(request, problem)
    } else {
        whole_page(request, problem).await
    };
    problem.say_when(&mut answer);
    answer
}

fn json_problem(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    let (code, status) = (problem.code.word(), problem.code.status());
    let mut body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": problem.detail,
        "code": code,
        "success": false,
        "message": failure::message(locale(request), code),
        "request_id": request_id(request),
    });
    if let (Value::Object(body), Value::Object(members)) = (&mut body, &problem.members) {
        body.extend(members.clone());
    }
    let mut answer = HttpResponse::build(status);
    if status == StatusCode::UNAUTHORIZED {
        answer.insert_header((WWW_AUTHENTICATE, "Bearer"));
    }
    answer.content_type("application/problem+json").body(body.to_string())
}

fn for_htmx(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    let status = problem.code.status();
    if problem.code == Code::Unauthorized {
        return HttpResponse::build(status).insert_header(("hx-redirect", "/login")).finish();
    }
    let locale = locale(request);
    let message = failure::message(locale, problem.code.word());
    let markup = partial("notice", notice(locale, Notice::Error, &message));
    HttpResponse::build(status).content_type("text/html; charset=utf-8").body(markup.into_string())
}

async fn whole_page(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    let (code, status) = (problem.code, problem.code.status());
    if code == Code::Unauthorized {
        let back = if request.method().is_safe() { request.uri().to_string() } else { "/".into() };
        let then = percent_encode(&back);
        return HttpResponse::SeeOther()
            .insert_header((LOCATION, format!("/login?then={then}")))
            .finish();
    }
    let body =
        failure::page_body(locale(request), status.as_u16(), code.word(), &request_id(request));
    let viewer = match Visitor::of(request.clone()).await {
        Ok(visitor) => visitor.viewer().await.ok(),
        Err(_) => None,
    };
    let markup = viewer
        .map_or_else(|| body.clone(), |viewer| page(&viewer, "page-failure", &[], body.clone()));
    HttpResponse::build(status).content_type("text/html; charset=utf-8").body(markup.into_string())
}

/// A text as a value in a query string.
fn percent_encode(text: &str) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    text.bytes()
        .map(|byte| if unreserved(byte) { char::from(byte).into() } else { format!("%{byte:02X}") })
        .collect()
}

fn is_api(request: &HttpRequest) -> bool {
    ["/api/", "/auth/", "/health/", "/metrics"]
        .iter()
        .any(|prefix| request.path().starts_with(prefix))
}

fn request_id(request: &HttpRequest) -> String {
    use actix_web::HttpMessage;
    request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default()
}
