//! Checks of the lists that refer to orders.

use std::collections::HashMap;

use actors::store::StoreError;
use actors::tables::{Tables, user_order_key};
use domain::order::{Order, OrderId};

use super::scan::Scan;
use super::{Line, Report};

/// How findings name the list of orders by user.
const BY_USER: &str = "the orders by user";

/// How findings name the list of orders that wait for a payment or a refund.
const AWAITING: &str = "the orders awaiting payment";

/// The list of orders awaiting payment. It has the same order as the orders, so both are read side
/// by side.
pub(super) struct Awaiting(Scan<OrderId>);

impl Awaiting {
    /// Creates a comparison that begins with the first key of the list.
    pub(super) fn new(tables: &Tables) -> Self {
        Self(Scan::new(&tables.pending_orders))
    }

    /// Checks that the list holds an order if and only if it belongs there. Orders come in the
    /// order of their keys.
    pub(super) async fn compare(
        &mut self,
        order: &Order,
        report: Report<'_>,
    ) -> Result<(), StoreError> {
        let key = order.id.to_string();
        let mut is_listed = false;
        while let Some((listed, _)) = self.0.next_if(|listed| listed <= key.as_str()).await? {
            is_listed = listed == key;
            if !is_listed || !order.is_unsettled() {
                report_extra(&listed, AWAITING, report);
            }
        }
        if order.is_unsettled() && !is_listed {
            report_missing(&key, AWAITING, report);
        }
        Ok(())
    }

    /// Reports the keys after the last order.
    pub(super) async fn end(mut self, report: Report<'_>) -> Result<(), StoreError> {
        while let Some((listed, _)) = self.0.next_if(|_| true).await? {
            report_extra(&listed, AWAITING, report);
        }
        Ok(())
    }
}

/// Checks that orders are in the list of orders by user.
pub(super) async fn listed_by_user(
    tables: &Tables,
    orders: &[Order],
    report: Report<'_>,
) -> Result<(), StoreError> {
    let keys: Vec<_> = orders.iter().map(|order| user_order_key(order.user, order.id)).collect();
    let rows = tables.user_orders.get_many(&keys).await?;
    for (key, _) in keys.iter().zip(rows).filter(|(_, row)| row.is_none()) {
        report_missing(key, BY_USER, report);
    }
    Ok(())
}

/// Checks that the list of orders by user holds no other keys than those of the orders.
pub(super) async fn user_orders(tables: &Tables, report: Report<'_>) -> Result<(), StoreError> {
    let mut listed = Scan::new(&tables.user_orders);
    while let Some(page) = listed.next_page().await? {
        let orders = orders(tables, page.iter().map(|(_, order)| *order)).await?;
        for (key, order) in page {
            let expected = orders.get(&order).map(|order| user_order_key(order.user, order.id));
            if expected.as_ref() != Some(&key) {
                report_extra(&key, BY_USER, report);
            }
        }
    }
    Ok(())
}

/// Checks that the unpaid orders of each user are unpaid. An order that an earlier version has
/// placed may be missing from them.
pub(super) async fn buyers(tables: &Tables, report: Report<'_>) -> Result<(), StoreError> {
    let mut buyers = Scan::new(&tables.buyers);
    while let Some(page) = buyers.next_page().await? {
        let listed = page.iter().flat_map(|(_, buyer)| &buyer.unpaid).copied();
        let orders = orders(tables, listed).await?;
        for (user, buyer) in page {
            let is_right = |id: &OrderId| {
                let order = orders.get(id);
                order.is_some_and(|order| order.is_unpaid() && order.user.to_string() == user)
            };
            for id in buyer.unpaid.iter().filter(|id| !is_right(id)) {
                report_extra(&id.to_string(), &format!("the unpaid orders of user {user}"), report);
            }
        }
    }
    Ok(())
}

/// Checks that every idempotency key belongs to an order that exists.
pub(super) async fn idempotency_keys(
    tables: &Tables,
    report: Report<'_>,
) -> Result<(), StoreError> {
    let mut used_keys = Scan::new(&tables.used_keys);
    while let Some(page) = used_keys.next_page().await? {
        let orders = orders(tables, page.iter().map(|(_, used)| used.order)).await?;
        for (key, used) in page.into_iter().filter(|(_, used)| !orders.contains_key(&used.order)) {
            let order = used.order;
            report(Line::Difference(format!(
                "idempotency key {key}: its order {order} does not exist"
            )));
        }
    }
    Ok(())
}

/// Reads those orders that exist.
pub(super) async fn orders(
    tables: &Tables,
    ids: impl Iterator<Item = OrderId>,
) -> Result<HashMap<OrderId, Order>, StoreError> {
    let rows = tables.orders.get_many(&ids.collect::<Vec<_>>()).await?;
    Ok(rows.into_iter().flatten().map(|row| (row.value.id, row.value)).collect())
}

pub(super) fn report_missing(key: &str, list: &str, report: Report<'_>) {
    report(Line::Difference(format!("{key} is missing from {list}")));
}

pub(super) fn report_extra(key: &str, list: &str, report: Report<'_>) {
    report(Line::Difference(format!("{key} must not be in {list}")));
}
