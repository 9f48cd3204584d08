//! The search of the desk, for administrators.

use actix_web::web::Data;
use domain::search::Search;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::order::{AdminOrderJson, admin_order_json};
use crate::answer::{Answered, Example, Success, success};
use crate::auth::bearer::Admin;
use crate::objects::article::{ArticleJson, admin_json};
use crate::objects::user::{UserJson, user_json};
use crate::query::Parameters;
use crate::search::find;
use crate::state::AppState;

/// What is searched.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchQuery {
    q: String,
}

/// The first of what a search finds.
#[derive(Serialize, JsonSchema)]
pub struct Found {
    orders: Vec<AdminOrderJson>,
    articles: Vec<ArticleJson>,
    users: Vec<UserJson>,
}

impl Example for Found {
    fn example() -> Value {
        json!({ "orders": [], "articles": [], "users": [UserJson::example()] })
    }
}

/// `GET /api/admin/search`: returns the first orders, articles and users that a search finds.
pub async fn search(
    _: Admin,
    state: Data<AppState>,
    Parameters(SearchQuery { q }): Parameters<SearchQuery>,
) -> Answered<Success<Found>> {
    let found = find(&state, &Search::new(&q)).await?;
    Ok(success(Found {
        orders: found.orders.iter().map(admin_order_json).collect(),
        articles: found.articles.iter().map(admin_json).collect(),
        users: found.users.iter().map(user_json).collect(),
    }))
}
