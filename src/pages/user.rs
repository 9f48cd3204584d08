//! The pages to register and of the user's own account.

use actix_web::{HttpRequest, HttpResponse};
use actors::session::{ListSessions, VerifiedUser};
use actors::user::GetUser;
use domain::shown::Shown;
use domain::user::{Email, Role, Username};
use maud::html;
use serde::Deserialize;
use views::draft::Draft;

use super::sent::Sent;
use super::session::{ThenQuery, path_afterwards, start_session};
use super::{redirect, render_page};
use crate::auth::browser::{Member, Visitor};
use crate::auth::sign_in;
use crate::credentials::cookie::CookieName;
use crate::crypto::{fingerprint, random_token};
use crate::error::Problem;
use crate::error::code::Code;
use crate::flash::addresses::local_path;
use crate::query::Parameters;
use crate::state::AppState;

/// The fields of the form to register, and of the administrators' form to add a user.
#[derive(Deserialize)]
pub struct UserForm {
    username: String,
    email: String,
    pub(super) password: String,
    pub(super) role: Option<Role>,
    then: Option<String>,
}

/// The fields of the form to change the password.
#[derive(Deserialize)]
pub struct PasswordForm {
    current: String,
    new: String,
}

/// `GET /register`: shows the form to register, unless the visitor is signed in.
pub async fn show_registration(
    visitor: Visitor,
    request: HttpRequest,
    Parameters(query): Parameters<ThenQuery>,
) -> Result<HttpResponse, Problem> {
    let draft = visitor.flash.draft(CookieName::RegistrationDraft);
    let then = path_afterwards(query.then, &draft);
    if visitor.signed_in.is_some() {
        return Ok(redirect(&visitor, &request, &then, "notice-signed-in-already"));
    }
    registration_page(&visitor, &then, &draft).await
}

/// `POST /register`: adds a user and signs the user in, or shows the form again with the error.
pub async fn register_user(
    sent: Sent<Visitor, UserForm>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let Sent { by: visitor, form, typed } = sent;
    if !visitor.state.registration {
        return Err(Problem::new(Code::RegistrationClosed));
    }
    let then = local_path(form.then.as_deref());
    match register_from_form(&visitor.state, &request, &form).await {
        Ok(verified) => {
            start_session(&visitor, &request, verified).await?;
            typed.forget(&visitor);
            Ok(redirect(&visitor, &request, &then, "notice-registered"))
        }
        Err(problem) => {
            let page = async |draft: &Draft| registration_page(&visitor, &then, draft).await;
            typed.refuse(&problem, &visitor, page).await
        }
    }
}

/// `GET /account`: shows the user's profile, the form to change the password, and the sessions.
pub async fn show_account(Member { visitor, me }: Member) -> Result<HttpResponse, Problem> {
    let draft = visitor.flash.draft(CookieName::PasswordDraft);
    render_page(&visitor, "page-account", Shown::Account, async {
        let user = visitor.state.shop.users.ask(GetUser(me.user)).await?.user;
        let sessions = visitor.state.shop.sessions.ask(ListSessions(me.user)).await?;
        Ok(html! {
            (views::user::profile(visitor.locale, &user))
            (views::user::password_form(visitor.locale, user.username.as_str(), &draft))
            (views::session::list(visitor.locale, &sessions, me.session))
        })
    })
    .await
}

/// `POST /account/password`: changes the user's password, ends every session of the user, and sets
/// the cookie of a new one.
pub async fn change_password(
    sent: Sent<Member, PasswordForm>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let Sent { by: Member { visitor, me }, form: PasswordForm { current, new }, typed } = sent;
    let state = &visitor.state;
    let secret = random_token();
    let cookie_hash = Some(fingerprint(&secret));
    match sign_in::change_password(state, &request, &me, current, new, cookie_hash).await {
        Ok(_) => {
            visitor.flash.set(CookieName::Session, secret);
            typed.forget(&visitor);
            Ok(redirect(&visitor, &request, "/account", "notice-password-changed"))
        }
        Err(problem) => {
            let form =
                |draft: &Draft| views::user::password_form(visitor.locale, &me.username, draft);
            typed.refuse_in_page(problem, &visitor, "password", form)
        }
    }
}

async fn registration_page(
    visitor: &Visitor,
    then: &str,
    draft: &Draft,
) -> Result<HttpResponse, Problem> {
    let form = async { Ok(views::user::register(visitor.locale, then, draft)) };
    render_page(visitor, "page-register", Shown::Nothing, form).await
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

/// Returns the name and the email address of a form. An empty address stands for none.
pub(super) fn name_and_email(form: &UserForm) -> Result<(Username, Option<Email>), Problem> {
    let username = Username::choose(form.username.trim())?;
    let email = Some(form.email.trim()).filter(|email| !email.is_empty());
    Ok((username, email.map(Email::choose).transpose()?))
}
