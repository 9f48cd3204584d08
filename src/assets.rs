//! The static files, which are compiled into the binary: the shop's own, and htmx.

use std::borrow::Cow;

use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::{Embed, EmbeddedFile};

use crate::error::Problem;
use crate::error::code::Code;

/// The cache control of a URL with a version: another content has another URL.
const FOREVER: &str = "public, max-age=31536000, immutable";

/// The cache control of a URL without a version: the browser checks the file again after an hour.
const ONE_HOUR: &str = "public, max-age=3600";

#[derive(Embed)]
#[folder = "static"]
#[include = "*.css"]
#[include = "shop.js"]
#[include = "*.svg"]
#[include = "pictures/*"]
#[exclude = "node_modules/*"]
struct ShopFiles;

#[derive(Embed)]
#[folder = "static/node_modules/htmx.org/dist"]
#[include = "htmx.min.js"]
#[include = "ext/hx-ws.min.js"]
struct HtmxFiles;

/// Returns the URL of a file, with a version that changes with the file's content.
pub fn address(name: &str) -> String {
    let version = find(name).map(|file| version(&file)).unwrap_or_default();
    format!("/static/{name}?v={version}")
}

/// Returns whether there is a picture with this file name.
pub fn has_picture(name: &str) -> bool {
    ShopFiles::get(&format!("pictures/{name}")).is_some()
}

/// `GET /static/{file}`: returns a file, or 304 if the client has its current content.
pub async fn get_file(
    request: HttpRequest,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let file = find(&name).ok_or_else(|| Problem::new(Code::NotFound))?;
    let etag = format!("\"{}\"", version(&file));
    let cache_control = if request.query_string().is_empty() { ONE_HOUR } else { FOREVER };
    let known = request.headers().get(IF_NONE_MATCH);
    let is_current = known.is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let mut response = if is_current { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, etag)).insert_header((CACHE_CONTROL, cache_control));
    if is_current {
        return Ok(response.finish());
    }
    let body = match file.data {
        Cow::Borrowed(bytes) => web::Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    Ok(response.content_type(file.metadata.mimetype()).body(body))
}

/// `GET /favicon.ico`: returns the icon for clients that ignore the link in the page.
pub async fn get_favicon(request: HttpRequest) -> Result<HttpResponse, Problem> {
    get_file(request, web::Path::from("favicon.svg".to_owned())).await
}

fn find(name: &str) -> Option<EmbeddedFile> {
    ShopFiles::get(name)
        .or_else(|| HtmxFiles::get(name))
        .or_else(|| HtmxFiles::get(&format!("ext/{name}")))
}

/// Returns the start of the hash of the file's content.
fn version(file: &EmbeddedFile) -> String {
    file.metadata.sha256_hash().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
