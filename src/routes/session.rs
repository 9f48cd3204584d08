//! The operations of sessions and of the signed-in user.

use super::PASSWORD;
use crate::api::{session, user};
use crate::error::code::Code;
use crate::operation::{Operation, delete, get, patch, post};

/// Returns the operations.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        post("/auth/login", session::sign_in, "Opens a session and returns its tokens").refuses(&[
            Code::InvalidCredentials,
            Code::InvalidToken,
            Code::DefaultPassword,
        ]),
        post(
            "/auth/register",
            session::register_user,
            "Adds a user, opens a session and returns its tokens",
        )
        .answers(&[201])
        .refuses(&[
            Code::InvalidToken,
            Code::RegistrationClosed,
            Code::UsernameTaken,
            Code::InvalidUsername,
            Code::InvalidEmail,
            Code::TooManyRegistrations,
        ])
        .refuses(&PASSWORD),
        post("/auth/refresh", session::refresh_tokens, "Exchanges a refresh token for new tokens")
            .refuses(&[Code::InvalidToken]),
        post("/auth/logout", session::sign_out, "Ends the session of the access token"),
        post("/auth/logout-all", session::sign_out_everywhere, "Ends every session of the user"),
        post("/auth/verify", session::verify_token, "Checks the access token and returns its user"),
        post("/auth/reset", session::reset_password, "Sets a new password by the token of a link")
            .refuses(&[Code::InvalidResetLink])
            .refuses(&PASSWORD),
        post(
            "/auth/password",
            session::change_password,
            "Changes the password, ends every session and returns the tokens of a new one",
        )
        .refuses(&[Code::WrongPassword])
        .refuses(&PASSWORD),
        get("/auth/export", user::export_own, "Returns everything that is kept of the user"),
        get("/auth/profile", user::get_profile, "Returns the user of the access token"),
        patch("/auth/profile", user::change_profile, "Changes the e-mail address of the user")
            .refuses(&[Code::InvalidEmail]),
        get("/auth/sessions", session::list_sessions, "Lists the sessions of the user"),
        delete("/auth/sessions/{id}", session::end_session, "Ends one of the sessions of the user")
            .refuses(&[Code::SessionNotFound]),
    ]
}
