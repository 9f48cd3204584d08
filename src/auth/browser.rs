//! Browsers: whoever carries the cookie of a session, or of a guest's cart.

use std::pin::Pin;

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::ACCEPT_LANGUAGE;
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, web};
use actors::ask::Failure;
use actors::session::FindByCookie;
use domain::cart::Owner;
use domain::user::Role;
use views::layout::{Account, Viewer};
use views::locale::Locale;

use super::MyCart;
use crate::assets;
use crate::credentials::SignedIn;
use crate::credentials::cookie::Name;
use crate::crypto::{fingerprint, random_token};
use crate::error::{Code, Problem};
use crate::state::{AppState, state};

/// Anybody with a browser.
#[derive(Clone)]
pub struct Visitor {
    /// The shop the visitor is in.
    pub state: web::Data<AppState>,
    /// Who it is, if signed in.
    pub signed_in: Option<SignedIn>,
    /// Whose cart the visitor fills.
    pub owner: Owner,
    /// The visitor's language.
    pub locale: Locale,
    path: String,
}

/// A visitor who is signed in.
pub struct Member {
    /// The visitor.
    pub visitor: Visitor,
    /// Who it is.
    pub me: SignedIn,
}

/// A visitor who is an administrator.
pub struct Administrator(pub Member);

/// The secret of a guest's cart that was made while a request was answered.
#[derive(Clone)]
struct NewGuest(String);

/// Finds out who makes the request before anything of it is looked at, so that authority is judged first; gives a
/// visitor whose cart was made meanwhile the cookie that names it.
pub async fn meet(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match Visitor::of(request.request().clone()).await {
        Ok(visitor) => drop(request.extensions_mut().insert(visitor)),
        Err(problem) => return Ok(request.error_response(problem)),
    }
    let mut response = next.call(request).await?;
    let made = response.request().extensions_mut().remove::<NewGuest>();
    let cookies = state(response.request()).cookies;
    let is_guest =
        || !response.response().cookies().any(|cookie| cookies.is(&cookie, Name::Session));
    if let Some(NewGuest(secret)) = made.filter(|_| is_guest()) {
        response.response_mut().add_cookie(&cookies.set(Name::Guest, secret))?;
    }
    Ok(response)
}

/// The language of whoever makes the request: chosen, else the browser's.
pub fn locale(request: &HttpRequest) -> Locale {
    let chosen = state(request).cookies.get(request, Name::Language);
    chosen.and_then(|code| Locale::from_code(&code)).unwrap_or_else(|| {
        let accepted =
            request.headers().get(ACCEPT_LANGUAGE).and_then(|languages| languages.to_str().ok());
        accepted.map(Locale::preferred).unwrap_or_default()
    })
}

impl Visitor {
    /// Whoever makes the request.
    pub async fn of(request: HttpRequest) -> Result<Self, Problem> {
        if let Some(met) = request.extensions().get::<Self>() {
            return Ok(met.clone());
        }
        let state = state(&request).clone();
        let signed_in = match state.cookies.get(&request, Name::Session) {
            Some(cookie) => {
                match state.shop.sessions.ask(FindByCookie(fingerprint(&cookie))).await {
                    Ok(session) => Some(SignedIn::from(&session)),
                    Err(Failure::Refused(_)) => None,
                    Err(failure) => return Err(failure.into()),
                }
            }
            None => None,
        };
        let owner = match &signed_in {
            Some(me) => Owner::User(me.user),
            None => guest(&request, &state),
        };
        Ok(Self {
            owner,
            locale: locale(&request),
            path: path_and_query(&request),
            state,
            signed_in,
        })
    }

    /// The visitor's cart.
    pub fn cart(&self) -> MyCart {
        MyCart { state: self.state.clone(), owner: self.owner.clone() }
    }

    /// What the page around every fragment shows of the visitor.
    pub async fn viewer(&self) -> Result<Viewer, Problem> {
        // Read before anything that is drawn: what happens from here on is pushed.
        let event = *self.state.shop.position.borrow();
        Ok(Viewer {
            locale: self.locale,
            account: self
                .signed_in
                .as_ref()
                .map(|me| Account { username: me.username.clone(), role: me.role }),
            cart_count: self.cart().priced().await?.item_count,
            event,
            path: self.path.clone(),
            default_password: self.state.shop.default_password.stands(),
            asset: assets::address,
        })
    }
}

fn guest(request: &HttpRequest, state: &AppState) -> Owner {
    let secret = state.cookies.get(request, Name::Guest).unwrap_or_else(|| {
        let mut extensions = request.extensions_mut();
        let NewGuest(secret) =
            extensions.get::<NewGuest>().cloned().unwrap_or_else(|| NewGuest(random_token()));
        extensions.insert(NewGuest(secret.clone()));
        secret
    });
    Owner::Guest(fingerprint(&secret))
}

fn path_and_query(request: &HttpRequest) -> String {
    request.uri().path_and_query().map(ToString::to_string).unwrap_or_default()
}

type Found<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

impl FromRequest for Visitor {
    type Error = Problem;
    type Future = Found<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(Self::of(request.clone()))
    }
}

impl FromRequest for Member {
    type Error = Problem;
    type Future = Found<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let visitor = Visitor::of(request.clone());
        Box::pin(async move {
            let visitor = visitor.await?;
            let me = visitor.signed_in.clone().ok_or_else(|| Problem::new(Code::Unauthorized))?;
            Ok(Self { visitor, me })
        })
    }
}

impl FromRequest for Administrator {
    type Error = Problem;
    type Future = Found<Self>;

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
