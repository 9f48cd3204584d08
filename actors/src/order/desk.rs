//! All orders, as administrators see them: one of them, and pages of them by stage or by a search.

use std::cmp::Reverse;

use domain::list::ListPage;
use domain::order::{Order, OrderError, OrderId};
use domain::search::words;

use super::PageAllOrders;
use super::commands::OrderDeps;
use super::index::{stage_key, stage_prefix};
use crate::failure::Failure;
use crate::tables::page::Page;

type Result<T> = std::result::Result<T, Failure<OrderError>>;

impl OrderDeps {
    /// Returns an order of any user.
    pub(super) async fn get_any(self, id: OrderId) -> Result<Order> {
        let row = self.shared.tables.orders.get(id).await?;
        row.map(|row| row.value).ok_or_else(|| OrderError::Unknown.into())
    }

    /// Returns a page of all orders, of those in a stage, or of those that a search finds.
    pub(super) async fn page_all(self, page: PageAllOrders) -> Result<ListPage<Order, OrderId>> {
        let PageAllOrders { stage, search, after, limit } = page;
        let search = words(&search);
        if !search.is_empty() {
            let mut orders = self.find(&search).await?;
            orders.retain(|order| stage.is_none_or(|stage| order.stage() == stage));
            return Ok(page_of(&orders, after, limit));
        }
        let staged = &self.shared.tables.staged_orders;
        let prefix = stage_prefix(stage);
        let key = after.map(|order| stage_key(stage, order));
        let page = staged.page(&prefix, key.as_deref(), limit).await?;
        let Page { values: ids, before, previous, has_more } = page;
        // The orders are counted from the log, a moment after they have changed.
        let seen = before + ids.len() as u64;
        let counted = self.counts.get().totals.standing.stages.of(stage);
        let total = if has_more { counted.max(seen + 1) } else { seen };
        Ok(ListPage {
            entries: self.orders(&ids).await?,
            after,
            before,
            total,
            previous,
            next: ids.last().copied().filter(|_| has_more),
        })
    }
}

/// Returns a page of orders that are sorted, newest first.
fn page_of(orders: &[Order], after: Option<OrderId>, limit: usize) -> ListPage<Order, OrderId> {
    let page = ListPage::of(orders, |order| Reverse(order.id), after.map(Reverse), limit);
    let ListPage { entries, before, total, previous, next, .. } = page;
    let [previous, next] = [previous, next].map(|id| id.map(|Reverse(id)| id));
    ListPage { entries, after, before, total, previous, next }
}
