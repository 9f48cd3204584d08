//! Static files, in the binary: the shop's own and htmx.

use std::borrow::Cow;

use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::{Embed, EmbeddedFile};

use crate::error::{Code, Problem};

/// How long a browser keeps a file whose address changes with its content.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// How long a browser keeps a file before it asks whether it has changed.
const FOR_AN_HOUR: &str = "public, max-age=3600";

#[derive(Embed)]
#[folder = "static"]
#[include = "*.css"]
#[include = "shop.js"]
#[include = "*.svg"]
#[include = "pictures/*"]
#[exclude = "node_modules/*"]
struct Own;

#[derive(Embed)]
#[folder = "static/node_modules/htmx.org/dist"]
#[include = "htmx.min.js"]
#[include = "ext/hx-ws.min.js"]
struct Htmx;

/// The address of a file, which changes with its content.
pub fn address(name: &str) -> String {
    let version = find(name).map(|file| tag(&file)).unwrap_or_default();
    format!("/static/{name}?v={version}")
}

/// Whether a picture of that name exists.
pub fn has_picture(name: &str) -> bool {
    Own::get(&format!("pictures/{name}")).is_some()
}

/// `GET /static/{file}`: one of the files.
pub async fn file(request: HttpRequest, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let file = find(&name).ok_or_else(|| Problem::new(Code::NotFound))?;
    let etag = format!("\"{}\"", tag(&file));
    let cache = if request.query_string().is_empty() { FOR_AN_HOUR } else { FOR_EVER };
    let known = request
        .headers()
        .get(IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((ETAG, etag)).insert_header((CACHE_CONTROL, cache));
    if known {
        return Ok(answer.finish());
    }
    let body = match file.data {
        Cow::Borrowed(bytes) => web::Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    Ok(answer.content_type(file.metadata.mimetype()).body(body))
}

/// `GET /favicon.ico`: for those who ask there whatever the page says.
pub async fn favicon(request: HttpRequest) -> Result<HttpResponse, Problem> {
    file(request, web::Path::from("favicon.svg".to_owned())).await
}

fn find(name: &str) -> Option<EmbeddedFile> {
    Own::get(name).or_else(|| Htmx::get(name)).or_else(|| Htmx::get(&format!("ext/{name}")))
}

fn tag(file: &EmbeddedFile) -> String {
    file.metadata.sha256_hash().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
