//! The sessions of the REST API: tokens for programs, and the list of a user's sessions.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::web::Data;
use actors::failure::Failure;
use actors::session::{
    EndSessions, ListSessions, OpenSession, RotateToken, SessionSelector, VerifiedUser,
};
use domain::cart::Owner;
use domain::session::{EndReason, Proof, Session, SessionError, SessionId};
use domain::user::{Email, Role, UserId, Username};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{All, Answer, Answered, Done, Example, Resource, Success, success};
use crate::auth::audit::{SecurityEvent, record};
use crate::auth::bearer::Bearer;
use crate::auth::client::session_client;
use crate::auth::guest::{merge_cart, owner_by_token};
use crate::auth::reset;
use crate::auth::sign_in::{self, check_password};
use crate::error::Problem;
use crate::error::code::Code;
use crate::json::Fields;
use crate::objects::example;
use crate::objects::session::{SessionJson, session_json};
use crate::path::Path;
use crate::state::AppState;

/// The body of a request that signs in.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "username": "admin", "password": "admin" }))]
pub struct Credentials {
    username: String,
    password: String,
    /// The token of a guest's cart, which becomes a part of the user's.
    cart_token: Option<String>,
}

/// The body of a request that registers a user.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "username": "ana", "password": "a quiet harbour" }))]
pub struct Registration {
    username: String,
    password: String,
    email: Option<String>,
    /// The token of a guest's cart, which becomes the user's.
    cart_token: Option<String>,
}

/// The body of a request for new tokens.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "refresh_token": "019b7842-93f0-7000-8a2e-037073340001.1.…" }))]
pub struct RefreshToken {
    refresh_token: String,
}

/// The body of a request that changes the password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({
    "current_password": "a quiet harbour",
    "new_password": "a loud harbour",
}))]
pub struct PasswordChange {
    current_password: String,
    new_password: String,
}

/// The body of a request that sets a new password by a link.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "token": "…", "new_password": "a loud harbour" }))]
pub struct PasswordReset {
    token: String,
    new_password: String,
}

/// A session as its user receives it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OwnSession")]
pub struct OwnSessionJson {
    #[serde(flatten)]
    session: SessionJson,
    /// Whether it is the session of the request.
    current: bool,
}

/// The tokens of a session.
#[derive(Serialize, JsonSchema)]
pub struct Tokens {
    access_token: String,
    refresh_token: String,
    token_type: &'static str,
    /// How long the access token is valid, in seconds.
    expires_in: i64,
    refresh_expires_at: Timestamp,
}

/// A valid access token.
#[derive(Serialize, JsonSchema)]
pub struct ValidToken {
    valid: bool,
    user: String,
    id: UserId,
    role: Role,
}

impl Example for Tokens {
    fn example() -> Value {
        json!({
            "access_token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGci…",
            "refresh_token": "019b7842-93f0-7000-8a2e-037073340001.1.…",
            "token_type": "Bearer",
            "expires_in": 900,
            "refresh_expires_at": example::in_an_hour(),
        })
    }
}

impl Example for ValidToken {
    fn example() -> Value {
        json!({ "valid": true, "user": "ana", "id": example::USER, "role": Role::Customer })
    }
}

impl Resource for OwnSessionJson {
    const ONE: &'static str = "session";
    const MANY: &'static str = "sessions";
}

impl Example for OwnSessionJson {
    fn example() -> Value {
        let own = |session| Self { session: session_json(&session), current: true };
        example::session().map(|session| json!(own(session))).unwrap_or_default()
    }
}

/// `POST /auth/login`: opens a session and returns its tokens.
pub async fn sign_in(
    state: Data<AppState>,
    request: HttpRequest,
    Fields(credentials): Fields<Credentials>,
) -> Answered<Success<Tokens>> {
    let Credentials { username, password, cart_token } = credentials;
    let guest = guest(cart_token)?;
    let verified = check_password(&state, &request, &username, password).await?;
    take_cart(&state, guest, verified.user.id).await?;
    let session = open_session(&state, &request, verified).await?;
    tokens(&state, &session, StatusCode::OK)
}

/// `POST /auth/register`: adds a user, opens a session and returns its tokens.
pub async fn register_user(
    state: Data<AppState>,
    request: HttpRequest,
    Fields(registration): Fields<Registration>,
) -> Answered<Success<Tokens>> {
    if !state.registration {
        return Err(Problem::new(Code::RegistrationClosed));
    }
    let Registration { username, password, email, cart_token } = registration;
    let guest = guest(cart_token)?;
    let username = Username::choose(&username)?;
    let email = email.map(Email::choose).transpose()?;
    let verified = sign_in::register(&state, &request, username, email, password).await?;
    // The user exists now. The cart can be taken along at the next sign-in as well.
    if let Err(problem) = take_cart(&state, guest, verified.user.id).await {
        tracing::warn!(%problem, "the cart of a new user was not taken along");
    }
    let session = open_session(&state, &request, verified).await?;
    let created = tokens(&state, &session, StatusCode::CREATED)?;
    Ok(created.with_header(LOCATION, "/auth/profile"))
}

/// `POST /auth/refresh`: exchanges a refresh token for new tokens.
pub async fn refresh_tokens(
    state: Data<AppState>,
    request: HttpRequest,
    Fields(RefreshToken { refresh_token }): Fields<RefreshToken>,
) -> Answered<Success<Tokens>> {
    let checked = state.refresh.check(&refresh_token);
    let (session, generation) = checked.ok_or(Failure::Refused(SessionError::Refused))?;
    let rotated = state.shop.sessions.ask(RotateToken { session, generation }).await;
    if let Err(Failure::Refused(SessionError::Reused { user })) = rotated {
        record(SecurityEvent::TokenReused, &request, Some(user));
    }
    tokens(&state, &rotated?, StatusCode::OK)
}

/// `POST /auth/logout`: ends the session of the access token.
pub async fn sign_out(Bearer(me): Bearer, state: Data<AppState>) -> Answered<Success<Done>> {
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
) -> Answered<Success<Done>> {
    end_sessions(&state, me.user, SessionSelector::All).await
}

/// `POST /auth/verify`: checks the access token and returns its user.
pub async fn verify_token(Bearer(me): Bearer) -> Answer<Success<ValidToken>> {
    success(ValidToken { valid: true, user: me.username, id: me.user, role: me.role })
}

/// `POST /auth/password`: changes the user's password, ends every session of the user, and returns
/// the tokens of a new one.
pub async fn change_password(
    Bearer(me): Bearer,
    state: Data<AppState>,
    request: HttpRequest,
    Fields(passwords): Fields<PasswordChange>,
) -> Answered<Success<Tokens>> {
    let PasswordChange { current_password, new_password } = passwords;
    let changed =
        sign_in::change_password(&state, &request, &me, current_password, new_password, None);
    tokens(&state, &changed.await?, StatusCode::OK)
}

/// `POST /auth/reset`: sets the password of the user of a link's token, and ends every session of
/// the user.
pub async fn reset_password(
    state: Data<AppState>,
    request: HttpRequest,
    Fields(PasswordReset { token, new_password }): Fields<PasswordReset>,
) -> Answered<Success<Done>> {
    reset::reset_password(&state, &request, &token, new_password).await?;
    Ok(success(Done {}))
}

/// `GET /auth/sessions`: lists the user's sessions.
pub async fn list_sessions(
    Bearer(me): Bearer,
    state: Data<AppState>,
) -> Answered<All<OwnSessionJson>> {
    let sessions = state.shop.sessions.ask(ListSessions(me.user)).await?;
    let own = |session: &Session| OwnSessionJson {
        session: session_json(session),
        current: session.id == me.session,
    };
    Ok(Answer::ok(All(sessions.iter().map(own).collect())))
}

/// `DELETE /auth/sessions/{id}`: ends one of the user's sessions.
pub async fn end_session(
    Bearer(me): Bearer,
    state: Data<AppState>,
    id: Path<SessionId>,
) -> Answered<Success<Done>> {
    end_sessions(&state, me.user, SessionSelector::One(*id)).await
}

/// Returns the guest with a token.
fn guest(token: Option<String>) -> Result<Option<Owner>, Problem> {
    let guest = token.map(|token| owner_by_token(&token)).transpose();
    guest.map_err(|problem| problem.about("/cart_token"))
}

/// Merges the cart of a guest into that of the user who signs in. A repetition changes nothing.
async fn take_cart(state: &AppState, guest: Option<Owner>, user: UserId) -> Result<(), Problem> {
    match guest {
        Some(guest) => merge_cart(state, &guest, user).await,
        None => Ok(()),
    }
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
) -> Answered<Success<Done>> {
    let end = EndSessions { user, sessions, reason: EndReason::SignedOut, with: None };
    state.shop.sessions.ask(end).await?;
    Ok(success(Done {}))
}

/// Answers with new tokens of the session. Caches must not keep them (RFC 6749, section 5.1).
fn tokens(state: &AppState, session: &Session, status: StatusCode) -> Answered<Success<Tokens>> {
    let Proof::Api { generation, .. } = session.proof else {
        return Err(Problem::new(Code::InvalidToken));
    };
    let now = state.shop.clock.now();
    let access = state.access.issue(session, now).ok_or_else(|| Problem::new(Code::Internal))?;
    let tokens = Tokens {
        access_token: access,
        refresh_token: state.refresh.issue(session.id, generation),
        token_type: "Bearer",
        expires_in: state.access.expires_at(session, now).as_second() - now.as_second(),
        refresh_expires_at: session.expires_at,
    };
    let answer = Answer::with_status(status, Success::of(tokens));
    Ok(answer.with_header(CACHE_CONTROL, "no-store"))
}
