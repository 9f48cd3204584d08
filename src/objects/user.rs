//! A user as JSON.

use domain::user::{Email, Role, User, UserId, Username};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// A user as JSON.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UserJson {
    id: UserId,
    username: Username,
    email: Option<Email>,
    role: Role,
    created_at: Timestamp,
}

/// Converts a user into the JSON that administrators receive.
pub fn user_json(user: &User) -> UserJson {
    let User { id, username, email, role, created_at } = user.clone();
    UserJson { id, username, email, role, created_at }
}
