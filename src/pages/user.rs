//! One's own account, and the administrators' list of users.

use actix_web::web::{Form, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use actors::session::{ListSessions, SessionSelector};
use actors::tables::VerifiedUser;
use actors::user::{AddUser, ChangePassword, DeleteUser, GetUser, ListUsers};
use domain::event::Topic;
use domain::user::{Email, Role, User, UserId, Username};
use maud::{Markup, html};
use serde::Deserialize;

use super::session::{Then, open};
use super::{changed, done, draw, draw_again, form_again, go_to, is_htmx, local, see_other};
use crate::auth::browser::{Administrator, Member, Visitor};
use crate::credentials::SignedIn;
use crate::error::{Code, Problem};
use crate::state::AppState;

/// How many users the administrators' page shows.
pub const LISTED: usize = 100;

/// A new user, as visitors and administrators fill the form in.
#[derive(Deserialize)]
pub struct NewUser {
    username: String,
    email: String,
    password: String,
    role: Option<Role>,
    then: Option<String>,
}

/// An old and a new password.
#[derive(Deserialize)]
pub struct PasswordChange {
    current: String,
    new: String,
}

/// `GET /register`: the form to register.
pub async fn ask(visitor: Visitor, query: Query<Then>) -> Result<HttpResponse, Problem> {
    let then = local(query.then.as_deref());
    draw(&visitor, "register", &[], async {
        Ok(views::user::register(visitor.locale, "", "", &then, None))
    })
    .await
}

/// `POST /register`: makes a new user and signs the browser in, or shows the form again with what is wrong.
pub async fn register(
    visitor: Visitor,
    request: HttpRequest,
    form: Form<NewUser>,
) -> Result<HttpResponse, Problem> {
    if !visitor.state.registration {
        return Err(Problem::new(Code::RegistrationClosed));
    }
    let then = local(form.then.as_deref());
    match new_user(&visitor.state, &form, Role::Customer).await {
        Ok(verified) => open(&visitor, &request, verified, &then).await,
        Err(problem) => {
            draw_again(problem, &visitor, "register", &[], async |said| {
                Ok(views::user::register(
                    visitor.locale,
                    &form.username,
                    &form.email,
                    &then,
                    Some(said),
                ))
            })
            .await
        }
    }
}

/// `GET /account`: who one is, one's password, and where one is signed in.
pub async fn account(Member { visitor, me }: Member) -> Result<HttpResponse, Problem> {
    draw(&visitor, "account", &[], account_of(&visitor, &me, None)).await
}

/// `POST /account/password`: changes one's password and signs one out everywhere else.
pub async fn password(
    Member { visitor, me }: Member,
    request: HttpRequest,
    form: Form<PasswordChange>,
) -> Result<HttpResponse, Problem> {
    let PasswordChange { current, new } = form.into_inner();
    let sessions = SessionSelector::AllBut(me.session);
    let change = ChangePassword { user: me.user, current, new, sessions };
    match visitor.state.shop.users.ask(change).await.map_err(Problem::from) {
        Ok(_) => Ok(go_to(&request, "/account")),
        Err(problem) if problem.can_be_mended() && is_htmx(&request) => {
            let form = |said: &str| views::user::password_form(visitor.locale, Some(said));
            Ok(form_again(&problem, visitor.locale, "password", form))
        }
        Err(problem) => {
            let main = async |said: &str| account_of(&visitor, &me, Some(said)).await;
            draw_again(problem, &visitor, "account", &[], main).await
        }
    }
}

/// `GET /admin`: to the users.
pub async fn to_admin(_: Administrator) -> HttpResponse {
    see_other("/admin/users")
}

/// `GET /admin/users`: every user, and the form to add one.
pub async fn list(
    Administrator(Member { visitor, me }): Administrator,
) -> Result<HttpResponse, Problem> {
    draw(&visitor, "users", &[Topic::Users], users(&visitor, &me, None)).await
}

/// `POST /admin/users/add`: makes a new user.
pub async fn add(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    form: Form<NewUser>,
) -> Result<HttpResponse, Problem> {
    match new_user(&visitor.state, &form, form.role.unwrap_or(Role::Customer)).await {
        Ok(_) => Ok(go_to(&request, "/admin/users")),
        Err(problem) if problem.can_be_mended() && is_htmx(&request) => {
            let form = |said: &str| views::user::add_form(visitor.locale, Some(said));
            Ok(form_again(&problem, visitor.locale, "user-add", form))
        }
        Err(problem) => {
            let main = async |said: &str| users(&visitor, &me, Some(said)).await;
            draw_again(problem, &visitor, "users", &[Topic::Users], main).await
        }
    }
}

/// `POST /admin/users/delete/{id}`: deletes a user and signs the user out everywhere.
pub async fn delete(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    id: Path<UserId>,
) -> Result<HttpResponse, Problem> {
    visitor.state.shop.users.ask(DeleteUser(*id)).await?;
    let table = views::user::table(visitor.locale, &listed(&visitor.state).await?, me.user);
    Ok(changed(
        &request,
        vec![("users", table), done(visitor.locale, "notice-user-deleted")],
        "/admin/users",
    ))
}

/// What the account page shows, and what is wrong with the password form.
async fn account_of(
    visitor: &Visitor,
    me: &SignedIn,
    error: Option<&str>,
) -> Result<Markup, Problem> {
    let user = visitor.state.shop.users.ask(GetUser(me.user)).await?.user;
    let sessions = visitor.state.shop.sessions.ask(ListSessions(me.user)).await?;
    Ok(html! {
        (views::user::profile(visitor.locale, &user))
        (views::user::password_form(visitor.locale, error))
        (views::session::list(visitor.locale, &sessions, me.session))
    })
}

/// What the users' page shows, and what is wrong with the form to add one.
async fn users(visitor: &Visitor, me: &SignedIn, error: Option<&str>) -> Result<Markup, Problem> {
    let table = views::user::table(visitor.locale, &listed(&visitor.state).await?, me.user);
    Ok(html! { (views::user::add_form(visitor.locale, error)) (table) })
}

async fn new_user(state: &AppState, form: &NewUser, role: Role) -> Result<VerifiedUser, Problem> {
    let username = Username::new(form.username.trim())?;
    let email = Some(form.email.trim()).filter(|email| !email.is_empty());
    let email = email.map(Email::new).transpose()?;
    Ok(state
        .shop
        .users
        .ask(AddUser { username, email, password: form.password.clone(), role })
        .await?)
}

async fn listed(state: &AppState) -> Result<Vec<User>, Problem> {
    Ok(state.shop.users.ask(ListUsers { after: None, limit: LISTED }).await?)
}
