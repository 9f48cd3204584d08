//! The orders of a user: one of them, a list, a page of the list, and their number.

use domain::list::ListPage;
use domain::order::{Order, OrderError, OrderId, OrderStatus};
use domain::user::UserId;

use super::buyer::counted;
use super::commands::OrderDeps;
use super::index::{status_key, status_prefix};
use super::{ListOrders, PageOrders};
use crate::failure::Failure;
use crate::store::StoreError;
use crate::tables::page::Page;
use crate::tables::{Tables, user_order_key};

type Result<T> = std::result::Result<T, Failure<OrderError>>;

impl OrderDeps {
    /// Returns an order of a user; another user's order is unknown.
    pub(super) async fn get(self, user: UserId, id: OrderId) -> Result<Order> {
        let row = self.shared.tables.orders.get(id).await?;
        let order = row.map(|row| row.value).filter(|order| order.user == user);
        order.ok_or_else(|| OrderError::Unknown.into())
    }

    /// Returns the orders of a user, or those with a status, newest first.
    pub(super) async fn list(self, list: ListOrders) -> Result<Vec<Order>> {
        let ListOrders { user, status, after, limit } = list;
        let Tables { user_orders, status_orders, .. } = &self.shared.tables;
        let Some(status) = status else {
            let after = after.map(|order| user_order_key(user, order));
            let listed = user_orders.list(format!("{user}/"), after.as_deref(), limit).await?;
            let ids: Vec<_> = listed.into_iter().map(|(_, row)| row.value).collect();
            return Ok(self.orders(&ids).await?);
        };
        let prefix = status_prefix(user, status);
        let mut after = after.map(|order| status_key(user, status, order));
        let mut orders = Vec::new();
        loop {
            let missing = limit - orders.len();
            let listed = status_orders.list(&prefix, after.as_deref(), missing).await?;
            let is_last = listed.len() < missing;
            after = listed.last().map(|(key, _)| key.clone());
            let ids: Vec<_> = listed.into_iter().map(|(_, row)| row.value).collect();
            // An order may have changed since it was listed.
            let found = self.orders(&ids).await?.into_iter();
            orders.extend(found.filter(|order| order.status == status));
            if is_last || orders.len() == limit {
                return Ok(orders);
            }
        }
    }

    /// Returns a page of the orders of a user, newest first.
    pub(super) async fn page(self, page: PageOrders) -> Result<ListPage<Order, OrderId>> {
        let PageOrders { user, after, limit } = page;
        let key = after.map(|order| user_order_key(user, order));
        let user_orders = &self.shared.tables.user_orders;
        let page = user_orders.page(&format!("{user}/"), key.as_deref(), limit).await?;
        let Page { values: ids, before, previous, has_more } = page;
        Ok(ListPage {
            entries: self.orders(&ids).await?,
            after,
            before,
            total: self.count(user, None).await?,
            previous,
            next: ids.last().copied().filter(|_| has_more),
        })
    }

    /// Returns the number of orders of a user, or of those with a status.
    pub(super) async fn count(&self, user: UserId, status: Option<OrderStatus>) -> Result<u64> {
        let tables = &self.shared.tables;
        let row = tables.buyers.get(user).await?;
        Ok(counted(tables, self.shared.batch(), user, row).await?.by_status.of(status))
    }

    /// Returns orders in the sequence of their ids.
    pub(super) async fn orders(
        &self,
        ids: &[OrderId],
    ) -> std::result::Result<Vec<Order>, StoreError> {
        let rows = self.shared.tables.orders.get_many(ids).await?;
        Ok(rows.into_iter().flatten().map(|row| row.value).collect())
    }
}
