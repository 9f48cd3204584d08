//! The sessions of the REST API: tokens for programs, and the list of a user's sessions.

use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use actors::failure::Failure;
use actors::session::{
    EndSessions, ListSessions, OpenSession, RotateToken, SessionSelector, VerifiedUser,
};
use domain::session::{EndReason, Proof, Session, SessionError, SessionId};
use domain::user::{Email, UserId, Username};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::many;
use crate::auth::audit::{SecurityEvent, record};
use crate::auth::bearer::Bearer;
use crate::auth::client::session_client;
use crate::auth::reset;
use crate::auth::sign_in::{self, check_password};
use crate::error::Problem;
use crate::error::code::Code;
use crate::json::Fields;
use crate::objects::session::{SessionJson, session_json};
use crate::path::Path;
use crate::state::AppState;

/// The body of a request that signs in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    username: String,
    password: String,
}

/// The body of a request that registers a user.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    username: String,
    password: String,
    email: Option<String>,
}

/// The body of a request for new tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshToken {
    refresh_token: String,
}

/// The body of a request that changes the password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    current_password: String,
    new_password: String,
}

/// The body of a request that sets a new password by a link.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    token: String,
    new_password: String,
}

/// A session as its user receives it.
#[derive(Serialize)]
struct OwnSessionJson {
    #[serde(flatten)]
    session: SessionJson,
    /// Whether it is the session of the request.
    current: bool,
}

/// `POST /auth/login`: opens a session and returns its tokens.
pub async fn sign_in(
    state: Data<AppState>,
    request: HttpRequest,
    Fields(credentials): Fields<Credentials>,
) -> Result<HttpResponse, Problem> {
    let Credentials { username, password } = credentials;
    let verified = check_password(&state, &request, &username, password).await?;
    let session = open_session(&state, &request, verified).await?;
    tokens(&state, &session, HttpResponse::Ok())
}

/// `POST /auth/register`: adds a user, opens a session and returns its tokens.
pub async fn register_user(
    state: Data<AppState>,
    request: HttpRequest,
    Fields(registration): Fields<Registration>,
) -> Result<HttpResponse, Problem> {
    if !state.registration {
        return Err(Problem::new(Code::RegistrationClosed));
    }
    let Registration { username, password, email } = registration;
    let username = Username::choose(&username)?;
    let email = email.map(Email::choose).transpose()?;
    let verified = sign_in::register(&state, &request, username, email, password).await?;
    let session = open_session(&state, &request, verified).await?;
    let mut created = HttpResponse::Created();
    created.insert_header((LOCATION, "/auth/profile"));
    tokens(&state, &session, created)
}

/// `POST /auth/refresh`: exchanges a refresh token for new tokens.
pub async fn refresh_tokens(
    state: Data<AppState>,
    request: HttpRequest,
    Fields(RefreshToken { refresh_token }): Fields<RefreshToken>,
) -> Result<HttpResponse, Problem> {
    let checked = state.refresh.check(&refresh_token);
    let (session, generation) = checked.ok_or(Failure::Refused(SessionError::Refused))?;
    let rotated = state.shop.sessions.ask(RotateToken { session, generation }).await;
    if let Err(Failure::Refused(SessionError::Reused { user })) = rotated {
        record(SecurityEvent::TokenReused, &request, Some(user));
    }
    tokens(&state, &rotated?, HttpResponse::Ok())
}

/// `POST /auth/logout`: ends the session of the access token.
pub async fn sign_out(Bearer(me): Bearer, state: Data<AppState>) -> Result<HttpResponse, Problem> {
    let ended = end_sessions(&state, me.user, SessionSelector::One(me.session)).await;
    // Another request may have ended the session since the token was checked.
    ended.map_err(|problem| match problem.code {
        Code::SessionNotFound => Problem::new(Code::InvalidToken),
        _ => problem,
    })
}

/// `POST /auth/logout-all`: ends every session of the user.
pub async fn sign_out_everywhere(
    Bearer(me): Bearer,
    state: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    end_sessions(&state, me.user, SessionSelector::All).await
}

/// `POST /auth/verify`: checks the access token and returns its user.
pub async fn verify_token(Bearer(me): Bearer) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "success": true,
        "valid": true,
        "user": me.username,
        "id": me.user,
        "role": me.role,
    }))
}

/// `POST /auth/password`: changes the user's password, ends every session of the user, and returns
/// the tokens of a new one.
pub async fn change_password(
    Bearer(me): Bearer,
    state: Data<AppState>,
    request: HttpRequest,
    Fields(passwords): Fields<PasswordChange>,
) -> Result<HttpResponse, Problem> {
    let PasswordChange { current_password, new_password } = passwords;
    let changed =
        sign_in::change_password(&state, &request, &me, current_password, new_password, None);
    tokens(&state, &changed.await?, HttpResponse::Ok())
}

/// `POST /auth/reset`: sets the password of the user of a link's token, and ends every session of
/// the user.
pub async fn reset_password(
    state: Data<AppState>,
    request: HttpRequest,
    Fields(PasswordReset { token, new_password }): Fields<PasswordReset>,
) -> Result<HttpResponse, Problem> {
    reset::reset_password(&state, &request, &token, new_password).await?;
    Ok(success())
}

/// `GET /auth/sessions`: lists the user's sessions.
pub async fn list_sessions(
    Bearer(me): Bearer,
    state: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let sessions = state.shop.sessions.ask(ListSessions(me.user)).await?;
    let own = |session: &Session| OwnSessionJson {
        session: session_json(session),
        current: session.id == me.session,
    };
    Ok(many("sessions", sessions.iter().map(own).collect()))
}

/// `DELETE /auth/sessions/{id}`: ends one of the user's sessions.
pub async fn end_session(
    Bearer(me): Bearer,
    state: Data<AppState>,
    id: Path<SessionId>,
) -> Result<HttpResponse, Problem> {
    end_sessions(&state, me.user, SessionSelector::One(*id)).await
}

async fn open_session(
    state: &AppState,
    request: &HttpRequest,
    verified: VerifiedUser,
) -> Result<Session, Problem> {
    let open = OpenSession { verified, client: session_client(request, None) };
    let session = state.shop.sessions.ask(open).await?;
    record(SecurityEvent::SignedIn, request, Some(session.user));
    Ok(session)
}

async fn end_sessions(
    state: &AppState,
    user: UserId,
    sessions: SessionSelector,
) -> Result<HttpResponse, Problem> {
    let end = EndSessions { user, sessions, reason: EndReason::SignedOut, with: None };
    state.shop.sessions.ask(end).await?;
    Ok(success())
}

fn success() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "success": true }))
}

/// Answers with new tokens of the session. Caches must not keep them (RFC 6749, section 5.1).
fn tokens(
    state: &AppState,
    session: &Session,
    mut response: HttpResponseBuilder,
) -> Result<HttpResponse, Problem> {
    let Proof::Api { generation, .. } = session.proof else {
        return Err(Problem::new(Code::InvalidToken));
    };
    let now = state.shop.clock.now();
    let access = state.access.issue(session, now).ok_or_else(|| Problem::new(Code::Internal))?;
    Ok(response.insert_header(("cache-control", "no-store")).json(json!({
        "success": true,
        "access_token": access,
        "refresh_token": state.refresh.issue(session.id, generation),
        "token_type": "Bearer",
        "expires_in": state.access.expires_at(session, now).as_second() - now.as_second(),
        "refresh_expires_at": session.expires_at,
    })))
}
