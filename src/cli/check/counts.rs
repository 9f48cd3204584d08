//! Checks of the stored numbers: of all users, and the numbers and sum of the orders of each user.

use actors::store::StoreError;
use actors::tables::Tables;
use domain::money::Cents;
use domain::order::OrderId;
use domain::statistics::standing::ByStatus;

use super::scan::{PAGE, Scan};
use super::{Line, Report};

/// Checks the number of users. An earlier version has not stored it.
pub(super) async fn users(tables: &Tables, report: Report<'_>) -> Result<(), StoreError> {
    let Some(row) = tables.user_count.get("all").await? else { return Ok(()) };
    compare("users", row.value, tables.accounts.count("").await?, report);
    Ok(())
}

/// Checks the numbers and the sum of the orders of each user for whom they are stored. Users and
/// the orders by user have the same order, so both are read side by side.
pub(super) async fn orders(tables: &Tables, report: Report<'_>) -> Result<(), StoreError> {
    let mut buyers = Scan::new(&tables.buyers);
    let mut listed = Scan::new(&tables.user_orders);
    while let Some((user, buyer)) = buyers.next_if(|_| true).await? {
        let own = format!("{user}/");
        let is_read = |key: &str| key < own.as_str() || key.starts_with(&own);
        let mut ids = Vec::new();
        while let Some((key, id)) = listed.next_if(is_read).await? {
            ids.extend(key.starts_with(&own).then_some(id));
        }
        if let Some(counted) = buyer.orders {
            compare(&format!("orders of user {user}"), counted, ids.len() as u64, report);
        }
        let (spent, by_status) = figures(tables, &ids).await?;
        if let Some(Cents(counted)) = buyer.spent
            && counted != spent
        {
            let difference =
                format!("user {user} has paid {spent} cents, but {counted} are counted");
            report(Line::Difference(difference));
        }
        if let Some(counted) = buyer.by_status
            && counted != by_status
        {
            let difference =
                format!("the orders of user {user} are {by_status:?}, but counted as {counted:?}");
            report(Line::Difference(difference));
        }
    }
    Ok(())
}

/// Returns what the orders have earned that exist, and their number by status.
async fn figures(tables: &Tables, ids: &[OrderId]) -> Result<(u64, ByStatus), StoreError> {
    let mut spent: u64 = 0;
    let mut by_status = ByStatus::default();
    for ids in ids.chunks(PAGE) {
        for order in tables.orders.get_many(ids).await?.into_iter().flatten() {
            spent = spent.saturating_add(order.value.revenue().0);
            by_status = by_status.after(None, order.value.status);
        }
    }
    Ok((spent, by_status))
}

fn compare(what: &str, counted: u64, stored: u64, report: Report<'_>) {
    if counted != stored {
        report(Line::Difference(format!("the number of {what} is {counted}, but {stored} exist")));
    }
}
