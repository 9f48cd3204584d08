//! Checks of the lists that refer to orders.

use std::collections::BTreeSet;

use actors::store::StoreError;
use actors::tables::{Tables, user_order_key};
use domain::order::Order;

/// Checks that the lists of orders by user and of orders awaiting payment hold exactly the orders
/// that belong there.
pub(super) async fn orders(tables: &Tables, orders: &[Order]) -> Result<Vec<String>, StoreError> {
    let by_user = orders.iter().map(|order| user_order_key(order.user, order.id)).collect();
    let awaiting = orders.iter().filter(|order| order.is_unsettled());
    let awaiting = awaiting.map(|order| order.id.to_string()).collect();
    let listed_by_user = keys(tables.user_orders.all().await?);
    let listed_awaiting = keys(tables.pending_orders.all().await?);
    Ok([
        differences("the orders by user", &listed_by_user, &by_user),
        differences("the orders awaiting payment", &listed_awaiting, &awaiting),
    ]
    .concat())
}

/// Checks that every idempotency key belongs to an order that exists.
pub(super) async fn idempotency_keys(
    tables: &Tables,
    orders: &[Order],
) -> Result<Vec<String>, StoreError> {
    let known: BTreeSet<_> = orders.iter().map(|order| order.id).collect();
    let used_keys = tables.used_keys.all().await?.into_iter();
    let orphans = used_keys.filter(|(_, used)| !known.contains(&used.value.order));
    Ok(orphans
        .map(|(key, used)| {
            format!("idempotency key {key}: its order {} does not exist", used.value.order)
        })
        .collect())
}

fn keys<T>(rows: Vec<(String, T)>) -> BTreeSet<String> {
    rows.into_iter().map(|(key, _)| key).collect()
}

/// Compares the keys of a list with the expected ones.
fn differences(list: &str, listed: &BTreeSet<String>, expected: &BTreeSet<String>) -> Vec<String> {
    let missing = expected.difference(listed).map(|key| format!("{key} is missing from {list}"));
    let extra = listed.difference(expected).map(|key| format!("{key} must not be in {list}"));
    missing.chain(extra).collect()
}
