//! The pages to register, of the user's own account, and of all users for administrators.

use actix_web::{HttpRequest, HttpResponse};
use actors::password::Client;
use actors::session::{ListSessions, VerifiedUser};
use actors::user::{AddUser, DeleteUser, GetUser, ListUsers};
use domain::topic::Topic;
use domain::user::{Email, Role, User, UserId, Username};
use maud::{Markup, html};
use serde::Deserialize;

use super::session::{ThenQuery, start_session, with_cookie};
use super::{
    is_htmx, local_path, redirect, render_form_with_error, render_fragments, render_page,
    render_page_with_error, see_other,
};
use crate::auth::audit::{SecurityEvent, record};
use crate::auth::browser::{Administrator, Member, Visitor};
use crate::auth::sign_in;
use crate::credentials::SignedIn;
use crate::credentials::cookie::CookieName;
use crate::crypto::{fingerprint, random_token};
use crate::error::Problem;
use crate::error::code::Code;
use crate::form::Form;
use crate::path::Path;
use crate::query::Parameters;
use crate::state::AppState;

/// The most users that the page of all users shows.
pub const LISTED: usize = 100;

/// The fields of the form to register, and of the administrators' form to add a user.
#[derive(Deserialize)]
pub struct UserForm {
    username: String,
    email: String,
    password: String,
    role: Option<Role>,
    then: Option<String>,
}

/// The fields of the form to change the password.
#[derive(Deserialize)]
pub struct PasswordForm {
    current: String,
    new: String,
}

/// `GET /register`: shows the form to register.
pub async fn show_registration(
    visitor: Visitor,
    Parameters(query): Parameters<ThenQuery>,
) -> Result<HttpResponse, Problem> {
    let then = local_path(query.then.as_deref());
    let form = async { Ok(views::user::register(visitor.locale, "", "", &then, None)) };
    render_page(&visitor, "register", &[], form).await
}

/// `POST /register`: adds a user and signs the user in, or shows the form again with the error.
pub async fn register_user(
    visitor: Visitor,
    request: HttpRequest,
    Form(form): Form<UserForm>,
) -> Result<HttpResponse, Problem> {
    if !visitor.state.registration {
        return Err(Problem::new(Code::RegistrationClosed));
    }
    let then = local_path(form.then.as_deref());
    match register_from_form(&visitor.state, &request, &form).await {
        Ok(verified) => start_session(&visitor, &request, verified, &then).await,
        Err(problem) => {
            let UserForm { username, email, .. } = form;
            let form = async |error: &str| {
                Ok(views::user::register(visitor.locale, &username, &email, &then, Some(error)))
            };
            render_page_with_error(problem, &visitor, "register", &[], form).await
        }
    }
}

/// `GET /account`: shows the user's profile, the form to change the password, and the sessions.
pub async fn show_account(Member { visitor, me }: Member) -> Result<HttpResponse, Problem> {
    render_page(&visitor, "account", &[], account_panels(&visitor, &me, None)).await
}

/// `POST /account/password`: changes the user's password, ends every session of the user, and sets
/// the cookie of a new one.
pub async fn change_password(
    Member { visitor, me }: Member,
    request: HttpRequest,
    Form(form): Form<PasswordForm>,
) -> Result<HttpResponse, Problem> {
    let PasswordForm { current, new } = form;
    let state = &visitor.state;
    let secret = random_token();
    let cookie_hash = Some(fingerprint(&secret));
    match sign_in::change_password(state, &request, &me, current, new, cookie_hash).await {
        Ok(_) => {
            let cookie = state.cookies.build(CookieName::Session, secret);
            Ok(with_cookie(redirect(&request, "/account"), &cookie))
        }
        Err(problem) if problem.is_recoverable() && is_htmx(&request) => {
            let name = me.username.as_str();
            let form = |error: &str| views::user::password_form(visitor.locale, name, Some(error));
            Ok(render_form_with_error(&problem, &visitor, "password", form))
        }
        Err(problem) => {
            let panels = async |error: &str| account_panels(&visitor, &me, Some(error)).await;
            render_page_with_error(problem, &visitor, "account", &[], panels).await
        }
    }
}

/// `GET /admin`: redirects to the page of all users.
pub async fn redirect_to_users(_: Administrator) -> HttpResponse {
    see_other("/admin/users")
}

/// `GET /admin/users`: shows all users and the form to add one.
pub async fn show_users(
    Administrator(Member { visitor, me }): Administrator,
) -> Result<HttpResponse, Problem> {
    render_page(&visitor, "users", &[Topic::Users], user_panels(&visitor, &me, None)).await
}

/// `POST /admin/users/add`: adds a user, or shows the form again with the error.
pub async fn add_user(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    Form(form): Form<UserForm>,
) -> Result<HttpResponse, Problem> {
    match add_user_from_form(&visitor.state, &form).await {
        Ok(user) => {
            record(SecurityEvent::UserAdded { by: me.user }, &request, Some(user.id));
            Ok(redirect(&request, "/admin/users"))
        }
        Err(problem) if problem.is_recoverable() && is_htmx(&request) => {
            let form = |error: &str| views::user::add_form(visitor.locale, Some(error));
            Ok(render_form_with_error(&problem, &visitor, "user-add", form))
        }
        Err(problem) => {
            let panels = async |error: &str| user_panels(&visitor, &me, Some(error)).await;
            render_page_with_error(problem, &visitor, "users", &[Topic::Users], panels).await
        }
    }
}

/// `POST /admin/users/delete/{id}`: deletes a user and ends the user's sessions.
pub async fn delete_user(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    id: Path<UserId>,
) -> Result<HttpResponse, Problem> {
    visitor.state.shop.users.ask(DeleteUser(*id)).await?;
    record(SecurityEvent::UserDeleted { by: me.user }, &request, Some(*id));
    let table = views::user::table(visitor.locale, &first_users(&visitor.state).await?, me.user);
    let fragments = [("users", table)];
    Ok(render_fragments(&visitor, &request, &fragments, "notice-user-deleted", "/admin/users"))
}

/// Renders the account page; `error` is shown with the form to change the password.
async fn account_panels(
    visitor: &Visitor,
    me: &SignedIn,
    error: Option<&str>,
) -> Result<Markup, Problem> {
    let user = visitor.state.shop.users.ask(GetUser(me.user)).await?.user;
    let sessions = visitor.state.shop.sessions.ask(ListSessions(me.user)).await?;
    Ok(html! {
        (views::user::profile(visitor.locale, &user))
        (views::user::password_form(visitor.locale, user.username.as_str(), error))
        (views::session::list(visitor.locale, &sessions, me.session))
    })
}

/// Renders the page of all users; `error` is shown with the form to add one.
async fn user_panels(
    visitor: &Visitor,
    me: &SignedIn,
    error: Option<&str>,
) -> Result<Markup, Problem> {
    let table = views::user::table(visitor.locale, &first_users(&visitor.state).await?, me.user);
    Ok(html! { (views::user::add_form(visitor.locale, error)) (table) })
}

/// Registers the user of a form.
async fn register_from_form(
    state: &AppState,
    request: &HttpRequest,
    form: &UserForm,
) -> Result<VerifiedUser, Problem> {
    let (username, email) = name_and_email(form)?;
    sign_in::register(state, request, username, email, form.password.clone()).await
}

/// Adds the user of an administrator's form.
async fn add_user_from_form(state: &AppState, form: &UserForm) -> Result<User, Problem> {
    let (username, email) = name_and_email(form)?;
    let password = form.password.clone();
    let role = form.role.unwrap_or(Role::Customer);
    let add = AddUser { username, email, password, role, client: Client::Staff };
    Ok(state.shop.users.ask(add).await?.user)
}

/// Returns the name and the email address of a form. An empty address stands for none.
fn name_and_email(form: &UserForm) -> Result<(Username, Option<Email>), Problem> {
    let username = Username::choose(form.username.trim())?;
    let email = Some(form.email.trim()).filter(|email| !email.is_empty());
    Ok((username, email.map(Email::choose).transpose()?))
}

async fn first_users(state: &AppState) -> Result<Vec<User>, Problem> {
    Ok(state.shop.users.ask(ListUsers { after: None, limit: LISTED }).await?)
}
