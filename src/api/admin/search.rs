//! The search of the desk, for administrators.

use actix_web::HttpResponse;
use actix_web::web::Data;
use domain::search::Search;
use serde::Deserialize;
use serde_json::json;

use super::order::{AdminOrderJson, admin_order_json};
use crate::auth::bearer::Admin;
use crate::error::Problem;
use crate::objects::article::{ArticleJson, admin_json};
use crate::objects::user::{UserJson, user_json};
use crate::query::Parameters;
use crate::search::find;
use crate::state::AppState;

/// What is searched.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchQuery {
    q: String,
}

/// `GET /api/admin/search`: returns the first orders, articles and users that a search finds.
pub async fn search(
    _: Admin,
    state: Data<AppState>,
    Parameters(SearchQuery { q }): Parameters<SearchQuery>,
) -> Result<HttpResponse, Problem> {
    let found = find(&state, &Search::new(&q)).await?;
    let orders: Vec<AdminOrderJson> = found.orders.iter().map(admin_order_json).collect();
    let articles: Vec<ArticleJson> = found.articles.iter().map(admin_json).collect();
    let users: Vec<UserJson> = found.users.iter().map(user_json).collect();
    Ok(HttpResponse::Ok().json(json!({
        "success": true,
        "orders": orders,
        "articles": articles,
        "users": users,
    })))
}
