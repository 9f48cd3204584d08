//! The check of the stock.

use std::collections::BTreeMap;

use actors::store::StoreError;
use actors::tables::Tables;
use domain::article::ArticleId;
use domain::order::{Order, OrderStatus};

use super::{Line, Report};

/// The units that unpaid orders need, by article.
#[derive(Default)]
pub(super) struct Needed(BTreeMap<ArticleId, u32>);

impl Needed {
    /// Adds the units of an order, unless it is paid or has ended.
    pub(super) fn add(&mut self, order: &Order) {
        if order.status == OrderStatus::PendingPayment {
            for item in &order.items {
                *self.0.entry(item.article).or_default() += item.quantity.get();
            }
        }
    }

    /// Checks for each article that exactly these units are reserved, and that no more are
    /// reserved than on hand.
    pub(super) async fn compare(
        &self,
        tables: &Tables,
        report: Report<'_>,
    ) -> Result<(), StoreError> {
        for article in tables.articles.all().await?.into_iter().map(|(_, row)| row.value) {
            let needed = self.0.get(&article.id).copied().unwrap_or_default();
            if article.reserved != needed || article.reserved > article.on_hand {
                report(Line::Difference(format!(
                    "article {}: {} of {} units are reserved, but unpaid orders need {needed}",
                    article.id, article.reserved, article.on_hand
                )));
            }
        }
        Ok(())
    }
}
