//! Programs in pages of other origins: the origins that may read responses of the API (CORS).
//!
//! Credentials are never allowed: a page of another origin sends a token itself, and a browser
//! shows it no response to a request with the shop's cookies.

use std::time::Duration;

use actix_cors::{Cors, CorsError};
use actix_web::Error;
use actix_web::http::header::{
    AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, LOCATION,
    RETRY_AFTER,
};
use actix_web::http::uri::Uri;
use actix_web::middleware::Condition;
use serde::Deserialize;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const SHOP_POSITION: HeaderName = HeaderName::from_static("shop-position");

/// The methods of the API.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// The beginnings of the paths of the API.
const PATHS: [&str; 2] = ["/api/", "/auth/"];

/// How long a browser may remember the answer to a preflight request.
const MAX_AGE: Duration = Duration::from_secs(600);

/// The origins whose pages may use the API, normalized as browsers send them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct AllowedOrigins(Vec<String>);

impl AllowedOrigins {
    /// Whether the pages of an origin may use the API; `origin` is the value of a header.
    pub fn contains(&self, origin: &str) -> bool {
        self.0.iter().any(|allowed| allowed == origin)
    }

    /// Returns the middleware that lets browsers show responses of the API to these origins, and
    /// answers their preflight requests (Fetch Standard, section 3.2). Without origins, it does
    /// nothing.
    pub fn middleware(&self) -> Condition<Cors> {
        let origins = self.clone();
        let is_allowed = move |origin: &HeaderValue, path: &str| {
            PATHS.iter().any(|start| path.starts_with(start))
                && origin.to_str().is_ok_and(|origin| origins.contains(origin))
        };
        let cors = Cors::default()
            .allowed_origin_fn(move |origin, head| is_allowed(origin, head.uri.path()))
            .allowed_methods(METHODS)
            .allowed_headers([AUTHORIZATION, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH])
            .allowed_headers([IDEMPOTENCY_KEY, SHOP_POSITION])
            .expose_headers([ETAG, LOCATION, RETRY_AFTER, SHOP_POSITION])
            .max_age(MAX_AGE.as_secs() as usize);
        Condition::new(!self.0.is_empty(), cors)
    }
}

/// Whether a preflight request was refused with this error.
pub fn is_refused_preflight(error: &Error) -> bool {
    error.as_error::<CorsError>().is_some()
}

impl TryFrom<String> for AllowedOrigins {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let words = text.split([',', ' ']).filter(|word| !word.is_empty());
        words
            .map(|word| normalize(word).ok_or_else(|| wrong(word)))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn wrong(word: &str) -> String {
    format!("`{word}` is not an origin such as https://shop.example or http://localhost:3000")
}

/// Returns an origin as browsers send it: in lower case, without the port that the scheme implies,
/// and without a slash at the end. Returns `None` if it is not the origin of a web page.
fn normalize(word: &str) -> Option<String> {
    let uri: Uri = word.to_ascii_lowercase().parse().ok()?;
    let authority = uri.authority()?;
    let implied = match uri.scheme_str()? {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let has_more = uri.path() != "/" || uri.query().is_some() || authority.as_str().contains('@');
    let host = authority.host();
    if has_more || host.is_empty() || host.contains('*') {
        return None;
    }
    let scheme = uri.scheme_str()?;
    match authority.port() {
        Some(port) if port.as_str().parse::<u16>().ok()? != implied => {
            Some(format!("{scheme}://{host}:{port}"))
        }
        Some(_) => Some(format!("{scheme}://{host}")),
        None if authority.as_str() == host => Some(format!("{scheme}://{host}")),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_as_browsers_send_them() {
        let text = "https://Shop.Example:443/, http://localhost:3000 http://[::1]:80";
        let origins = AllowedOrigins::try_from(text.to_owned()).unwrap();
        for origin in ["https://shop.example", "http://localhost:3000", "http://[::1]"] {
            assert!(origins.contains(origin), "{origin}");
        }
        for other in ["http://shop.example", "https://shop.example:444", "http://localhost", "null"]
        {
            assert!(!origins.contains(other), "{other}");
        }
    }

    #[test]
    fn what_is_not_an_exact_origin_is_refused_by_name() {
        for word in [
            "*",
            "null",
            "shop.example",
            "https://",
            "https://*.example",
            "https://shop.example/boutique",
            "https://shop.example?a",
            "https://ana@shop.example",
            "https://shop.example:port",
            "ftp://shop.example",
            "file:///",
        ] {
            let error = AllowedOrigins::try_from(format!("http://a,{word}")).unwrap_err();
            assert!(error.contains(&format!("`{word}`")), "{error}");
        }
        assert_eq!(AllowedOrigins::try_from(String::new()), Ok(AllowedOrigins::default()));
    }
}
