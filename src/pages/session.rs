//! The pages that sign users in and out, the list of sessions, and the language.

use actix_web::{HttpRequest, HttpResponse};
use actors::session::{EndSessions, ListSessions, OpenSession, SessionSelector, VerifiedUser};
use domain::cart::Owner;
use domain::session::{EndReason, SessionId};
use domain::shown::Shown;
use serde::Deserialize;
use views::draft::{Draft, Refusal};
use views::locale::Locale;

use super::sent::Sent;
use super::{redirect, render_fragments, render_page};
use crate::auth::audit::{SecurityEvent, record};
use crate::auth::browser::{Member, Visitor};
use crate::auth::client::session_client;
use crate::auth::guest::merge_cart;
use crate::auth::sign_in::check_password;
use crate::credentials::SignedIn;
use crate::credentials::cookie::CookieName;
use crate::crypto::{fingerprint, random_token};
use crate::error::Problem;
use crate::error::code::Code;
use crate::flash::addresses::local_path;
use crate::form::Form;
use crate::path::Path;
use crate::query::Parameters;
use crate::state::AppState;

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

/// `GET /login`: shows the form to sign in, unless the visitor is signed in.
pub async fn show_sign_in(
    visitor: Visitor,
    request: HttpRequest,
    Parameters(query): Parameters<ThenQuery>,
) -> Result<HttpResponse, Problem> {
    let mut draft = visitor.flash.draft(CookieName::SignInDraft);
    // Another page leads here.
    let has_path = query.then.is_some();
    let then = path_afterwards(query.then, &draft);
    if visitor.signed_in.is_some() {
        return Ok(redirect(&visitor, &request, &then, "notice-signed-in-already"));
    }
    let had_session = visitor.state.cookies.get(&request, CookieName::Session).is_some();
    if had_session && has_path && draft.refusal.is_none() {
        let message = visitor.locale.text("session-ended");
        draft.refusal = Some(Refusal { message: message.to_string(), field: None });
    }
    login_page(&visitor, &then, &draft).await
}

/// `POST /login`: signs the user in, or shows the form again with the error.
pub async fn sign_in(
    sent: Sent<Visitor, SignInForm>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let Sent { by: visitor, form: SignInForm { username, password, then }, typed } = sent;
    let then = local_path(then.as_deref());
    match check_password(&visitor.state, &request, &username, password).await {
        Ok(verified) => {
            start_session(&visitor, &request, verified).await?;
            typed.forget(&visitor);
            Ok(redirect(&visitor, &request, &then, "notice-signed-in"))
        }
        Err(problem) => {
            let page = async |draft: &Draft| login_page(&visitor, &then, draft).await;
            typed.refuse(&problem, &visitor, page).await
        }
    }
}

/// `GET /logout`: shows the form that confirms signing out.
pub async fn show_sign_out(visitor: Visitor) -> Result<HttpResponse, Problem> {
    let form = async { Ok(views::user::logout(visitor.locale)) };
    render_page(&visitor, "page-logout", Shown::Nothing, form).await
}

/// `POST /logout`: signs the user out of this browser, which keeps nothing of what was typed.
pub async fn sign_out(visitor: Visitor, request: HttpRequest) -> Result<HttpResponse, Problem> {
    if let Some(me) = &visitor.signed_in {
        end_own_session(&visitor.state, me).await?;
    }
    visitor.flash.remove(CookieName::Session);
    visitor.flash.forget_drafts();
    Ok(redirect(&visitor, &request, "/articles", "notice-signed-out"))
}

/// `POST /language`: stores the language of the pages in a cookie.
pub async fn choose_language(
    visitor: Visitor,
    request: HttpRequest,
    Form(form): Form<LanguageForm>,
) -> HttpResponse {
    let locale = Locale::from_code(&form.language).unwrap_or_default();
    visitor.flash.set(CookieName::Language, locale.code().to_owned());
    let back = local_path(form.back.as_deref());
    visitor.flash.show_again(&back);
    redirect(&visitor, &request, &back, "notice-language")
}

/// `POST /account/sessions/{id}/end`: ends one of the user's sessions.
pub async fn end_session(
    Member { visitor, me }: Member,
    request: HttpRequest,
    id: Path<SessionId>,
) -> Result<HttpResponse, Problem> {
    end_sessions(&visitor.state, &me, SessionSelector::One(*id)).await?;
    if *id == me.session {
        return Ok(redirect(&visitor, &request, "/login", "notice-signed-out"));
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
/// The response sets the session's cookie, and removes the guest's.
pub(super) async fn start_session(
    visitor: &Visitor,
    request: &HttpRequest,
    verified: VerifiedUser,
) -> Result<(), Problem> {
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
    if let Some(guest @ Owner::Guest(_)) = &visitor.owner {
        merge_cart(state, guest, user).await?;
    }
    visitor.flash.set(CookieName::Session, secret);
    visitor.flash.remove(CookieName::Guest);
    // Why another user's password was refused.
    visitor.flash.forget(CookieName::PasswordDraft);
    Ok(())
}

/// Returns the path that a form to sign in or to register leads to; never to a form of this kind,
/// which would lead a user back to itself.
pub(super) fn path_afterwards(then: Option<String>, draft: &Draft) -> String {
    let path = local_path(Some(then.as_deref().unwrap_or(draft.value("then"))));
    let is_form = ["/login", "/register", "/logout"].iter().any(|form| path.starts_with(form));
    if is_form { "/".to_owned() } else { path }
}

async fn login_page(visitor: &Visitor, then: &str, draft: &Draft) -> Result<HttpResponse, Problem> {
    let form = async { Ok(views::user::login(visitor.locale, then, draft)) };
    render_page(visitor, "page-login", Shown::Nothing, form).await
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
