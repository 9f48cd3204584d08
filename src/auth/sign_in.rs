//! Checks of passwords, by programs and by browsers, with their lines in the log of security.

use actix_web::HttpRequest;
use actors::failure::Failure;
use actors::session::{SessionSelector, VerifiedUser};
use actors::user::{ChangePassword, CheckPassword, FindUser};
use domain::user::{UserError, UserId};

use super::audit::{SecurityEvent, record};
use super::client::address;
use crate::credentials::SignedIn;
use crate::error::Problem;
use crate::state::AppState;

/// Checks a submitted name and password.
pub async fn check_password(
    state: &AppState,
    request: &HttpRequest,
    username: &str,
    password: String,
) -> Result<VerifiedUser, Problem> {
    let check =
        CheckPassword { username: username.to_owned(), password, address: address(request) };
    let checked = state.shop.users.ask(check).await;
    if let Err(Failure::Refused(error)) = &checked
        && let Some(event) = event_of(*error)
    {
        record(event, request, find_user(state, username).await);
    }
    Ok(checked?)
}

/// Changes the password of a user who is signed in, and ends other sessions of the user.
pub async fn change_password(
    state: &AppState,
    request: &HttpRequest,
    me: &SignedIn,
    current: String,
    new: String,
) -> Result<(), Problem> {
    let sessions = SessionSelector::AllBut(me.session);
    let change = ChangePassword { user: me.user, current, new, sessions };
    let changed = state.shop.users.ask(change).await;
    if let Err(Failure::Refused(error)) = &changed
        && let Some(event) = event_of(*error)
    {
        record(event, request, Some(me.user));
    }
    Ok(changed.map(drop)?)
}

fn event_of(error: UserError) -> Option<SecurityEvent> {
    match error {
        UserError::InvalidCredentials => Some(SecurityEvent::SignInFailed),
        UserError::WrongPassword => Some(SecurityEvent::WrongPassword),
        UserError::TooManyFailures { .. } => Some(SecurityEvent::SignInThrottled),
        _ => None,
    }
}

/// Returns the user with a submitted name; `None` also if the store does not reply.
async fn find_user(state: &AppState, username: &str) -> Option<UserId> {
    state.shop.users.ask(FindUser(username.to_owned())).await.ok().flatten()
}
