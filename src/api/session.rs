//! Signing in and out, and the tokens that prove it.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use actors::ask::Failure;
use actors::session::{EndSessions, ListSessions, OpenSession, RotateToken, SessionSelector};
use actors::tables::VerifiedUser;
use actors::user::{AddUser, ChangePassword, CheckPassword};
use domain::session::{EndReason, Proof, Session, SessionError, SessionId};
use domain::user::{Email, Role, UserId, Username};
use serde::Deserialize;
use serde_json::{Value, json};

use super::many;
use crate::auth::bearer::Bearer;
use crate::auth::client::{address, device};
use crate::error::{Code, Problem};
use crate::json::Fields;
use crate::state::AppState;

/// A user name and its password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    username: String,
    password: String,
}

/// A new user.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    username: String,
    password: String,
    email: Option<String>,
}

/// A refresh token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    refresh_token: String,
}

/// An old and a new password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    current_password: String,
    new_password: String,
}

/// `POST /auth/login`: signs a program in.
pub async fn login(
    state: Data<AppState>,
    request: HttpRequest,
    Fields(with): Fields<Credentials>,
) -> Result<HttpResponse, Problem> {
    let Credentials { username, password } = with;
    let verified = state
        .shop
        .users
        .ask(CheckPassword { username, password, address: address(&request) })
        .await?;
    tokens(&state, &open(&state, &request, verified).await?, HttpResponse::Ok())
}

/// `POST /auth/register`: makes a new user and signs the program in.
pub async fn register(
    state: Data<AppState>,
    request: HttpRequest,
    Fields(with): Fields<Registration>,
) -> Result<HttpResponse, Problem> {
    if !state.registration {
        return Err(Problem::new(Code::RegistrationClosed));
    }
    let Registration { username, password, email } = with;
    let (username, email) = (Username::new(username)?, email.map(Email::new).transpose()?);
    let verified =
        state.shop.users.ask(AddUser { username, email, password, role: Role::Customer }).await?;
    tokens(&state, &open(&state, &request, verified).await?, HttpResponse::Created())
}

/// `POST /auth/refresh`: takes a refresh token for new tokens.
pub async fn refresh(
    state: Data<AppState>,
    Fields(with): Fields<Refresh>,
) -> Result<HttpResponse, Problem> {
    let named = state.refresh.check(&with.refresh_token);
    let (session, generation) = named.ok_or(Failure::Refused(SessionError::Refused))?;
    let session = state.shop.sessions.ask(RotateToken { session, generation }).await?;
    tokens(&state, &session, HttpResponse::Ok())
}

/// `POST /auth/logout`: ends the session of the program's token.
pub async fn logout(Bearer(me): Bearer, state: Data<AppState>) -> Result<HttpResponse, Problem> {
    end(&state, me.user, SessionSelector::One(me.session)).await
}

/// `POST /auth/logout-all`: ends every session of the program's user.
pub async fn logout_all(
    Bearer(me): Bearer,
    state: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    end(&state, me.user, SessionSelector::All).await
}

/// `POST /auth/verify`: who the program's token says it is.
pub async fn verify(Bearer(me): Bearer) -> HttpResponse {
    HttpResponse::Ok()
        .json(json!({ "success": true, "valid": true, "user": me.username, "id": me.user, "role": me.role }))
}

/// `POST /auth/password`: changes the password of the program's user and ends all other sessions.
pub async fn password(
    Bearer(me): Bearer,
    state: Data<AppState>,
    Fields(with): Fields<PasswordChange>,
) -> Result<HttpResponse, Problem> {
    let PasswordChange { current_password, new_password: new } = with;
    let sessions = SessionSelector::AllBut(me.session);
    state
        .shop
        .users
        .ask(ChangePassword { user: me.user, current: current_password, new, sessions })
        .await?;
    Ok(done())
}

/// `GET /auth/sessions`: where the program's user is signed in.
pub async fn list(Bearer(me): Bearer, state: Data<AppState>) -> Result<HttpResponse, Problem> {
    let sessions = state.shop.sessions.ask(ListSessions(me.user)).await?;
    Ok(many("sessions", sessions.iter().map(|session| session_json(session, me.session)).collect()))
}

/// `DELETE /auth/sessions/{id}`: signs the program's user out elsewhere.
pub async fn remove(
    Bearer(me): Bearer,
    state: Data<AppState>,
    id: Path<SessionId>,
) -> Result<HttpResponse, Problem> {
    end(&state, me.user, SessionSelector::One(*id)).await
}

async fn open(
    state: &AppState,
    request: &HttpRequest,
    verified: VerifiedUser,
) -> Result<Session, Problem> {
    let open = OpenSession {
        verified,
        cookie_hash: None,
        device: device(request),
        address: address(request),
    };
    Ok(state.shop.sessions.ask(open).await?)
}

async fn end(
    state: &AppState,
    user: UserId,
    sessions: SessionSelector,
) -> Result<HttpResponse, Problem> {
    let end = EndSessions { user, sessions, reason: EndReason::SignedOut, with: None };
    state.shop.sessions.ask(end).await?;
    Ok(done())
}

fn done() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "success": true }))
}

fn tokens(
    state: &AppState,
    session: &Session,
    mut answer: actix_web::HttpResponseBuilder,
) -> Result<HttpResponse, Problem> {
    let Proof::Api { generation, .. } = session.proof else {
        return Err(Problem::new(Code::InvalidToken));
    };
    let now = state.shop.clock.now();
    let access = state.access.issue(session, now).ok_or_else(|| Problem::new(Code::Internal))?;
    Ok(answer.insert_header(("cache-control", "no-store")).json(json!({
        "success": true,
        "access_token": access,
        "refresh_token": state.refresh.issue(session.id, generation),
        "token_type": "Bearer",
        "expires_in": state.access.until(session, now).as_second() - now.as_second(),
        "refresh_expires_at": session.expires_at,
    })))
}

fn session_json(session: &Session, current: SessionId) -> Value {
    json!({
        "id": session.id,
        "kind": match session.proof { Proof::Browser { .. } => "browser", Proof::Api { .. } => "api" },
        "current": session.id == current,
        "device": session.device,
        "address": session.address,
        "created_at": session.created_at,
        "last_seen_at": session.last_seen_at,
        "expires_at": session.expires_at,
    })
}
