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
use actix_web::middleware::Condition;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const SHOP_POSITION: HeaderName = HeaderName::from_static("shop-position");

/// The methods of the API.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// The beginnings of the paths of the API.
const PATHS: [&str; 2] = ["/api/", "/auth/"];

/// How long a browser may remember the answer to a preflight request.
const MAX_AGE: Duration = Duration::from_secs(600);

/// The origins whose pages may use the API, normalized as browsers send them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedOrigins(Vec<String>);

impl AllowedOrigins {
    /// Allows these origins, which must be normalized.
    pub fn new(origins: Vec<String>) -> Self {
        Self(origins)
    }

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
