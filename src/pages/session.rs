//! Signing in and out, and where one is signed in.

use actix_web::cookie::Cookie;
use actix_web::web::{Data, Form, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use actors::ask::Failure;
use actors::cart::{ClearCart, GetCart, MergeCart, ToCart};
use actors::session::{EndSessions, ListSessions, OpenSession, SessionSelector};
use actors::tables::VerifiedUser;
use actors::user::CheckPassword;
use domain::cart::{CartError, Owner};
use domain::session::{EndReason, SessionId};
use domain::user::UserId;
use serde::Deserialize;
use views::locale::Locale;

use super::{changed, done, draw, draw_again, go_to, local, see_other};
use crate::auth::browser::{Member, Visitor};
use crate::auth::client::{address, device};
use crate::credentials::SignedIn;
use crate::credentials::cookie::Name;
use crate::crypto::{fingerprint, random_token};
use crate::error::Problem;
use crate::state::AppState;

/// How often a guest's cart that changes all the while is merged.
const MERGES: usize = 3;

/// Where to go afterwards.
#[derive(Deserialize)]
pub struct Then {
    pub(super) then: Option<String>,
}

/// A user name, its password, and where to go afterwards.
#[derive(Deserialize)]
pub struct Credentials {
    username: String,
    password: String,
    then: Option<String>,
}

/// A language, and where to go afterwards.
#[derive(Deserialize)]
pub struct Language {
    language: String,
    back: Option<String>,
}

/// `GET /login`: the form to sign in.
pub async fn ask(visitor: Visitor, query: Query<Then>) -> Result<HttpResponse, Problem> {
    let then = local(query.then.as_deref());
    draw(&visitor, "login", &[], async { Ok(views::user::login(visitor.locale, "", &then, None)) })
        .await
}

/// `POST /login`: signs the browser in, or shows the form again with what is wrong.
pub async fn login(
    visitor: Visitor,
    request: HttpRequest,
    form: Form<Credentials>,
) -> Result<HttpResponse, Problem> {
    let Credentials { username, password, then } = form.into_inner();
    let then = local(then.as_deref());
    let check = CheckPassword { username: username.clone(), password, address: address(&request) };
    match visitor.state.shop.users.ask(check).await.map_err(Problem::from) {
        Ok(verified) => open(&visitor, &request, verified, &then).await,
        Err(problem) => {
            draw_again(problem, &visitor, "login", &[], async |said| {
                Ok(views::user::login(visitor.locale, &username, &then, Some(said)))
            })
            .await
        }
    }
}

/// `GET /logout`: asks whether to sign out.
pub async fn confirm(visitor: Visitor) -> Result<HttpResponse, Problem> {
    draw(&visitor, "logout", &[], async { Ok(views::user::logout(visitor.locale)) }).await
}

/// `POST /logout`: signs the browser out.
pub async fn logout(visitor: Visitor) -> Result<HttpResponse, Problem> {
    if let Some(me) = &visitor.signed_in {
        end_sessions(&visitor.state, me, SessionSelector::One(me.session)).await?;
    }
    Ok(with_cookie(see_other("/articles"), &visitor.state.cookies.forget(Name::Session)))
}

/// `POST /language`: draws pages in another language.
pub async fn language(state: Data<AppState>, form: Form<Language>) -> HttpResponse {
    let locale = Locale::from_code(&form.language).unwrap_or_default();
    let chosen = state.cookies.set(Name::Language, locale.code().to_owned());
    with_cookie(see_other(&local(form.back.as_deref())), &chosen)
}

/// `POST /account/sessions/{id}/end`: signs the visitor out elsewhere.
pub async fn end(
    Member { visitor, me }: Member,
    request: HttpRequest,
    id: Path<SessionId>,
) -> Result<HttpResponse, Problem> {
    end_sessions(&visitor.state, &me, SessionSelector::One(*id)).await?;
    if *id == me.session {
        return Ok(go_to(&request, "/login"));
    }
    sessions_changed(&visitor, &me, &request, "notice-session-ended").await
}

/// `POST /account/sessions/end-others`: signs the visitor out everywhere else.
pub async fn end_others(
    Member { visitor, me }: Member,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    end_sessions(&visitor.state, &me, SessionSelector::AllBut(me.session)).await?;
    sessions_changed(&visitor, &me, &request, "notice-sessions-ended").await
}

/// Signs a browser in: the guest's cart becomes the user's, the guest's cookie goes.
pub(super) async fn open(
    visitor: &Visitor,
    request: &HttpRequest,
    verified: VerifiedUser,
    then: &str,
) -> Result<HttpResponse, Problem> {
    let (state, secret, user) = (&visitor.state, random_token(), verified.user.id);
    let cookie_hash = Some(fingerprint(&secret));
    let open =
        OpenSession { verified, cookie_hash, device: device(request), address: address(request) };
    state.shop.sessions.ask(open).await?;
    if let Owner::Guest(_) = visitor.owner {
        bring_cart(visitor, user).await?;
    }
    let signed_in = with_cookie(see_other(then), &state.cookies.set(Name::Session, secret));
    Ok(with_cookie(signed_in, &state.cookies.forget(Name::Guest)))
}

/// Puts what is in the guest's cart into the user's, and once more what was added to it meanwhile.
async fn bring_cart(visitor: &Visitor, user: UserId) -> Result<(), Problem> {
    for _ in 0..MERGES {
        let guest = visitor.cart().ask(GetCart).await?;
        if guest.items.is_empty() {
            break;
        }
        let clear = ClearCart { expected: Some(guest.version) };
        visitor.state.shop.carts.ask(ToCart(Owner::User(user), MergeCart(guest))).await?;
        match visitor.cart().ask(clear).await {
            Err(Failure::Refused(CartError::VersionMismatch)) => {}
            cleared => return Ok(cleared.map(drop)?),
        }
    }
    Ok(())
}

async fn end_sessions(
    state: &AppState,
    me: &SignedIn,
    sessions: SessionSelector,
) -> Result<(), Problem> {
    let end = EndSessions { user: me.user, sessions, reason: EndReason::SignedOut, with: None };
    Ok(state.shop.sessions.ask(end).await?)
}

async fn sessions_changed(
    visitor: &Visitor,
    me: &SignedIn,
    request: &HttpRequest,
    said: &str,
) -> Result<HttpResponse, Problem> {
    let sessions = visitor.state.shop.sessions.ask(ListSessions(me.user)).await?;
    let list = views::session::list(visitor.locale, &sessions, me.session);
    Ok(changed(request, vec![("sessions", list), done(visitor.locale, said)], "/account"))
}

fn with_cookie(mut answer: HttpResponse, cookie: &Cookie<'_>) -> HttpResponse {
    // A cookie of the shop's own making is a good header value.
    let _ = answer.add_cookie(cookie);
    answer
}
