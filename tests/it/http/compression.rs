//! Compression: of files, pages and JSON.

use std::collections::BTreeSet;
use std::io::Read;

use flate2::read::GzDecoder;

use super::Response;
use crate::harness::TestShop;
use crate::people::signs_in;

/// What a browser accepts.
const BROWSER: &str = "gzip, deflate, br, zstd";

/// What a browser accepts that opens a page.
const PAGE: (&str, &str) = ("accept", "text/html, */*");

#[actix_web::test]
async fn a_response_has_the_encoding_that_the_client_prefers() {
    let shop = TestShop::open().await;
    for (path, accepted, encoding) in [
        ("/static/shop.css", BROWSER, "br"),
        ("/static/shop.css", "gzip", "gzip"),
        ("/static/shop.css", "br;q=0.1, gzip", "gzip"),
        ("/static/shop.css", "gzip;q=0, br;q=0", ""),
        ("/static/shop.css", "zstd, deflate", ""),
        ("/static/shop.css", "identity", ""),
        ("/static/shop.css", "identity;q=0", ""),
        ("/static/shop.css", "", ""),
        ("/static/shop.js", BROWSER, "br"),
        ("/static/shop.js", "gzip", "gzip"),
        ("/static/pictures/laptop.svg", "gzip", "gzip"),
        ("/favicon.ico", "br", "br"),
        ("/articles", BROWSER, "br"),
        ("/articles", "gzip", "gzip"),
        ("/articles", "*;q=0", ""),
        ("/login", BROWSER, "br"),
        ("/nowhere", "gzip", "gzip"),
        ("/api/articles", "gzip", "gzip"),
        ("/api/articles", "", ""),
        ("/api/articles/1", BROWSER, ""),
        ("/health/live", BROWSER, ""),
        ("/api/nowhere", "gzip", ""),
    ] {
        let plain = shop.answers("GET", path, &[PAGE]).await;
        let answer = shop.answers("GET", path, &[PAGE, ("accept-encoding", accepted)]).await;
        assert_eq!(answer.header("content-encoding"), encoding, "{path} {accepted}");
        assert_eq!(answer.status, plain.status, "{path} {accepted}");
        assert_eq!(plain.header("content-encoding"), "", "{path}");
        assert_eq!(answer.header("content-type"), plain.header("content-type"), "{path}");
        let is_page_of_error = plain.status == 404;
        assert!(is_page_of_error || decoded(&answer) == plain.body, "{path} {accepted}");
        if path.starts_with("/static") || !encoding.is_empty() {
            let vary = answer.header("vary").to_lowercase();
            assert_eq!(vary, "accept-encoding", "{path} {accepted}");
        }
        let head = shop.answers("HEAD", path, &[PAGE, ("accept-encoding", accepted)]).await;
        assert_eq!(head.header("content-encoding"), encoding, "HEAD {path} {accepted}");
        assert!(head.body.is_empty(), "HEAD {path} {accepted}");
    }
}

#[actix_web::test]
async fn every_encoding_of_a_file_has_its_own_entity_tag() {
    let shop = TestShop::open().await;
    for path in ["/static/shop.css", "/static/shop.js", "/static/pictures/mouse.svg"] {
        let mut tags = BTreeSet::new();
        for accepted in ["", "gzip", "br"] {
            let encodings = [("accept-encoding", accepted)];
            let file = shop.answers("GET", path, &encodings).await;
            let known = [encodings[0], ("if-none-match", file.header("etag"))];
            let again = shop.answers("GET", path, &known).await;
            assert_eq!((again.status, again.body.len()), (304, 0), "{path} {accepted}");
            assert_eq!(again.header("vary"), "accept-encoding", "{path} {accepted}");
            assert_eq!(again.header("content-encoding"), "", "{path} {accepted}");
            tags.insert(file.header("etag").to_owned());
        }
        assert_eq!(tags.len(), 3, "{tags:?}");
    }
}

#[actix_web::test]
async fn a_page_with_a_cookie_is_compressed_only_for_the_shop_s_own_pages_and_the_user() {
    let shop = TestShop::open().await;
    let cookie = signs_in(&shop, "admin", "admin").await;
    for (site, encoding) in [
        (Some("same-origin"), "br"),
        (Some("none"), "br"),
        (Some("same-site"), ""),
        (Some("cross-site"), ""),
        (None, ""),
    ] {
        for path in ["/account", "/articles", "/orders?guess=ana"] {
            let mut headers = vec![("accept-encoding", BROWSER), ("cookie", &cookie)];
            headers.extend(site.map(|site| ("sec-fetch-site", site)));
            let page = shop.answers("GET", path, &headers).await;
            assert_eq!(page.header("content-encoding"), encoding, "{path} {site:?}");
        }
    }
}

#[actix_web::test]
async fn a_first_visit_of_the_catalogue_has_at_most_40_kilobytes() {
    let shop = TestShop::open().await;
    let accepted = [("accept-encoding", BROWSER)];
    let page = shop.answers("GET", "/articles", &accepted).await;
    let html = String::from_utf8(decoded(&page)).unwrap();
    let files: BTreeSet<_> = ["href=\"/static/", "src=\"/static/"]
        .iter()
        .flat_map(|attribute| html.split(attribute).skip(1))
        .map(|rest| format!("/static/{}", rest.split('"').next().unwrap()))
        .collect();
    assert!(files.len() >= 10, "{files:?}");
    let mut bytes = page.body.len();
    for file in &files {
        let file = shop.answers("GET", file, &accepted).await;
        assert_eq!(file.status, 200);
        bytes += file.body.len();
    }
    assert!(bytes <= 40_000, "{bytes} bytes in {} files", files.len() + 1);
}

/// Returns the body without its encoding.
fn decoded(response: &Response) -> Vec<u8> {
    let mut content = Vec::new();
    match response.header("content-encoding") {
        "br" => drop(brotli::BrotliDecompress(&mut &response.body[..], &mut content)),
        "gzip" => drop(GzDecoder::new(&response.body[..]).read_to_end(&mut content)),
        _ => content.clone_from(&response.body),
    }
    content
}
