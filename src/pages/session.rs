//! The pages that sign users in and out, the list of sessions, and the language.

use actix_web::cookie::Cookie;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use actors::cart::registry::ToCart;
use actors::cart::{ClearCart, GetCart, MergeCart};
use actors::failure::Failure;
use actors::session::{EndSessions, ListSessions, OpenSession, SessionSelector, VerifiedUser};
use domain::cart::{CartError, Owner};
use domain::session::{EndReason, SessionId};
use domain::user::UserId;
use serde::Deserialize;
use views::locale::Locale;

use super::{
    local_path, redirect, render_fragments, render_page, render_page_with_error, see_other,
};
use crate::auth::audit::{SecurityEvent, record};
use crate::auth::browser::{Member, Visitor};
use crate::auth::client::session_client;
use crate::auth::sign_in::check_password;
use crate::credentials::SignedIn;
use crate::credentials::cookie::CookieName;
use crate::crypto::{fingerprint, random_token};
use crate::error::Problem;
use crate::error::code::Code;
use crate::form::Form;
use crate::path::Path;
use crate::query::Parameters;
use crate::state::AppState;

/// How often to merge a guest's cart that other requests keep changing.
const MAX_MERGES: usize = 3;

/// The query of a form that redirects when it has succeeded.
#[derive(Deserialize)]
pub struct ThenQuery {
    /// The path to redirect to; `None` stands for `/`.
    pub(super) then: Option<String>,
}

/// The fields of the form to sign in.
#[derive(Deserialize)]
pub struct SignInForm {
    username: String,
    password: String,
    then: Option<String>,
}

/// The fields of the form that chooses a language.
#[derive(Deserialize)]
pub struct LanguageForm {
    language: String,
    back: Option<String>,
}

/// `GET /login`: shows the form to sign in.
pub async fn show_sign_in(
    visitor: Visitor,
    Parameters(query): Parameters<ThenQuery>,
) -> Result<HttpResponse, Problem> {
    let then = local_path(query.then.as_deref());
    let form = async { Ok(views::user::login(visitor.locale, "", &then, None)) };
    render_page(&visitor, "login", &[], form).await
}

/// `POST /login`: signs the user in, or shows the form again with the error.
pub async fn sign_in(
    visitor: Visitor,
    request: HttpRequest,
    Form(form): Form<SignInForm>,
) -> Result<HttpResponse, Problem> {
    let SignInForm { username, password, then } = form;
    let then = local_path(then.as_deref());
    match check_password(&visitor.state, &request, &username, password).await {
        Ok(verified) => start_session(&visitor, &request, verified, &then).await,
        Err(problem) => {
            let form = async |error: &str| {
                Ok(views::user::login(visitor.locale, &username, &then, Some(error)))
            };
            render_page_with_error(problem, &visitor, "login", &[], form).await
        }
    }
}

/// `GET /logout`: shows the form that confirms signing out.
pub async fn show_sign_out(visitor: Visitor) -> Result<HttpResponse, Problem> {
    let form = async { Ok(views::user::logout(visitor.locale)) };
    render_page(&visitor, "logout", &[], form).await
}

/// `POST /logout`: signs the user out of this browser.
pub async fn sign_out(visitor: Visitor) -> Result<HttpResponse, Problem> {
    if let Some(me) = &visitor.signed_in {
        end_own_session(&visitor.state, me).await?;
    }
    Ok(with_cookie(
        see_other("/articles"),
        &visitor.state.cookies.build_removal(CookieName::Session),
    ))
}

/// `POST /language`: stores the language of the pages in a cookie.
pub async fn choose_language(
    state: Data<AppState>,
    Form(form): Form<LanguageForm>,
) -> HttpResponse {
    let locale = Locale::from_code(&form.language).unwrap_or_default();
    let cookie = state.cookies.build(CookieName::Language, locale.code().to_owned());
    with_cookie(see_other(&local_path(form.back.as_deref())), &cookie)
}

/// `POST /account/sessions/{id}/end`: ends one of the user's sessions.
pub async fn end_session(
    Member { visitor, me }: Member,
    request: HttpRequest,
    id: Path<SessionId>,
) -> Result<HttpResponse, Problem> {
    end_sessions(&visitor.state, &me, SessionSelector::One(*id)).await?;
    if *id == me.session {
        return Ok(redirect(&request, "/login"));
    }
    render_sessions(&visitor, &me, &request, "notice-session-ended").await
}

/// `POST /account/sessions/end-others`: ends every session of the user but the current one.
pub async fn end_other_sessions(
    Member { visitor, me }: Member,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    end_sessions(&visitor.state, &me, SessionSelector::AllBut(me.session)).await?;
    render_sessions(&visitor, &me, &request, "notice-sessions-ended").await
}

/// Opens a session, ends the browser's former one (OWASP ASVS 5.0, section 7.2.4), and merges the
/// guest's cart into the user's.
///
/// The response sets the session's cookie, removes the guest's, and redirects to `then`.
pub(super) async fn start_session(
    visitor: &Visitor,
    request: &HttpRequest,
    verified: VerifiedUser,
    then: &str,
) -> Result<HttpResponse, Problem> {
    let state = &visitor.state;
    let user = verified.user.id;
    let secret = random_token();
    let client = session_client(request, Some(fingerprint(&secret)));
    let open = OpenSession { verified, client };
    state.shop.sessions.ask(open).await?;
    if let Some(former) = &visitor.signed_in {
        end_own_session(state, former).await?;
    }
    record(SecurityEvent::SignedIn, request, Some(user));
    if let Some(Owner::Guest(_)) = visitor.owner {
        merge_cart(visitor, user).await?;
    }
    let response = with_cookie(see_other(then), &state.cookies.build(CookieName::Session, secret));
    Ok(with_cookie(response, &state.cookies.build_removal(CookieName::Guest)))
}

/// Merges the guest's cart into the user's, then clears the guest's.
///
/// Another tab may add an item between the two steps. The version of the guest's cart has then
/// changed, and the cart is merged again.
async fn merge_cart(visitor: &Visitor, user: UserId) -> Result<(), Problem> {
    for _ in 0..MAX_MERGES {
        let guest = visitor.cart().ask(GetCart).await?;
        if guest.items.is_empty() {
            break;
        }
        let clear = ClearCart { expected: Some(vec![guest.version]) };
        visitor.state.shop.carts.ask(ToCart(Owner::User(user), MergeCart(guest))).await?;
        match visitor.cart().ask(clear).await {
            Err(Failure::Refused(CartError::VersionMismatch)) => {}
            cleared => return Ok(cleared.map(drop)?),
        }
    }
    Ok(())
}

/// Ends the session of the browser, unless another request has ended it already.
async fn end_own_session(state: &AppState, me: &SignedIn) -> Result<(), Problem> {
    match end_sessions(state, me, SessionSelector::One(me.session)).await {
        Err(problem) if problem.code == Code::SessionNotFound => Ok(()),
        ended => ended,
    }
}

async fn end_sessions(
    state: &AppState,
    me: &SignedIn,
    sessions: SessionSelector,
) -> Result<(), Problem> {
    let end = EndSessions { user: me.user, sessions, reason: EndReason::SignedOut, with: None };
    Ok(state.shop.sessions.ask(end).await?)
}

/// Answers a command with the user's sessions; `notice` is the key of the sentence shown.
async fn render_sessions(
    visitor: &Visitor,
    me: &SignedIn,
    request: &HttpRequest,
    notice: &str,
) -> Result<HttpResponse, Problem> {
    let sessions = visitor.state.shop.sessions.ask(ListSessions(me.user)).await?;
    let list = views::session::list(visitor.locale, &sessions, me.session);
    Ok(render_fragments(visitor, request, &[("sessions", list)], notice, "/account"))
}

pub(super) fn with_cookie(mut response: HttpResponse, cookie: &Cookie<'_>) -> HttpResponse {
    // Fails only for a cookie that is no valid header value, which `Cookies` never makes.
    let _ = response.add_cookie(cookie);
    response
}
