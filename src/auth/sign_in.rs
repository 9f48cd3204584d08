//! Checks of passwords and registrations, by programs and by browsers, with their lines in the log
//! of security.

use actix_web::HttpRequest;
use actors::failure::Failure;
use actors::password::Client;
use actors::session::VerifiedUser;
use actors::user::{AddUser, ChangePassword, CheckPassword, FindUser};
use domain::session::Session;
use domain::text::mapped_password;
use domain::user::{Email, Role, SubmittedName, UserError, UserId, Username};

use super::audit::{SecurityEvent, record};
use super::client::{network, session_client};
use crate::config::judge::{DEFAULT_PASSWORD, FIRST_ADMIN};
use crate::credentials::SignedIn;
use crate::error::Problem;
use crate::error::code::Code;
use crate::proxies::is_forwarded;
use crate::state::AppState;

/// Checks a submitted name and password.
pub async fn check_password(
    state: &AppState,
    request: &HttpRequest,
    username: &str,
    password: String,
) -> Result<VerifiedUser, Problem> {
    require_no_default_password(state, request, username, &password).await?;
    let check = CheckPassword { username: username.to_owned(), password, client: network(request) };
    let checked = state.shop.users.ask(check).await;
    if let Err(Failure::Refused(error)) = &checked
        && let Some(event) = event_of(*error)
    {
        record(event, request, find_user(state, username).await);
    }
    Ok(checked?)
}

/// Returns an error if a proxy forwards the default password: the shop would be open to everyone
/// who reaches the proxy.
async fn require_no_default_password(
    state: &AppState,
    request: &HttpRequest,
    username: &str,
    password: &str,
) -> Result<(), Problem> {
    let is_default = state.shop.default_password.stands()
        && SubmittedName::of(username).mapped == FIRST_ADMIN
        && mapped_password(password) == DEFAULT_PASSWORD;
    if is_default && is_forwarded(request.head()) {
        let admin = find_user(state, username).await;
        record(SecurityEvent::DefaultPasswordForwarded, request, admin);
        return Err(Problem::new(Code::DefaultPassword));
    }
    Ok(())
}

/// Adds a customer for a visitor.
pub async fn register(
    state: &AppState,
    request: &HttpRequest,
    username: Username,
    email: Option<Email>,
    password: String,
) -> Result<VerifiedUser, Problem> {
    let client = Client::Visitor(network(request));
    let add = AddUser { username, email, password, role: Role::Customer, client, by: None };
    let added = state.shop.users.ask(add).await;
    if let Err(Failure::Refused(UserError::TooManyRegistrations { .. })) = added {
        record(SecurityEvent::RegistrationThrottled, request, None);
    }
    Ok(added?)
}

/// Changes the password of a user who is signed in, ends every session of the user, and returns a
/// new one (OWASP ASVS 5.0, section 7.2.4).
///
/// `cookie_hash` is the SHA-256 of a browser's new cookie; `None` opens a session with tokens.
pub async fn change_password(
    state: &AppState,
    request: &HttpRequest,
    me: &SignedIn,
    current: String,
    new: String,
    cookie_hash: Option<String>,
) -> Result<Session, Problem> {
    let client = session_client(request, cookie_hash);
    let change = ChangePassword { user: me.user, current, new, client };
    let changed = state.shop.users.ask(change).await;
    let event = match &changed {
        Ok(_) => Some(SecurityEvent::PasswordChanged),
        Err(Failure::Refused(error)) => event_of(*error),
        Err(_) => None,
    };
    if let Some(event) = event {
        record(event, request, Some(me.user));
    }
    Ok(changed?)
}

fn event_of(error: UserError) -> Option<SecurityEvent> {
    match error {
        UserError::InvalidCredentials => Some(SecurityEvent::SignInFailed),
        UserError::WrongPassword => Some(SecurityEvent::WrongPassword),
        UserError::TooManyFailures { .. } | UserError::TooManyAtOnce => {
            Some(SecurityEvent::SignInThrottled)
        }
        _ => None,
    }
}

/// Returns the user with a submitted name; `None` also if the store does not reply.
async fn find_user(state: &AppState, username: &str) -> Option<UserId> {
    state.shop.users.ask(FindUser(username.to_owned())).await.ok().flatten()
}
