//! Users: everybody sees their own profile, administrators manage all.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Path, Query};
use actors::user::{AddUser, ChangeUser, DeleteUser, GetUser, ListUsers};
use domain::user::{Email, Role, User, UserId, Username};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{PageOf, many, one};
use crate::auth::bearer::{Admin, Bearer};
use crate::error::Problem;
use crate::json::Fields;
use crate::state::AppState;

/// A new user.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    username: String,
    password: String,
    email: Option<String>,
    role: Option<Role>,
}

/// What changes of a user.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    role: Option<Role>,
    email: Option<String>,
    password: Option<String>,
}

/// A user as JSON.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UserJson {
    id: UserId,
    username: Username,
    email: Option<Email>,
    role: Role,
    created_at: Timestamp,
}

/// `GET /auth/profile`: who the program's user is.
pub async fn profile(Bearer(me): Bearer, state: Data<AppState>) -> Result<HttpResponse, Problem> {
    let User { id, username, email, role, created_at } =
        state.shop.users.ask(GetUser(me.user)).await?.user;
    Ok(HttpResponse::Ok().json(json!({
        "success": true, "user": username, "id": id, "role": role, "email": email, "created_at": created_at,
    })))
}

/// `GET /api/users`: a page of users, oldest first.
pub async fn list(
    _: Admin,
    state: Data<AppState>,
    page: Query<PageOf<UserId>>,
) -> Result<HttpResponse, Problem> {
    let users = state.shop.users.ask(ListUsers { after: page.after, limit: page.limit()? }).await?;
    Ok(many("users", users.iter().map(user_json).collect()))
}

/// `POST /api/users`: makes a new user.
pub async fn add(
    _: Admin,
    state: Data<AppState>,
    Fields(new): Fields<NewUser>,
) -> Result<HttpResponse, Problem> {
    let NewUser { username, password, email, role } = new;
    let (username, email) = (Username::new(username)?, email.map(Email::new).transpose()?);
    let add = AddUser { username, email, password, role: role.unwrap_or(Role::Customer) };
    let user = state.shop.users.ask(add).await?.user;
    let location = (LOCATION, format!("/api/users/{}", user.id));
    Ok(HttpResponse::Created()
        .insert_header(location)
        .json(json!({ "success": true, "user": user_json(&user) })))
}

/// `GET /api/users/{id}`: a user.
pub async fn get(
    _: Admin,
    state: Data<AppState>,
    id: Path<UserId>,
) -> Result<HttpResponse, Problem> {
    Ok(one("user", user_json(&state.shop.users.ask(GetUser(*id)).await?.user)))
}

/// `PATCH /api/users/{id}`: changes a user's role, address or password.
pub async fn change(
    _: Admin,
    state: Data<AppState>,
    id: Path<UserId>,
    Fields(patch): Fields<Patch>,
) -> Result<HttpResponse, Problem> {
    let Patch { role, email, password } = patch;
    let email = email.map(Email::new).transpose()?;
    let user = state.shop.users.ask(ChangeUser { user: *id, role, email, password }).await?;
    Ok(one("user", user_json(&user)))
}

/// `DELETE /api/users/{id}`: deletes a user and signs the user out everywhere.
pub async fn remove(
    _: Admin,
    state: Data<AppState>,
    id: Path<UserId>,
) -> Result<HttpResponse, Problem> {
    Ok(one("user", user_json(&state.shop.users.ask(DeleteUser(*id)).await?)))
}

/// A user as administrators see it.
pub fn user_json(user: &User) -> UserJson {
    let User { id, username, email, role, created_at } = user.clone();
    UserJson { id, username, email, role, created_at }
}
