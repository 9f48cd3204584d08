//! Browsers, which send the cookie of a session or of a guest's cart.

use std::pin::Pin;

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::ACCEPT_LANGUAGE;
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, web};
use actors::failure::Failure;
use actors::session::FindByCookie;
use actors::store::EventId;
use domain::cart::Owner;
use domain::user::{Role, UserId};
use views::locale::Locale;
use views::viewer::{Account, Viewer};

use super::MyCart;
use crate::assets;
use crate::credentials::SignedIn;
use crate::credentials::cookie::CookieName;
use crate::crypto::{fingerprint, random_token};
use crate::error::Problem;
use crate::error::code::Code;
use crate::state::{AppState, app_state};

/// A visitor with a browser, signed in or not.
#[derive(Clone)]
pub struct Visitor {
    /// The state of the app.
    pub state: web::Data<AppState>,
    /// The visitor's user, if signed in.
    pub signed_in: Option<SignedIn>,
    /// The owner of the visitor's cart.
    pub owner: Owner,
    /// The language of the pages.
    pub locale: Locale,
    /// The last event when the request arrived. What the response shows may be newer, so a page
    /// that continues after this event misses no change.
    pub event: EventId,
    /// The path and the query of the request.
    path: String,
}

/// A visitor who is signed in.
pub struct Member {
    /// The visitor.
    pub visitor: Visitor,
    /// The visitor's user.
    pub me: SignedIn,
}

/// A visitor who is signed in as an administrator.
pub struct Administrator(pub Member);

/// The secret of a guest's cart that was generated during the request.
#[derive(Clone)]
struct NewGuest(String);

/// Identifies the visitor before any other part of the request is parsed, so that authority is
/// checked first. A visitor whose guest cart was created during the request receives its cookie.
pub async fn identify_visitor(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match Visitor::identify(request.request().clone()).await {
        Ok(visitor) => drop(request.extensions_mut().insert(visitor)),
        Err(problem) => return Ok(request.error_response(problem)),
    }
    let mut response = next.call(request).await?;
    let new_guest = response.request().extensions_mut().remove::<NewGuest>();
    if let Some(NewGuest(secret)) = new_guest.filter(|_| !sets_session(&response)) {
        let cookies = app_state(response.request()).cookies;
        response.response_mut().add_cookie(&cookies.build(CookieName::Guest, secret))?;
    }
    Ok(response)
}

/// Returns the language of the request: the chosen one, else the one that the browser prefers.
pub fn locale(request: &HttpRequest) -> Locale {
    let chosen = app_state(request).cookies.get(request, CookieName::Language);
    chosen.and_then(|code| Locale::from_code(&code)).unwrap_or_else(|| {
        let accepted =
            request.headers().get(ACCEPT_LANGUAGE).and_then(|languages| languages.to_str().ok());
        accepted.map(Locale::preferred).unwrap_or_default()
    })
}

/// Returns the user of the request's session cookie; `None` if the session has ended, or if the
/// store does not reply.
pub async fn subject(request: &HttpRequest) -> Option<UserId> {
    let session = find_session(request, app_state(request)).await;
    session.ok().flatten().map(|me| me.user)
}

impl Visitor {
    /// Identifies the visitor by the request's cookies. Later calls for the same request return
    /// the first result.
    pub async fn identify(request: HttpRequest) -> Result<Self, Problem> {
        if let Some(identified) = request.extensions().get::<Self>() {
            return Ok(identified.clone());
        }
        let state = app_state(&request).clone();
        let event = *state.shop.position.borrow();
        let signed_in = find_session(&request, &state).await?;
        let owner = match &signed_in {
            Some(me) => Owner::User(me.user),
            None => guest(&request, &state),
        };
        Ok(Self {
            owner,
            locale: locale(&request),
            event,
            path: path_and_query(&request),
            state,
            signed_in,
        })
    }

    /// Returns a new guest in place of the visitor, for a request that must not act by its cookies.
    pub fn without_cookies(self) -> Self {
        let owner = Owner::Guest(fingerprint(&random_token()));
        Self { signed_in: None, owner, ..self }
    }

    /// Returns the visitor's cart.
    pub fn cart(&self) -> MyCart {
        MyCart { state: self.state.clone(), owner: self.owner.clone() }
    }

    /// Returns what the layout around every page shows of the visitor.
    pub async fn viewer(&self) -> Result<Viewer, Problem> {
        Ok(Viewer {
            locale: self.locale,
            account: self
                .signed_in
                .as_ref()
                .map(|me| Account { username: me.username.clone(), role: me.role }),
            cart_count: self.cart().priced().await?.item_count,
            event: self.event,
            path: self.path.clone(),
            default_password: self.state.shop.default_password.stands(),
            asset: assets::address,
        })
    }
}

/// Returns the user of the session cookie, or `None` if the session does not exist or has ended.
async fn find_session(
    request: &HttpRequest,
    state: &AppState,
) -> Result<Option<SignedIn>, Problem> {
    let Some(cookie) = state.cookies.get(request, CookieName::Session) else { return Ok(None) };
    match state.shop.sessions.ask(FindByCookie(fingerprint(&cookie))).await {
        Ok(session) => Ok(Some(SignedIn::from(&session))),
        Err(Failure::Refused(_)) => Ok(None),
        Err(failure) => Err(failure.into()),
    }
}

/// Returns the guest of the cookie, or a new guest whose secret is kept for the response.
fn guest(request: &HttpRequest, state: &AppState) -> Owner {
    let secret = state.cookies.get(request, CookieName::Guest).unwrap_or_else(|| {
        let mut extensions = request.extensions_mut();
        let NewGuest(secret) =
            extensions.get::<NewGuest>().cloned().unwrap_or_else(|| NewGuest(random_token()));
        extensions.insert(NewGuest(secret.clone()));
        secret
    });
    Owner::Guest(fingerprint(&secret))
}

/// Whether the response sets or removes the session cookie: the guest has signed in or out.
fn sets_session(response: &ServiceResponse<BoxBody>) -> bool {
    let cookies = app_state(response.request()).cookies;
    response.response().cookies().any(|cookie| cookies.is_named(&cookie, CookieName::Session))
}

fn path_and_query(request: &HttpRequest) -> String {
    request.uri().path_and_query().map(ToString::to_string).unwrap_or_default()
}

type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

impl FromRequest for Visitor {
    type Error = Problem;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(Self::identify(request.clone()))
    }
}

impl FromRequest for Member {
    type Error = Problem;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let visitor = Visitor::identify(request.clone());
        Box::pin(async move {
            let visitor = visitor.await?;
            let me = visitor.signed_in.clone().ok_or_else(|| Problem::new(Code::Unauthorized))?;
            Ok(Self { visitor, me })
        })
    }
}

impl FromRequest for Administrator {
    type Error = Problem;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let member = Member::from_request(request, payload);
        Box::pin(async move {
            let member = member.await?;
            if member.me.role == Role::Admin {
                Ok(Self(member))
            } else {
                Err(Problem::new(Code::Forbidden))
            }
        })
    }
}
