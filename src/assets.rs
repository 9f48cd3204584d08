//! The static files, which are compiled into the binary: the shop's own, and htmx.
//!
//! The build has compressed each of them, so that no request waits for that.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::header::{
    AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING, ContentEncoding, ETAG, Encoding, VARY,
};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use rust_embed::{Embed, EmbeddedFile};

use crate::error::Problem;
use crate::error::code::Code;

/// The cache control of a URL with a version: another content has another URL.
pub const FOREVER: &str = "public, max-age=31536000, immutable";

/// The cache control of a URL without a version: the browser checks the file again after an hour.
const ONE_HOUR: &str = "public, max-age=3600";

/// The cache control of a URL with the version of another content: while nodes are updated, a new
/// page may load its files from an old node.
const NEVER: &str = "no-cache";

/// The encodings of the compressed files, as (file, encoding, bytes).
static COMPRESSED: &[(&str, &str, &[u8])] =
    include!(concat!(env!("OUT_DIR"), "/compressed_files.rs"));

#[derive(Embed)]
#[folder = "static"]
#[include = "*.css"]
#[include = "*.svg"]
#[include = "*.png"]
#[include = "*.webmanifest"]
#[include = "robots.txt"]
#[include = "pictures/*"]
#[exclude = "node_modules/*"]
struct ShopFiles;

/// What the build makes of htmx, Swagger UI and `static/scripts`.
#[derive(Embed)]
#[folder = "$OUT_DIR/joined"]
struct JoinedScript;

/// The URLs of the files by their names. Every page has many of them.
static ADDRESSES: LazyLock<HashMap<Cow<'static, str>, String>> = LazyLock::new(|| {
    let names = ShopFiles::iter().chain(JoinedScript::iter());
    names.map(|name| (name.clone(), find_address(&name))).collect()
});

/// Returns the URL of a file, with a version that changes with the file's content.
pub fn address(name: &str) -> String {
    ADDRESSES.get(name).cloned().unwrap_or_else(|| find_address(name))
}

fn find_address(name: &str) -> String {
    let version = find(name).map(|file| version(&file)).unwrap_or_default();
    format!("/static/{name}?v={version}")
}

/// Returns whether there is a picture with this file name.
pub fn has_picture(name: &str) -> bool {
    ShopFiles::get(&format!("pictures/{name}")).is_some()
}

/// Returns whether a file is served at the path.
pub fn is_file(path: &str) -> bool {
    path.starts_with("/static/")
        || path.starts_with("/pictures/")
        || path == "/favicon.ico"
        || path == "/robots.txt"
}

/// Returns the encoding that the client prefers among those of the shop, or `None` if it prefers
/// no encoding (RFC 9110, section 12.5.3).
pub fn accepted_encoding(request: &impl HttpMessage) -> Option<ContentEncoding> {
    let accepted = request.get_header::<AcceptEncoding>()?;
    let offered = [Encoding::brotli(), Encoding::gzip(), Encoding::identity()];
    match accepted.negotiate(offered.iter())? {
        Encoding::Known(ContentEncoding::Identity) | Encoding::Unknown(_) => None,
        Encoding::Known(encoding) => Some(encoding),
    }
}

/// `GET /static/{file}`: returns a file, compressed if the client accepts that.
///
/// Each encoding has its own entity tag, because the bytes differ (RFC 9110, section 8.8.3.3).
pub async fn get_file(
    request: HttpRequest,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let file = find(&name).ok_or_else(|| Problem::new(Code::NotFound))?;
    let version = version(&file);
    let mut response = HttpResponse::Ok();
    response
        .content_type(content_type(&file))
        .insert_header((CACHE_CONTROL, cache_control(request.query_string(), &version)))
        .insert_header((VARY, "accept-encoding"));
    let compressed =
        accepted_encoding(&request).and_then(|encoding| find_compressed(&name, encoding.as_str()));
    if let Some((encoding, bytes)) = compressed {
        let etag = format!("\"{version}-{encoding}\"");
        response.insert_header((CONTENT_ENCODING, encoding)).insert_header((ETAG, etag));
        return Ok(response.body(web::Bytes::from_static(bytes)));
    }
    let body = match file.data {
        Cow::Borrowed(bytes) => web::Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    Ok(response.insert_header((ETAG, format!("\"{version}\""))).body(body))
}

/// `GET /favicon.ico`: returns the icon for clients that ignore the link in the page.
pub async fn get_favicon(request: HttpRequest) -> Result<HttpResponse, Problem> {
    get_file(request, web::Path::from("favicon.svg".to_owned())).await
}

/// `GET /robots.txt`: returns what search engines may read (RFC 9309).
pub async fn get_robots(request: HttpRequest) -> Result<HttpResponse, Problem> {
    get_file(request, web::Path::from("robots.txt".to_owned())).await
}

fn find(name: &str) -> Option<EmbeddedFile> {
    ShopFiles::get(name).or_else(|| JoinedScript::get(name))
}

/// Returns the type of a file. A text is in UTF-8, which its type must say (OWASP ASVS 5.0, section
/// 4.1.1); JSON always is.
fn content_type(file: &EmbeddedFile) -> String {
    match file.metadata.mimetype() {
        kind @ ("image/png" | "application/manifest+json") => kind.to_owned(),
        text => format!("{text}; charset=utf-8"),
    }
}

/// Returns a file in an encoding, with the name of the encoding. Returns `None` if the encoding
/// would not make the file smaller.
fn find_compressed(name: &str, encoding: &str) -> Option<(&'static str, &'static [u8])> {
    let mut files = COMPRESSED.iter();
    let (_, encoding, bytes) =
        files.find(|(file, other, _)| *file == name && *other == encoding)?;
    Some((encoding, bytes))
}

fn cache_control(query: &str, version: &str) -> &'static str {
    match query.strip_prefix("v=") {
        Some(requested) if requested == version => FOREVER,
        None if query.is_empty() => ONE_HOUR,
        _ => NEVER,
    }
}

/// Returns the start of the hash of the file's content.
fn version(file: &EmbeddedFile) -> String {
    file.metadata.sha256_hash().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
