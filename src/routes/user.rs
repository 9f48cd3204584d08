//! The operations of users, for administrators.

use super::PASSWORD;
use crate::api::user;
use crate::error::code::Code;
use crate::operation::{Operation, delete, get, patch, post};

/// Returns the operations.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        get(
            "/api/users",
            user::list_users,
            "Lists one page of the users that a search finds, oldest first",
        ),
        post("/api/users", user::add_user, "Adds a user")
            .answers(&[201])
            .refuses(&[Code::UsernameTaken, Code::InvalidUsername, Code::InvalidEmail])
            .refuses(&PASSWORD),
        get("/api/users/{id}", user::get_user, "Returns a user").refuses(&[Code::UserNotFound]),
        patch(
            "/api/users/{id}",
            user::change_user,
            "Changes a user's role, e-mail address or password",
        )
        .refuses(&[Code::OwnPassword, Code::UserNotFound, Code::LastAdmin, Code::InvalidEmail])
        .refuses(&PASSWORD),
        delete("/api/users/{id}", user::delete_user, "Deletes a user and ends the user's sessions")
            .refuses(&[Code::UserNotFound, Code::LastAdmin]),
        post(
            "/api/users/{id}/reset-link",
            user::make_reset_link,
            "Makes a link by which a user sets a new password, and returns it once",
        )
        .answers(&[201])
        .refuses(&[Code::OwnPassword, Code::UserNotFound]),
        get(
            "/api/users/{id}/export",
            user::export_user,
            "Returns everything that is kept of a user",
        )
        .refuses(&[Code::UserNotFound]),
        post("/api/users/{id}/logout-all", user::sign_user_out, "Ends every session of a user")
            .refuses(&[Code::UserNotFound]),
    ]
}
