//! The users of the REST API: users read their own profile, administrators manage all users.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actors::password::Client;
use actors::user::{
    AddUser, ChangeUser, CountUsers, DeleteUser, ListUsers, PageUsers, ReportUser, SignOutUser,
};
use domain::user::report::UserReport;
use domain::user::{Email, Role, User, UserId, Username};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{cut, page_limit};
use crate::answer::{Answer, Answered, Example, One, Page, Success, one, success};
use crate::auth::audit::{SecurityEvent, record};
use crate::auth::bearer::{Admin, Bearer};
use crate::auth::reset::{NewLink, make_link};
use crate::error::Problem;
use crate::error::code::Code;
use crate::json::{Fields, given};
use crate::objects::example;
use crate::objects::user::{UserJson, UserReportJson, report_json, user_json};
use crate::path::Path;
use crate::person::{Export, export};
use crate::query::Parameters;
use crate::state::AppState;

/// The query of the list of users.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UsersQuery {
    /// What is searched.
    #[serde(default)]
    q: String,
    /// The user after whom the page starts; the first page if absent.
    after: Option<UserId>,
    /// The most users to return.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<usize>,
}

/// The body of a request that adds a user.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "username": "ana", "password": "a quiet harbour" }))]
pub struct NewUser {
    username: String,
    password: String,
    email: Option<String>,
    /// The role; a customer if absent.
    role: Option<Role>,
}

/// The body of a request that changes a user; a missing field stays unchanged.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(example = json!({ "email": "ana@example.org" }))]
pub struct UserChange {
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Role")]
    role: Option<Role>,
    /// The new address; `null` removes it.
    #[serde(deserialize_with = "given")]
    email: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "String")]
    password: Option<String>,
}

/// The user of an access token.
#[derive(Serialize, JsonSchema)]
pub struct Profile {
    user: Username,
    id: UserId,
    role: Role,
    email: Option<Email>,
    created_at: Timestamp,
}

/// The body of a request that changes the profile; a missing field stays unchanged.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(example = json!({ "email": "ana@example.org" }))]
pub struct ProfileChange {
    /// The new address; `null` removes it.
    #[serde(deserialize_with = "given")]
    email: Option<Option<String>>,
}

impl From<User> for Profile {
    fn from(User { id, username, email, role, created_at }: User) -> Self {
        Self { user: username, id, role, email, created_at }
    }
}

impl Example for Profile {
    fn example() -> Value {
        json!({
            "user": "ana",
            "id": example::USER,
            "role": Role::Customer,
            "email": "ana@example.org",
            "created_at": example::NOW,
        })
    }
}

/// `GET /auth/profile`: returns the user of the access token.
pub async fn get_profile(Bearer(me): Bearer, state: Data<AppState>) -> Answered<Success<Profile>> {
    Ok(success(state.shop.profile(me.user).await?.into()))
}

/// `PATCH /auth/profile`: changes the e-mail address of the user of the access token.
pub async fn change_profile(
    Bearer(me): Bearer,
    request: HttpRequest,
    state: Data<AppState>,
    Fields(ProfileChange { email }): Fields<ProfileChange>,
) -> Answered<Success<Profile>> {
    let email = email.map(|email| email.map(Email::choose).transpose()).transpose()?;
    let change = ChangeUser { user: me.user, role: None, email, password: None, by: None };
    let user = state.shop.users.ask(change).await?;
    let changed = SecurityEvent::UserChanged { by: me.user, has_new_password: false };
    record(changed, &request, Some(user.id));
    Ok(success(user.into()))
}

/// `GET /api/users`: lists one page of the users, or of those that a search finds, oldest first.
pub async fn list_users(
    _: Admin,
    state: Data<AppState>,
    Parameters(query): Parameters<UsersQuery>,
) -> Answered<Page<UserReportJson, UserId>> {
    let UsersQuery { q: search, after, limit } = query;
    let limit = page_limit(limit)?;
    if !search.is_empty() {
        let page = state.shop.users.ask(PageUsers { search, after, limit }).await?;
        let (total, next) = (page.total, page.next);
        return Ok(Answer::ok(Page { entries: reports(&page.entries), total, next }));
    }
    let mut users = state.shop.users.ask(ListUsers { after, limit: limit + 1 }).await?;
    let total = state.shop.users.ask(CountUsers).await?;
    let next = cut(&mut users, limit).map(|report| report.user.id);
    Ok(Answer::ok(Page { entries: reports(&users), total, next }))
}

fn reports(users: &[UserReport]) -> Vec<UserReportJson> {
    users.iter().map(report_json).collect()
}

/// `POST /api/users`: adds a user.
pub async fn add_user(
    Admin(me): Admin,
    request: HttpRequest,
    state: Data<AppState>,
    Fields(new): Fields<NewUser>,
) -> Answered<One<UserJson>> {
    let NewUser { username, password, email, role } = new;
    let username = Username::choose(&username)?;
    let email = email.map(Email::choose).transpose()?;
    let role = role.unwrap_or(Role::Customer);
    let add =
        AddUser { username, email, password, role, client: Client::Staff, by: Some(me.author()) };
    let user = state.shop.users.ask(add).await?.user;
    record(SecurityEvent::UserAdded { by: me.user }, &request, Some(user.id));
    Ok(Answer::created(&format!("/api/users/{}", user.id), One(user_json(&user))))
}

/// `GET /api/users/{id}`: returns a user.
pub async fn get_user(
    _: Admin,
    state: Data<AppState>,
    id: Path<UserId>,
) -> Answered<One<UserReportJson>> {
    Ok(one(report_json(&state.shop.users.ask(ReportUser(*id)).await?)))
}

/// `PATCH /api/users/{id}`: changes a user's role, email address or password.
///
/// Administrators cannot set their own password here, because a copied token would be enough to
/// keep its owner out (OWASP ASVS 5.0, section 6.2.3).
pub async fn change_user(
    Admin(me): Admin,
    request: HttpRequest,
    state: Data<AppState>,
    id: Path<UserId>,
    Fields(change): Fields<UserChange>,
) -> Answered<One<UserJson>> {
    let UserChange { role, email, password } = change;
    if password.is_some() && *id == me.user {
        let detail = "to change your own password, send the current one to POST /auth/password";
        return Err(Problem::because(Code::OwnPassword, detail));
    }
    let email = email.map(|email| email.map(Email::choose).transpose()).transpose()?;
    let changed = SecurityEvent::UserChanged { by: me.user, has_new_password: password.is_some() };
    let user = state
        .shop
        .users
        .ask(ChangeUser { user: *id, role, email, password, by: Some(me.author()) })
        .await?;
    record(changed, &request, Some(user.id));
    Ok(one(user_json(&user)))
}

/// `DELETE /api/users/{id}`: deletes a user and ends the user's sessions.
pub async fn delete_user(
    Admin(me): Admin,
    request: HttpRequest,
    state: Data<AppState>,
    id: Path<UserId>,
) -> Answered<One<UserJson>> {
    let user = state.shop.users.ask(DeleteUser { user: *id, by: Some(me.author()) }).await?;
    record(SecurityEvent::UserDeleted { by: me.user }, &request, Some(user.id));
    Ok(one(user_json(&user)))
}

/// `POST /api/users/{id}/logout-all`: ends every session of a user.
pub async fn sign_user_out(
    Admin(me): Admin,
    request: HttpRequest,
    state: Data<AppState>,
    id: Path<UserId>,
) -> Answered<One<UserJson>> {
    let user = state.shop.users.ask(SignOutUser { user: *id, by: me.author() }).await?;
    record(SecurityEvent::UserSignedOut { by: me.user }, &request, Some(user.id));
    Ok(one(user_json(&user)))
}

/// `POST /api/users/{id}/reset-link`: makes a link by which another user sets a new password, and
/// returns it once.
pub async fn make_reset_link(
    Admin(me): Admin,
    request: HttpRequest,
    state: Data<AppState>,
    id: Path<UserId>,
) -> Answered<One<NewLink>> {
    let made = make_link(&state, &request, &me, *id).await?;
    Ok(Answer::with_status(StatusCode::CREATED, One(made)))
}

/// `GET /api/users/{id}/export`: returns what is kept of a user.
pub async fn export_user(
    Admin(me): Admin,
    request: HttpRequest,
    state: Data<AppState>,
    id: Path<UserId>,
) -> Answered<Export> {
    let exported = export(&state, *id).await?;
    record(SecurityEvent::UserExported { by: me.user }, &request, Some(*id));
    Ok(exported)
}

/// `GET /auth/export`: returns what is kept of the user of the access token.
pub async fn export_own(Bearer(me): Bearer, state: Data<AppState>) -> Answered<Export> {
    export(&state, me.user).await
}
