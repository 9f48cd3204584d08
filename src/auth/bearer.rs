//! Programs, which send an access token in the `Authorization` header (RFC 6750, section 2.1).

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use domain::cart::Owner;
use domain::user::{Role, UserId};

use super::{MyCart, guest};
use crate::cors::CART_TOKEN;
use crate::credentials::SignedIn;
use crate::credentials::access::Verified;
use crate::error::Problem;
use crate::error::code::Code;
use crate::operation::description::{Description, Input};
use crate::state::{AppState, app_state};

/// The beginning of the protocol that stands for an access token.
const TOKEN_PROTOCOL: &str = "bearer.";

/// A program of a signed-in user.
pub struct Bearer(pub SignedIn);

/// A program of an administrator.
pub struct Admin(pub SignedIn);

/// A program that may read the metrics: it sends the scraper's token or an administrator's.
pub struct Scraper(());

/// Returns the user whose access token the request carries.
///
/// A missing `Authorization` header is [`Code::Unauthorized`]. Every invalid token is
/// [`Code::InvalidToken`], whatever is wrong with it.
pub fn authenticate(request: &HttpRequest) -> Result<SignedIn, Problem> {
    if !request.headers().contains_key(AUTHORIZATION) {
        return Err(Problem::new(Code::Unauthorized));
    }
    match authorization(request) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            admit(app_state(request), verified(request, token))
        }
        _ => Err(Problem::new(Code::InvalidToken)),
    }
}

/// Verifies the token of a request the first time.
fn verified(request: &HttpRequest, token: &str) -> Option<Verified> {
    if let Some(verified) = request.extensions().get::<Verified>() {
        return Some(verified.clone());
    }
    let verified = app_state(request).access.verified(token)?;
    request.extensions_mut().insert(verified.clone());
    Some(verified)
}

/// Returns the user to whom the request's access token was issued, even if it has expired or its
/// session has ended; `None` if the shop did not issue it.
pub fn subject(request: &HttpRequest) -> Option<UserId> {
    let token = authorization(request).map(|(_, token)| token).or_else(|| protocol_token(request));
    app_state(request).access.subject(token?)
}

/// Returns the user whose access token the handshake of a WebSocket carries.
///
/// Browsers cannot set a header on a WebSocket. So the token may also be an entry of the list of
/// requested protocols, `bearer.TOKEN`. The header is preferred.
pub fn authenticate_socket(request: &HttpRequest) -> Result<SignedIn, Problem> {
    match (authenticate(request), protocol_token(request)) {
        (Err(problem), Some(token)) if problem.code == Code::Unauthorized => {
            check(app_state(request), token)
        }
        (result, _) => result,
    }
}

/// Whether the handshake of a WebSocket carries an access token, valid or not.
pub fn has_socket_token(request: &HttpRequest) -> bool {
    request.headers().contains_key(AUTHORIZATION) || protocol_token(request).is_some()
}

/// Returns the user that a token identifies.
///
/// A token that is invalid, or whose session has ended, is [`Code::InvalidToken`]. While
/// the store does not reply, its session may have ended too: [`Code::Unavailable`].
pub fn check(state: &AppState, token: &str) -> Result<SignedIn, Problem> {
    admit(state, state.access.verified(token))
}

/// Returns the user of a verified token, unless it is not valid now.
fn admit(state: &AppState, verified: Option<Verified>) -> Result<SignedIn, Problem> {
    let signed_in = verified.and_then(|verified| verified.at(state.shop.clock.now()));
    let revocations = &state.shop.revocations;
    let is_revoked = |signed_in: &SignedIn| revocations.refuse(signed_in.session, signed_in.until);
    let signed_in = signed_in.filter(|signed_in| !is_revoked(signed_in));
    let signed_in = signed_in.ok_or_else(|| Problem::new(Code::InvalidToken))?;
    let is_current = revocations.is_current(state.shop.clock.moment());
    if is_current { Ok(signed_in) } else { Err(Problem::new(Code::Unavailable)) }
}

/// Returns the token in the list of requested protocols (RFC 6455, section 11.3.4).
fn protocol_token(request: &HttpRequest) -> Option<&str> {
    let lists = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL);
    let mut protocols =
        lists.filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(','));
    protocols.find_map(|protocol| protocol.trim().strip_prefix(TOKEN_PROTOCOL))
}

/// Splits the `Authorization` header into the scheme and the token; returns `None` if there are
/// several, of which each could be meant.
fn authorization(request: &HttpRequest) -> Option<(&str, &str)> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let header = headers.next().filter(|_| headers.next().is_none());
    header?.to_str().ok()?.split_once(' ')
}

impl FromRequest for Bearer {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(authenticate(request).map(Self))
    }
}

impl FromRequest for Admin {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(authenticate(request).and_then(|signed_in| match signed_in.role {
            Role::Admin => Ok(Self(signed_in)),
            Role::Customer => Err(Problem::new(Code::Forbidden)),
        }))
    }
}

impl FromRequest for Scraper {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        match authorization(request) {
            Some((_, token)) if app_state(request).metrics.is_scraper_token(token) => {
                ready(Ok(Self(())))
            }
            _ => ready(Admin::from_request(request, payload).into_inner().map(|_| Self(()))),
        }
    }
}

/// The cart of the program's user, or of the guest whose token it sends.
impl FromRequest for MyCart {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let owner = match (authenticate(request), request.headers().get(CART_TOKEN)) {
            (Ok(me), _) => Ok(Owner::User(me.user)),
            (Err(problem), Some(token)) if problem.code == Code::Unauthorized => {
                guest::owner_by_token(token.to_str().unwrap_or_default())
            }
            (Err(problem), _) => Err(problem),
        };
        ready(owner.map(|owner| Self::new(app_state(request), Some(&owner))))
    }
}

impl Input for Bearer {
    fn describe(description: &mut Description) {
        description.requires(&["bearer"]);
    }
}

impl Input for Admin {
    fn describe(description: &mut Description) {
        description.requires(&["bearer"]);
        description.refuses(&[Code::Forbidden]);
    }
}

impl Input for Scraper {
    fn describe(description: &mut Description) {
        description.requires(&["scraper", "bearer"]);
        description.refuses(&[Code::Forbidden]);
    }
}

impl Input for MyCart {
    fn describe(description: &mut Description) {
        description.requires(&["bearer", "guest"]);
    }
}
