//! The log of security: one line for each event (OWASP ASVS 5.0, section 16.3).
//!
//! A line has the id of the request, the address of the client, and the user whom the event
//! concerns. Of what the client sent it has only the `Origin`: a mistyped name may be a password.

use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpMessage, HttpRequest};
use domain::user::UserId;
use tracing::{info, warn};

use super::{bearer, browser, client, origin};
use crate::credentials::cookie::CookieName;
use crate::error::Problem;
use crate::error::code::Code;
use crate::state::{AppState, app_state};
use crate::telemetry::{SECURITY, request_id};

/// An event that concerns security.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecurityEvent {
    /// A user signed in.
    SignedIn,
    /// A name or a password was wrong.
    SignInFailed,
    /// A password was not checked, because too many were wrong or are being checked.
    SignInThrottled,
    /// A user was not added, because too many have registered.
    RegistrationThrottled,
    /// The default password was not checked, because a proxy had forwarded it.
    DefaultPasswordForwarded,
    /// The current password, which a change requires, was wrong.
    WrongPassword,
    /// A request had credentials, but not those of a caller who may send it.
    AuthorityRefused,
    /// A request came from a page of another site.
    CrossSite {
        /// The received `Origin`.
        origin: String,
        /// The `Origin` of the shop's own pages.
        expected: String,
    },
    /// A refresh token was used again, and its session has ended.
    TokenReused,
    /// A user changed their password.
    PasswordChanged,
    /// An administrator added a user.
    UserAdded {
        /// The administrator.
        by: UserId,
    },
    /// An administrator changed a user.
    UserChanged {
        /// The administrator.
        by: UserId,
        /// Whether the administrator set a password.
        has_new_password: bool,
    },
    /// An administrator made a link by which a user sets a new password.
    ResetLinkMade {
        /// The administrator.
        by: UserId,
    },
    /// A user set a new password by a link.
    PasswordReset {
        /// The administrator who made the link.
        by: UserId,
    },
    /// A link to set a new password did not work.
    ResetRefused,
    /// An administrator received what is kept of a user.
    UserExported {
        /// The administrator.
        by: UserId,
    },
    /// An administrator ended every session of a user.
    UserSignedOut {
        /// The administrator.
        by: UserId,
    },
    /// An administrator deleted a user.
    UserDeleted {
        /// The administrator.
        by: UserId,
    },
    /// An administrator made an actor panic.
    ActorKilled {
        /// The administrator.
        by: UserId,
        /// The name of the actor.
        actor: String,
    },
    /// A limit, or a rule about requests that attackers send, refused a request or closed a socket.
    RequestRefused {
        /// The word of the problem's code, or of the reason for the close.
        code: &'static str,
    },
}

/// Where an event comes from.
#[derive(Debug, Clone)]
pub struct Source {
    request_id: String,
    address: String,
}

/// Marks a request whose event is recorded.
struct Recorded;

impl Source {
    /// Returns the id of a request and the address of its client.
    pub fn of(request: &HttpRequest) -> Self {
        Self { request_id: request_id(request), address: client::address(request) }
    }

    /// Records an event of this source. `subject` is the user whom it concerns, if there is one.
    pub fn record(&self, event: SecurityEvent, subject: Option<UserId>) {
        let subject = subject.map_or("unknown".to_owned(), |user| user.to_string());
        let Self { request_id, address } = self;
        // Each event has its own place in the code, because lines are counted by place.
        match event {
            SecurityEvent::SignedIn => {
                info!(target: SECURITY, event = "signed_in", request_id, address, subject);
            }
            SecurityEvent::SignInFailed => {
                info!(target: SECURITY, event = "sign_in_failed", request_id, address, subject);
            }
            SecurityEvent::SignInThrottled => {
                info!(target: SECURITY, event = "sign_in_throttled", request_id, address, subject);
            }
            SecurityEvent::RegistrationThrottled => {
                let event = "registration_throttled";
                info!(target: SECURITY, event, request_id, address, subject);
            }
            SecurityEvent::DefaultPasswordForwarded => {
                warn!(target: SECURITY, event = "default_password", request_id, address, subject);
            }
            SecurityEvent::WrongPassword => {
                info!(target: SECURITY, event = "wrong_password", request_id, address, subject);
            }
            SecurityEvent::AuthorityRefused => {
                info!(target: SECURITY, event = "authority_refused", request_id, address, subject);
            }
            SecurityEvent::CrossSite { origin, expected } => {
                warn!(
                    target: SECURITY,
                    event = "cross_site",
                    request_id,
                    address,
                    subject,
                    origin,
                    expected
                );
            }
            SecurityEvent::TokenReused => {
                warn!(target: SECURITY, event = "token_reused", request_id, address, subject);
            }
            SecurityEvent::PasswordChanged => {
                info!(target: SECURITY, event = "password_changed", request_id, address, subject);
            }
            SecurityEvent::UserAdded { by } => {
                info!(target: SECURITY, event = "user_added", request_id, address, subject, %by);
            }
            SecurityEvent::UserChanged { by, has_new_password } => {
                info!(
                    target: SECURITY,
                    event = "user_changed",
                    request_id,
                    address,
                    subject,
                    %by,
                    has_new_password
                );
            }
            SecurityEvent::ResetLinkMade { by } => {
                let event = "reset_link_made";
                info!(target: SECURITY, event, request_id, address, subject, %by);
            }
            SecurityEvent::PasswordReset { by } => {
                let event = "password_reset";
                info!(target: SECURITY, event, request_id, address, subject, %by);
            }
            SecurityEvent::ResetRefused => {
                info!(target: SECURITY, event = "reset_refused", request_id, address, subject);
            }
            SecurityEvent::UserExported { by } => {
                let event = "user_exported";
                info!(target: SECURITY, event, request_id, address, subject, %by);
            }
            SecurityEvent::UserSignedOut { by } => {
                let event = "user_signed_out";
                info!(target: SECURITY, event, request_id, address, subject, %by);
            }
            SecurityEvent::ActorKilled { by, actor } => {
                let event = "actor_killed";
                info!(target: SECURITY, event, request_id, address, subject, %by, actor);
            }
            SecurityEvent::UserDeleted { by } => {
                info!(target: SECURITY, event = "user_deleted", request_id, address, subject, %by);
            }
            SecurityEvent::RequestRefused { code } => {
                let event = "request_refused";
                info!(target: SECURITY, event, request_id, address, subject, code);
            }
        }
    }
}

/// Records the event of a request, unless it has one already.
pub fn record(event: SecurityEvent, request: &HttpRequest, subject: Option<UserId>) {
    if request.extensions_mut().insert(Recorded).is_none() {
        Source::of(request).record(event, subject);
    }
}

/// Records why a request was refused, if that concerns security.
pub async fn record_refusal(request: &HttpRequest, code: Code) {
    let event = match code {
        Code::CrossOrigin => {
            let (origin, expected) = origin::received_and_expected(request);
            SecurityEvent::CrossSite { origin: origin.to_owned(), expected }
        }
        Code::Forbidden | Code::InvalidToken => SecurityEvent::AuthorityRefused,
        Code::Unauthorized if has_credentials(request) => SecurityEvent::AuthorityRefused,
        Code::InvalidPath
        | Code::InvalidUpgrade
        | Code::MisdirectedRequest
        | Code::OwnPassword
        | Code::BodyTooLarge
        | Code::TooManyRequests
        | Code::TooManyGuests
        | Code::TooManyUnpaidOrders
        | Code::TooManyPaymentAttempts
        | Code::TooBusy => SecurityEvent::RequestRefused { code: code.word() },
        _ => return,
    };
    let subject = match bearer::subject(request) {
        Some(user) => Some(user),
        None => browser::subject(request).await,
    };
    record(event, request, subject);
}

fn has_credentials(request: &HttpRequest) -> bool {
    let session = app_state(request).cookies.get(request, CookieName::Session);
    session.is_some() || request.headers().contains_key(AUTHORIZATION)
}

/// Makes an actor panic for an administrator, and records it.
pub fn kill(
    state: &AppState,
    actor: &str,
    by: UserId,
    request: &HttpRequest,
) -> Result<(), Problem> {
    require_chaos(state)?;
    if !state.shop.kill(actor) {
        return Err(Problem::not_found());
    }
    record(SecurityEvent::ActorKilled { by, actor: actor.to_owned() }, request, None);
    Ok(())
}

/// Returns an error if administrators may not disturb the node.
pub fn require_chaos(state: &AppState) -> Result<(), Problem> {
    if state.chaos {
        return Ok(());
    }
    Err(Problem::because(Code::NotFound, "`admin.chaos` is not set"))
}
