//! Browsers, which send the cookie of a session or of a guest's cart.

use std::pin::Pin;

use actix::{Handler, Message};
use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, web};
use actors::cart::{CartActor, CartReply};
use actors::failure::Failure;
use actors::session::FindByCookie;
use actors::store::EventId;
use domain::cart::{Cart, Owner};
use domain::user::{Role, UserId};
use views::locale::Locale;
use views::viewer::{Account, Viewer};

use super::{MyCart, guest};
use crate::credentials::SignedIn;
use crate::credentials::cookie::CookieName;
use crate::crypto::{fingerprint, random_token};
use crate::error::Problem;
use crate::error::code::Code;
use crate::flash::Flash;
use crate::state::{AppState, app_state};

/// The header with which a response fires an event of htmx.
const TRIGGER: HeaderName = HeaderName::from_static("hx-trigger");

/// The header with the secret that a page proposes for a visitor who is not a guest yet.
const PAGE_SECRET: HeaderName = HeaderName::from_static("x-guest");

/// The tags of visitors who are not signed in: those with a cart, and all others.
const GUEST: &str = "guest";
const NEW: &str = "new";

/// A visitor with a browser, signed in or not.
#[derive(Clone)]
pub struct Visitor {
    /// The state of the app.
    pub state: web::Data<AppState>,
    /// The visitor's user, if signed in.
    pub signed_in: Option<SignedIn>,
    /// The owner of the visitor's cart; `None` if the visitor is neither signed in nor a guest.
    pub owner: Option<Owner>,
    /// The language of the pages.
    pub locale: Locale,
    /// The last event when the request arrived. What the response shows may be newer, so a page
    /// that continues after this event misses no change.
    pub event: EventId,
    /// What the browser carries from the last page, and to the next one.
    pub flash: Flash,
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

/// The secret of a guest's cart that was stored during the request.
struct NewGuest(String);

/// Identifies the visitor before any other part of the request is parsed, so that authority is
/// checked first. A visitor who became a guest during the request receives the cookie.
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
    if let Some(NewGuest(secret)) = new_guest {
        let cookies = &app_state(response.request()).cookies;
        let cookie = cookies.of(response.request()).build(CookieName::Guest, secret);
        response.response_mut().add_cookie(&cookie)?;
        // The open page subscribes again, to the cart of the guest.
        response.headers_mut().insert(TRIGGER, HeaderValue::from_static("microshop:new-guest"));
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
            Some(me) => Some(Owner::User(me.user)),
            None => {
                let secret = state.cookies.get(&request, CookieName::Guest);
                secret.map(|secret| guest::owner(&secret))
            }
        };
        let locale = locale(&request);
        let flash = Flash::of(&request, &state.cookies, locale, state.shop.clock.now());
        Ok(Self { owner, locale, event, flash, path: path_and_query(&request), state, signed_in })
    }

    /// Returns the visitor for a request that must not act by its cookies.
    pub fn without_cookies(self) -> Self {
        Self { signed_in: None, owner: None, ..self }
    }

    /// Returns the visitor for a response to a command that shows a page, given the path of that.
    pub fn shown_at(&self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self.clone() }
    }

    fn is_administrator(&self) -> bool {
        self.signed_in.as_ref().is_some_and(|me| me.role == Role::Admin)
    }

    /// Returns for whom a page is rendered: a user, a guest, or a new visitor.
    pub fn tag(&self) -> String {
        match (&self.signed_in, &self.owner) {
            (Some(me), _) => me.user.to_string(),
            (None, Some(_)) => GUEST.to_owned(),
            (None, None) => NEW.to_owned(),
        }
    }

    /// Whether a page that was rendered for the visitor with a tag must be rendered again. A page
    /// of a new visitor becomes one of a guest by itself.
    pub fn outdates(&self, tag: &str) -> bool {
        let is_user = self.signed_in.is_some() || ![GUEST, NEW].contains(&tag);
        is_user && tag != self.tag()
    }

    /// Returns the visitor's cart.
    pub fn cart(&self) -> MyCart {
        MyCart::new(&self.state, self.owner.as_ref())
    }

    /// Sends a command that may store a cart and returns the cart after it. A visitor without a
    /// cart becomes a guest if the command succeeds.
    pub async fn fill_cart<M>(&self, request: &HttpRequest, command: M) -> Result<Cart, Problem>
    where
        CartActor: Handler<M>,
        M: Message<Result = CartReply> + Clone + Send + 'static,
    {
        if self.owner.is_some() {
            return self.cart().fill(request, command).await;
        }
        let secret = secret_of_page(request).unwrap_or_else(random_token);
        let cart = MyCart::new(&self.state, Some(&guest::owner(&secret)));
        let cart = cart.fill(request, command).await?;
        request.extensions_mut().insert(NewGuest(secret));
        Ok(cart)
    }

    /// Returns what the layout around every page shows of the visitor. The page is the one that
    /// shows the outcome of the last command.
    pub async fn viewer(&self) -> Result<Viewer, Problem> {
        Ok(Viewer {
            locale: self.locale,
            account: self
                .signed_in
                .as_ref()
                .map(|me| Account { username: me.username.clone(), role: me.role }),
            cart_count: self.cart().priced().await?.item_count,
            tag: self.tag(),
            event: self.event,
            path: self.path.clone(),
            notice: self.flash.take_notice(),
            default_password: self.is_administrator() && self.state.shop.default_password.stands(),
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

/// Returns the secret that an open page proposes for its visitor, if it is a random one.
///
/// All commands of the page that are sent before it has a cookie then change the same cart.
fn secret_of_page(request: &HttpRequest) -> Option<String> {
    let secret = request.headers().get(PAGE_SECRET)?.to_str().ok()?;
    let is_random = secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_random.then(|| secret.to_owned())
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
