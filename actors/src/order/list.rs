//! The orders of a user: one of them, a list, a page of the list, and their number.

use domain::list::ListPage;
use domain::order::{Order, OrderError, OrderId};
use domain::user::UserId;

use super::buyer::counted;
use super::commands::OrderDeps;
use super::{ListOrders, PageOrders};
use crate::failure::Failure;
use crate::store::StoreError;
use crate::tables::page::Page;
use crate::tables::user_order_key;

type Result<T> = std::result::Result<T, Failure<OrderError>>;

impl OrderDeps {
    /// Returns an order of a user; another user's order is unknown.
    pub(super) async fn get(self, user: UserId, id: OrderId) -> Result<Order> {
        let row = self.shared.tables.orders.get(id).await?;
        let order = row.map(|row| row.value).filter(|order| order.user == user);
        order.ok_or_else(|| OrderError::Unknown.into())
    }

    /// Returns the orders of a user, newest first.
    pub(super) async fn list(self, list: ListOrders) -> Result<Vec<Order>> {
        let ListOrders { user, after, limit } = list;
        let after = after.map(|order| user_order_key(user, order));
        let user_orders = &self.shared.tables.user_orders;
        let listed = user_orders.list(format!("{user}/"), after.as_deref(), limit).await?;
        let ids: Vec<_> = listed.into_iter().map(|(_, row)| row.value).collect();
        Ok(self.orders(&ids).await?)
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
            total: self.count(user).await?,
            previous,
            next: ids.last().copied().filter(|_| has_more),
        })
    }

    /// Returns the number of orders of a user.
    pub(super) async fn count(&self, user: UserId) -> Result<u64> {
        let tables = &self.shared.tables;
        let row = tables.buyers.get(user).await?;
        let (orders, _) = counted(tables, self.shared.batch(), user, row).await?;
        Ok(orders)
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
