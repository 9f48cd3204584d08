//! The check of the stock.

use std::collections::BTreeMap;

use actors::store::StoreError;
use actors::tables::Tables;
use domain::article::ArticleId;
use domain::order::{Order, OrderStatus};

/// Checks for each article that exactly the units of unpaid orders are reserved, and that no more
/// are reserved than on hand.
pub(super) async fn reservations(
    tables: &Tables,
    orders: &[Order],
) -> Result<Vec<String>, StoreError> {
    let mut needed: BTreeMap<ArticleId, u32> = BTreeMap::new();
    let unpaid = orders.iter().filter(|order| order.status == OrderStatus::PendingPayment);
    for item in unpaid.flat_map(|order| &order.items) {
        *needed.entry(item.article).or_default() += item.quantity.get();
    }
    let articles = tables.articles.all().await?.into_iter().map(|(_, row)| row.value);
    let findings = articles.filter_map(|article| {
        let needed = needed.get(&article.id).copied().unwrap_or_default();
        let is_wrong = article.reserved != needed || article.reserved > article.on_hand;
        is_wrong.then(|| {
            format!(
                "article {}: {} of {} units are reserved, but unpaid orders need {needed}",
                article.id, article.reserved, article.on_hand
            )
        })
    });
    Ok(findings.collect())
}
