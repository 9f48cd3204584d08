//! Programs in pages of other origins: the origins that may read responses of the API (CORS).
//!
//! Credentials are never allowed: a page of another origin sends a token itself, and a browser
//! shows it no response to a request with the shop's cookies.

use std::time::Duration;

use actix_cors::{Cors, CorsError};
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH,
};
use actix_web::middleware::{Condition, Next};

/// Identifies a command and its repetitions.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The secret of the cart of a program that is not signed in.
pub const CART_TOKEN: HeaderName = HeaderName::from_static("cart-token");

/// The last event that an answer may show, or that a client has seen.
pub const SHOP_POSITION: HeaderName = HeaderName::from_static("shop-position");

/// The headers of a response that a page of an allowed origin may read.
const EXPOSED: &str = "ETag, Location, Retry-After, Shop-Position";

/// The methods of the API.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// The beginnings of the paths of the API.
const PATHS: [&str; 2] = ["/api/", "/auth/"];

/// How long a browser may remember the answer to a preflight request.
const MAX_AGE: Duration = Duration::from_secs(600);

/// Whether a path is one of the API.
pub fn is_api(path: &str) -> bool {
    PATHS.iter().any(|start| path.starts_with(start))
}

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

    /// Whether no other origin is allowed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the middleware that lets browsers show responses of the API to these origins, and
    /// answers their preflight requests (Fetch Standard, section 3.2). Without origins, it does
    /// nothing.
    pub fn middleware(&self) -> Condition<Cors> {
        let origins = self.clone();
        let is_allowed = move |origin: &HeaderValue, path: &str| {
            is_api(path) && origin.to_str().is_ok_and(|origin| origins.contains(origin))
        };
        let cors = Cors::default()
            .allowed_origin_fn(move |origin, head| is_allowed(origin, head.uri.path()))
            .allowed_methods(METHODS)
            .allowed_headers([AUTHORIZATION, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH])
            .allowed_headers([IDEMPOTENCY_KEY, SHOP_POSITION, CART_TOKEN])
            .max_age(MAX_AGE.as_secs() as usize);
        Condition::new(!self.is_empty(), cors)
    }
}

/// Lets a page of an allowed origin read some headers of a response. actix-cors would do so on the
/// responses to all other origins too.
pub async fn expose_headers(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    let is_preflight = headers.contains_key(ACCESS_CONTROL_ALLOW_METHODS);
    if headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) && !is_preflight {
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
    Ok(response)
}

/// Whether a preflight request was refused with this error.
pub fn is_refused_preflight(error: &Error) -> bool {
    error.as_error::<CorsError>().is_some()
}

/// Whether a preflight request of an allowed origin was refused with this error: it asks for a
/// method or a header that the API does not have.
pub fn is_refused_method_or_header(error: &Error) -> bool {
    use CorsError::{BadRequestHeaders, BadRequestMethod, HeadersNotAllowed, MethodNotAllowed};
    matches!(
        error.as_error::<CorsError>(),
        Some(BadRequestHeaders | BadRequestMethod | HeadersNotAllowed | MethodNotAllowed)
    )
}
