//! The page of all users.

use actix_web::{HttpRequest, HttpResponse};
use actors::password::Client;
use actors::user::{AddUser, DeleteUser, PageUsers};
use domain::list::ListPage;
use domain::shown::Shown;
use domain::user::{Role, User, UserId};
use maud::html;
use views::draft::Draft;

use crate::auth::audit::{SecurityEvent, record};
use crate::auth::browser::{Administrator, Member};
use crate::credentials::SignedIn;
use crate::credentials::cookie::CookieName;
use crate::error::Problem;
use crate::pages::sent::Sent;
use crate::pages::user::{UserForm, name_and_email};
use crate::pages::{ListQuery, redirect, render_fragments, render_page};
use crate::path::Path;
use crate::query::Parameters;
use crate::state::AppState;

/// The most users that a page of the list shows.
const LISTED: usize = 50;

/// `GET /admin/users`: shows a page of all users, and the form to add one.
pub async fn show_users(
    Administrator(Member { visitor, me }): Administrator,
    Parameters(query): Parameters<ListQuery<UserId>>,
) -> Result<HttpResponse, Problem> {
    let draft = visitor.flash.draft_of(CookieName::UserDraft, me.user);
    render_page(&visitor, "page-users", Shown::Users(query.after), async {
        let users = page_of_users(&visitor.state, query.after).await?;
        Ok(html! {
            (views::admin::user::add_form(visitor.locale, me.user, &draft))
            (views::admin::user::table(visitor.locale, &users, me.user))
        })
    })
    .await
}

/// `POST /admin/users/add`: adds a user, or shows the form again with the error.
pub async fn add_user(
    sent: Sent<Administrator, UserForm>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let Sent { by: Administrator(Member { visitor, me }), form, typed } = sent;
    match add_user_from_form(&visitor.state, &me, &form).await {
        Ok(user) => {
            record(SecurityEvent::UserAdded { by: me.user }, &request, Some(user.id));
            typed.forget(&visitor);
            Ok(redirect(&visitor, &request, "/admin/users", "notice-user-added"))
        }
        Err(problem) => {
            let form = |draft: &Draft| views::admin::user::add_form(visitor.locale, me.user, draft);
            typed.refuse_in_page(problem, &visitor, "user-add", form)
        }
    }
}

/// `POST /admin/users/delete/{id}`: deletes a user and ends the user's sessions; shows the page of
/// the list again.
pub async fn delete_user(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    id: Path<UserId>,
    Parameters(query): Parameters<ListQuery<UserId>>,
) -> Result<HttpResponse, Problem> {
    visitor.state.shop.users.ask(DeleteUser { user: *id, by: Some(me.author()) }).await?;
    record(SecurityEvent::UserDeleted { by: me.user }, &request, Some(*id));
    let users = page_of_users(&visitor.state, query.after).await?;
    let fragments = [("users", views::admin::user::table(visitor.locale, &users, me.user))];
    let page = match query.after {
        Some(after) => format!("/admin/users?after={after}"),
        None => "/admin/users".to_owned(),
    };
    Ok(render_fragments(&visitor, &request, &fragments, "notice-user-deleted", &page))
}

/// Adds the user of an administrator's form.
async fn add_user_from_form(
    state: &AppState,
    me: &SignedIn,
    form: &UserForm,
) -> Result<User, Problem> {
    let (username, email) = name_and_email(form)?;
    let password = form.password.clone();
    let role = form.role.unwrap_or(Role::Customer);
    let add =
        AddUser { username, email, password, role, client: Client::Staff, by: Some(me.author()) };
    Ok(state.shop.users.ask(add).await?.user)
}

/// Returns a page of all users, oldest first.
pub async fn page_of_users(
    state: &AppState,
    after: Option<UserId>,
) -> Result<ListPage<User, UserId>, Problem> {
    Ok(state.shop.users.ask(PageUsers { after, limit: LISTED }).await?)
}
