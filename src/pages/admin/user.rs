//! The pages of all users, and of one of them.

use actix_web::{HttpRequest, HttpResponse, Responder};
use actors::failure::Failure;
use actors::order::ListOrders;
use actors::password::Client;
use actors::session::ListSessions;
use actors::user::{AddUser, ChangeUser, DeleteUser, PageUsers, ReportUser, SignOutUser};
use domain::search::Search;
use domain::shown::Shown;
use domain::user::report::UserReport;
use domain::user::{Role, User, UserError, UserId};
use maud::{Markup, html};
use serde::Deserialize;
use views::admin::user::detail::{self, UserPage};
use views::draft::Draft;
use views::locale::Locale;
use views::viewer::Notice;

use crate::auth::audit::{SecurityEvent, record};
use crate::auth::browser::{Administrator, Member, Visitor};
use crate::auth::reset::make_link;
use crate::credentials::SignedIn;
use crate::credentials::cookie::CookieName;
use crate::error::Problem;
use crate::flash::addresses::open_page;
use crate::form::Form;
use crate::html::is_htmx;
use crate::pages::sent::Sent;
use crate::pages::user::{UserForm, name_and_email};
use crate::pages::{redirect, render_fragments, render_page, render_titled_page, respond};
use crate::path::Path;
use crate::person::export;
use crate::query::Parameters;
use crate::state::AppState;

/// The path of the list.
const PAGE: &str = "/admin/users";

/// The most orders that the page of a user shows.
const ORDERS: usize = 10;

/// The most users that a page of the list shows.
const LISTED: usize = 50;

/// Which users the page shows.
#[derive(Deserialize)]
pub struct UsersQuery {
    /// What is searched.
    #[serde(default)]
    q: String,
    /// The user after whom the page starts; `None` is the first page.
    after: Option<UserId>,
}

/// The fields of the form for a role.
#[derive(Deserialize)]
pub struct RoleForm {
    role: Role,
}

/// `GET /admin/users`: shows a page of the users that a search finds, and the form to add one.
pub async fn show_users(
    Administrator(Member { visitor, me }): Administrator,
    Parameters(UsersQuery { q, after }): Parameters<UsersQuery>,
) -> Result<HttpResponse, Problem> {
    let draft = visitor.flash.draft_of(CookieName::UserDraft, me.user);
    let search = Search::new(&q);
    render_page(&visitor, "page-users", Shown::Users(after, search), async {
        let users = render_users(&visitor.state, visitor.locale, &search, after, me.user).await?;
        Ok(html! {
            (views::admin::user::add_form(visitor.locale, me.user, &draft))
            (views::admin::user::search_form(visitor.locale, &search))
            (users)
        })
    })
    .await
}

/// Renders a page of the users that a search finds, oldest first, for the administrator `me`.
pub async fn render_users(
    state: &AppState,
    locale: Locale,
    search: &Search,
    after: Option<UserId>,
    me: UserId,
) -> Result<Markup, Problem> {
    let page = PageUsers { search: search.text().to_owned(), after, limit: LISTED };
    let page = state.shop.users.ask(page).await?;
    Ok(views::admin::user::table(locale, &page, search, me))
}

/// `GET /admin/users/{id}`: shows a user.
pub async fn show_user(
    Administrator(Member { visitor, me }): Administrator,
    id: Path<UserId>,
) -> Result<HttpResponse, Problem> {
    user_page(&visitor, *id, me.user, None).await
}

/// Renders the page of a user for the administrator `me`, perhaps with a new link.
async fn user_page(
    visitor: &Visitor,
    id: UserId,
    me: UserId,
    link: Option<&str>,
) -> Result<HttpResponse, Problem> {
    let report = visitor.state.shop.users.ask(ReportUser(id)).await?;
    let title = report.user.username.as_str();
    render_titled_page(visitor, title, Shown::User(id), async {
        let panel = render_report(&visitor.state, visitor.locale, &report, me).await?;
        let reset = (id != me).then(|| detail::reset_panel(visitor.locale, id, link));
        Ok(html! { (panel) @if let Some(reset) = reset { (reset) } })
    })
    .await
}

/// `POST /admin/users/{id}/reset-link`: makes a link by which a user sets a new password, and shows
/// it once.
pub async fn make_reset_link(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    id: Path<UserId>,
) -> Result<HttpResponse, Problem> {
    let made = make_link(&visitor.state, &request, &me, *id).await?;
    let link = Some(made.link.as_str());
    if is_htmx(&request) {
        let panel = [("user-reset", detail::reset_panel(visitor.locale, *id, link))];
        let text = visitor.locale.text("notice-reset-link");
        return Ok(respond(&visitor, &panel, Notice::Success, &text));
    }
    // A redirect would have to carry the link.
    user_page(&visitor.shown_at(&page_of(*id)), *id, me.user, link).await
}

/// Renders a user for the administrator `me`; one who was deleted has no figures.
pub async fn render_user(
    state: &AppState,
    locale: Locale,
    id: UserId,
    me: UserId,
) -> Result<Markup, Problem> {
    match state.shop.users.ask(ReportUser(id)).await {
        Ok(report) => render_report(state, locale, &report, me).await,
        Err(Failure::Refused(UserError::Unknown)) => Ok(detail::deleted(locale)),
        Err(failure) => Err(failure.into()),
    }
}

async fn render_report(
    state: &AppState,
    locale: Locale,
    report: &UserReport,
    me: UserId,
) -> Result<Markup, Problem> {
    let user = report.user.id;
    let orders = state
        .shop
        .orders
        .ask(ListOrders { user, status: None, after: None, limit: ORDERS })
        .await?;
    let sessions = state.shop.sessions.ask(ListSessions(user)).await?;
    let page = UserPage { report, orders: &orders, sessions: &sessions, me };
    Ok(detail::panel(locale, &page))
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

/// `POST /admin/users/{id}/role`: gives a user another role and ends the user's sessions.
pub async fn change_role(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    id: Path<UserId>,
    Form(RoleForm { role }): Form<RoleForm>,
) -> Result<HttpResponse, Problem> {
    let (role, by) = (Some(role), Some(me.author()));
    let change = ChangeUser { user: *id, role, email: None, password: None, by };
    visitor.state.shop.users.ask(change).await?;
    let changed = SecurityEvent::UserChanged { by: me.user, has_new_password: false };
    record(changed, &request, Some(*id));
    render_changed(&visitor, &request, *id, me.user, "notice-user-role").await
}

/// `POST /admin/users/{id}/sign-out`: ends every session of a user.
pub async fn sign_user_out(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    id: Path<UserId>,
) -> Result<HttpResponse, Problem> {
    visitor.state.shop.users.ask(SignOutUser { user: *id, by: me.author() }).await?;
    record(SecurityEvent::UserSignedOut { by: me.user }, &request, Some(*id));
    render_changed(&visitor, &request, *id, me.user, "notice-user-signed-out").await
}

/// `POST /admin/users/delete/{id}`: deletes a user and ends the user's sessions; shows the page of
/// the list again.
pub async fn delete_user(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    id: Path<UserId>,
    Parameters(UsersQuery { q, after }): Parameters<UsersQuery>,
) -> Result<HttpResponse, Problem> {
    visitor.state.shop.users.ask(DeleteUser { user: *id, by: Some(me.author()) }).await?;
    record(SecurityEvent::UserDeleted { by: me.user }, &request, Some(*id));
    if open_page(&request) == page_of(*id) {
        return Ok(redirect(&visitor, &request, PAGE, "notice-user-deleted"));
    }
    let search = Search::new(&q);
    let users = render_users(&visitor.state, visitor.locale, &search, after, me.user).await?;
    let page = views::link::users_after(search.text(), after);
    Ok(render_fragments(&visitor, &request, &[("users", users)], "notice-user-deleted", &page))
}

/// `GET /admin/users/{id}/export`: saves what is kept of a user as a file.
pub async fn export_user(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    id: Path<UserId>,
) -> Result<HttpResponse, Problem> {
    let exported = export(&visitor.state, *id).await?;
    record(SecurityEvent::UserExported { by: me.user }, &request, Some(*id));
    Ok(exported.respond_to(&request))
}

/// Answers a command with the user that it has changed.
async fn render_changed(
    visitor: &Visitor,
    request: &HttpRequest,
    id: UserId,
    me: UserId,
    notice: &str,
) -> Result<HttpResponse, Problem> {
    let panel = render_user(&visitor.state, visitor.locale, id, me).await?;
    Ok(render_fragments(visitor, request, &[("user-desk", panel)], notice, &page_of(id)))
}

/// Returns the path of the page of a user.
fn page_of(id: UserId) -> String {
    format!("{PAGE}/{id}")
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
