//! Finds what an administrator looks for: orders, articles and users.

use actors::order::PageAllOrders;
use actors::user::PageUsers;
use domain::article::Article;
use domain::order::Order;
use domain::search::Search;
use domain::user::User;
use views::admin::search::Found;

use crate::error::Problem;
use crate::state::AppState;

/// The most results of each kind.
const MOST: usize = 5;

/// Returns the first orders, articles and users that a search finds; an empty search finds none.
pub async fn find(state: &AppState, search: &Search) -> Result<Found, Problem> {
    if search.is_empty() {
        return Ok(Found::default());
    }
    let (orders, users) = tokio::try_join!(orders(state, search), users(state, search))?;
    Ok(Found { orders, articles: articles(state, search), users })
}

/// Finds the newest orders by number, name or e-mail address.
async fn orders(state: &AppState, search: &Search) -> Result<Vec<Order>, Problem> {
    let search = search.text().to_owned();
    let page = PageAllOrders { stage: None, search, after: None, limit: MOST };
    Ok(state.shop.orders.ask(page).await?.entries)
}

fn articles(state: &AppState, search: &Search) -> Vec<Article> {
    let articles = state.shop.snapshot.articles();
    articles.values().filter(|article| article.is_found_by(search)).take(MOST).cloned().collect()
}

/// Finds users by name or e-mail address.
async fn users(state: &AppState, search: &Search) -> Result<Vec<User>, Problem> {
    let search = search.text().to_owned();
    let page = state.shop.users.ask(PageUsers { search, after: None, limit: MOST }).await?;
    Ok(page.entries.into_iter().map(|report| report.user).collect())
}
