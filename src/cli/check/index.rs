//! Checks of the index of all orders: by stage, by user and status, and by word.

use actors::order::index::{staged_keys, status_keys, word_keys};
use actors::store::StoreError;
use actors::tables::Tables;
use actors::tables::table::Table;
use domain::order::{Order, OrderId};

use super::Report;
use super::lists::{orders, report_extra, report_missing};
use super::scan::Scan;

/// One part of the index.
struct Part {
    /// How findings name it.
    name: &'static str,
    table: Table<OrderId>,
    keys: fn(&Order) -> Vec<String>,
}

/// Returns the parts.
fn parts(tables: &Tables) -> [Part; 3] {
    let [staged, by_status, words] =
        [&tables.staged_orders, &tables.status_orders, &tables.order_words].map(Clone::clone);
    [
        Part { name: "the orders by stage", table: staged, keys: staged_keys },
        Part { name: "the orders by user and status", table: by_status, keys: status_keys },
        Part { name: "the orders by word", table: words, keys: word_keys },
    ]
}

/// Checks that orders are in the index.
pub(super) async fn listed(
    tables: &Tables,
    orders: &[Order],
    report: Report<'_>,
) -> Result<(), StoreError> {
    for Part { name, table, keys } in parts(tables) {
        let keys: Vec<_> = orders.iter().flat_map(keys).collect();
        let rows = table.get_many(&keys).await?;
        for (key, _) in keys.iter().zip(rows).filter(|(_, row)| row.is_none()) {
            report_missing(key, name, report);
        }
    }
    Ok(())
}

/// Checks that the index holds no other keys than those of the orders.
pub(super) async fn extra(tables: &Tables, report: Report<'_>) -> Result<(), StoreError> {
    for Part { name, table, keys } in parts(tables) {
        let mut listed = Scan::new(&table);
        while let Some(page) = listed.next_page().await? {
            let orders = orders(tables, page.iter().map(|(_, order)| *order)).await?;
            for (key, order) in page {
                if !orders.get(&order).is_some_and(|order| keys(order).contains(&key)) {
                    report_extra(&key, name, report);
                }
            }
        }
    }
    Ok(())
}
