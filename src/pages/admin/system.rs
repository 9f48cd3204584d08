//! The page of this node: its actors, sockets, store and process.

use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use domain::shown::Shown;
use maud::Markup;
use views::admin::system::panel;
use views::locale::Locale;

use crate::auth::audit::{kill, require_chaos};
use crate::auth::browser::{Administrator, Member};
use crate::error::Problem;
use crate::pages::{render_fragments, render_page};
use crate::state::AppState;
use crate::system::observe;

/// The path of the page.
const PAGE: &str = "/admin/system";

/// `GET /admin/system`: shows the page.
pub async fn show_system(
    Administrator(Member { visitor, .. }): Administrator,
) -> Result<HttpResponse, Problem> {
    render_page(&visitor, "page-system", Shown::System, async {
        Ok(render_system(&visitor.state, visitor.locale).await)
    })
    .await
}

/// `POST /admin/system/kill/{name}`: makes an actor panic; it is restarted.
pub async fn kill_actor(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    name: Path<String>,
) -> Result<HttpResponse, Problem> {
    kill(&visitor.state, &name, me.user, &request)?;
    let system = render_system(&visitor.state, visitor.locale).await;
    Ok(render_fragments(&visitor, &request, &[("system", system)], "notice-actor-killed", PAGE))
}

/// `POST /admin/system/cut`: disconnects the sockets of the administrator's session.
pub async fn cut_sockets(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    require_chaos(&visitor.state)?;
    visitor.state.live.sockets.cut_session(me.session);
    Ok(render_fragments(&visitor, &request, &[], "notice-sockets-cut", PAGE))
}

/// Renders everything on the page that changes.
pub async fn render_system(state: &AppState, locale: Locale) -> Markup {
    panel(locale, &observe(state).await, state.chaos)
}
