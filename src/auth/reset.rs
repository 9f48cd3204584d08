//! Links by which users set a new password, with their lines in the log of security.

use actix_web::HttpRequest;
use actors::failure::Failure;
use actors::user::{MakeResetLink, ResetPassword};
use domain::user::{UserError, UserId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::audit::{SecurityEvent, record};
use super::client::network;
use super::origin;
use crate::answer::{Example, Resource};
use crate::credentials::SignedIn;
use crate::credentials::reset::{new_token, user_of};
use crate::crypto::fingerprint;
use crate::error::Problem;
use crate::error::code::Code;
use crate::objects::example;
use crate::state::AppState;

/// A new link, which is shown once.
#[derive(Serialize, JsonSchema)]
pub struct NewLink {
    /// The address that the user opens.
    pub link: String,
    /// Until when it works.
    pub expires_at: Timestamp,
}

impl Resource for NewLink {
    const ONE: &'static str = "reset";
    const MANY: &'static str = "resets";
}

impl Example for NewLink {
    fn example() -> Value {
        json!({ "link": "http://localhost:5000/reset/…", "expires_at": example::in_an_hour() })
    }
}

/// Makes a link for a user, in place of a former one.
///
/// Administrators cannot make one for themselves, because a copied token or cookie would be enough
/// to keep its owner out (OWASP ASVS 5.0, section 6.2.3).
pub async fn make_link(
    state: &AppState,
    request: &HttpRequest,
    me: &SignedIn,
    user: UserId,
) -> Result<NewLink, Problem> {
    if user == me.user {
        let detail = "to change your own password, send the current one to POST /auth/password";
        return Err(Problem::because(Code::OwnPassword, detail));
    }
    let token = new_token(user);
    let make = MakeResetLink { user, token_hash: fingerprint(&token), by: me.author() };
    let made = state.shop.users.ask(make).await?;
    record(SecurityEvent::ResetLinkMade { by: me.user }, request, Some(user));
    let link = format!("{}/reset/{token}", origin::own(request));
    Ok(NewLink { link, expires_at: made.expires_at() })
}

/// Sets the password of the user of a link's token, and ends every session of the user.
pub async fn reset_password(
    state: &AppState,
    request: &HttpRequest,
    token: &str,
    new: String,
) -> Result<(), Problem> {
    let user = user_of(token);
    let client = network(request);
    let reset = ResetPassword { user, token_hash: fingerprint(token), new, client };
    let reset = state.shop.users.ask(reset).await;
    match &reset {
        Ok(by) => record(SecurityEvent::PasswordReset { by: by.id }, request, user),
        Err(Failure::Refused(UserError::InvalidResetLink)) => {
            record(SecurityEvent::ResetRefused, request, None);
        }
        Err(_) => {}
    }
    Ok(reset.map(drop)?)
}
