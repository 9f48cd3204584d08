//! Checks of the stored numbers: of all users, and of the orders of each user.

use actors::store::StoreError;
use actors::tables::Tables;

use super::scan::Scan;
use super::{Line, Report};

/// Checks the number of users. An earlier version has not stored it.
pub(super) async fn users(tables: &Tables, report: Report<'_>) -> Result<(), StoreError> {
    let Some(row) = tables.user_count.get("all").await? else { return Ok(()) };
    compare("users", row.value, tables.accounts.count("").await?, report);
    Ok(())
}

/// Checks the number of orders of each user for whom it is stored. Users and the orders by user
/// have the same order, so both are read side by side.
pub(super) async fn orders(tables: &Tables, report: Report<'_>) -> Result<(), StoreError> {
    let mut buyers = Scan::new(&tables.buyers);
    let mut listed = Scan::new(&tables.user_orders);
    while let Some((user, buyer)) = buyers.next_if(|_| true).await? {
        let own = format!("{user}/");
        let is_read = |key: &str| key < own.as_str() || key.starts_with(&own);
        let mut orders = 0;
        while let Some((key, _)) = listed.next_if(is_read).await? {
            orders += u64::from(key.starts_with(&own));
        }
        if let Some(counted) = buyer.orders {
            compare(&format!("orders of user {user}"), counted, orders, report);
        }
    }
    Ok(())
}

fn compare(what: &str, counted: u64, stored: u64, report: Report<'_>) {
    if counted != stored {
        report(Line::Difference(format!("the number of {what} is {counted}, but {stored} exist")));
    }
}
