//! Which responses are compressed.
//!
//! An eavesdropper sees the length of a compressed response, and a page of another site can make
//! the browser put its guesses into a request of the user. A response with both a guess and a
//! secret is shorter when the guess is right (BREACH). So nothing is compressed that a page of
//! another site may have requested with the cookies of a user, and no response of `/auth/`.

use actix_http::encoding::Encoder;
use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ACCEPT_ENCODING, COOKIE, ETAG, HeaderMap, HeaderValue};
use actix_web::middleware::Next;

use crate::assets::{self, accepted_encoding};

/// A smaller body would save less than the header that names the encoding costs the client.
const MIN_SIZE: u64 = 512;

/// Replaces the encodings that the client accepts by the one to use, if there is one, and encodes
/// the response with it, unless its handler has.
pub(super) async fn compress(
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<EitherBody<BoxBody, Encoder<BoxBody>>>, Error> {
    let encoding =
        accepted_encoding(&request).filter(|_| may_compress(request.path(), request.headers()));
    let headers = request.headers_mut();
    headers.remove(ACCEPT_ENCODING);
    if let Some(encoding) = encoding {
        headers.insert(ACCEPT_ENCODING, encoding.to_header_value());
    }
    let response = next.call(request).await?;
    Ok(match encoding.filter(|_| is_worth_it(&response)) {
        Some(encoding) => response
            .map_body(|head, body| EitherBody::right(Encoder::response(encoding, head, body))),
        None => response.map_into_left_body(),
    })
}

/// Whether a response is large enough and has no entity tag: another encoding would need another
/// tag, and `If-Match` could not compare it. Every picture has one.
fn is_worth_it(response: &ServiceResponse<BoxBody>) -> bool {
    let is_small =
        matches!(response.response().body().size(), BodySize::Sized(size) if size < MIN_SIZE);
    !is_small && !response.headers().contains_key(ETAG)
}

fn may_compress(path: &str, headers: &HeaderMap) -> bool {
    let is_own = |site: &HeaderValue| site == "same-origin" || site == "none";
    let is_requested_by_user =
        headers.contains_key("sec-fetch-site") && headers.get_all("sec-fetch-site").all(is_own);
    let has_secret =
        path.starts_with("/auth/") || (headers.contains_key(COOKIE) && !is_requested_by_user);
    assets::is_file(path) || !has_secret
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderName;

    use super::*;

    #[test]
    fn nothing_is_compressed_that_another_site_may_have_requested_with_a_cookie() {
        let cookie = ("cookie", "session=x");
        let site = |site| ("sec-fetch-site", site);
        for (path, sent, compressed) in [
            ("/articles", &[][..], true),
            ("/articles", &[site("cross-site")], true),
            ("/articles", &[cookie, site("same-origin")], true),
            ("/articles", &[cookie, site("none")], true),
            ("/articles", &[cookie, site("same-site")], false),
            ("/articles", &[cookie, site("cross-site")], false),
            ("/articles", &[cookie], false),
            ("/api/orders", &[("authorization", "Bearer x")], true),
            ("/auth/login", &[], false),
            ("/static/shop.css", &[cookie, site("cross-site")], true),
            ("/favicon.ico", &[cookie], true),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in sent {
                headers
                    .insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
            }
            assert_eq!(may_compress(path, &headers), compressed, "{path} {sent:?}");
        }
    }
}
