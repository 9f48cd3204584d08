//! `microshop check`: whether what the store holds makes sense.

use std::collections::BTreeMap;

use actors::store::StoreError;
use actors::tables::Tables;
use domain::article::ArticleId;
use domain::order::OrderStatus;

/// Recomputes reservations and totals from the orders, and names every difference.
pub async fn check(tables: &Tables) -> Result<Vec<String>, StoreError> {
    let mut wrong = Vec::new();
    let mut reserved: BTreeMap<ArticleId, u32> = BTreeMap::new();
    for (_, row) in tables.orders.all().await? {
        let order = row.value;
        let total: u64 = order.items.iter().map(|item| item.line_total.0).sum();
        if total != order.total.0 {
            wrong.push(format!("order {}: its items cost {total}, its total is {}", order.id, order.total.0));
        }
        for item in order.items.iter().filter(|_| order.status == OrderStatus::PendingPayment) {
            *reserved.entry(item.article).or_default() += item.quantity.get();
        }
    }
    for (_, row) in tables.articles.all().await? {
        let article = row.value;
        let by_orders = reserved.get(&article.id).copied().unwrap_or_default();
        if article.reserved != by_orders || article.reserved > article.on_hand {
            wrong.push(format!(
                "article {}: {} reserved of {}, by orders {by_orders}",
                article.id, article.reserved, article.on_hand
            ));
        }
    }
    Ok(wrong)
}
