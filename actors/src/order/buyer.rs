//! The number and the sum of the orders of a user, which the commit that changes an order changes.

use domain::money::Cents;
use domain::order::Order;
use domain::user::UserId;

use crate::store::StoreError;
use crate::tables::batch::WriteBatch;
use crate::tables::table::{Row, version};
use crate::tables::{Buyer, Tables};

/// How many orders of a user are read at once to count them.
const PAGE: usize = 100;

impl Buyer {
    /// Returns what is stored after an order was placed or has changed.
    pub(super) fn after(self, before: Option<&Order>, order: &Order) -> Self {
        let earned = before.map_or(Cents::ZERO, Order::revenue);
        let sum = |spent: Cents| {
            Cents(spent.0.saturating_sub(earned.0).saturating_add(order.revenue().0))
        };
        let placed = u64::from(before.is_none());
        let mut unpaid = self.unpaid;
        unpaid.retain(|unpaid| *unpaid != order.id);
        unpaid.extend(order.is_unpaid().then_some(order.id));
        Self {
            unpaid,
            orders: self.orders.map(|orders| orders.saturating_add(placed)),
            spent: self.spent.map(sum),
            ..self
        }
    }
}

/// Returns whether a change of an order changes what is stored of its user.
pub(super) fn changes_buyer(before: Option<&Order>, order: &Order) -> bool {
    before.is_none_or(|before| {
        before.is_unpaid() != order.is_unpaid() || before.revenue() != order.revenue()
    })
}

/// Returns the number and the sum of the orders of a user, given what is stored.
///
/// An earlier version has not stored them: then the orders are counted once, and an order that
/// changes at the same time is a conflict.
pub(crate) async fn counted(
    tables: &Tables,
    mut batch: WriteBatch,
    user: UserId,
    row: Option<Row<Buyer>>,
) -> Result<(u64, Cents), StoreError> {
    let stored = row.as_ref().and_then(|row| row.value.orders.zip(row.value.spent));
    if let Some(counted) = stored {
        return Ok(counted);
    }
    let (orders, spent) = count(tables, user).await?;
    let read_at = version(&row);
    let buyer = row.map(|row| row.value).unwrap_or_default();
    let counted = Buyer { orders: Some(orders), spent: Some(spent), ..buyer };
    batch.put(&tables.buyers, user, read_at, &counted)?;
    tables.commit(batch).await?;
    Ok((orders, spent))
}

/// Counts the orders of a user, page by page.
async fn count(tables: &Tables, user: UserId) -> Result<(u64, Cents), StoreError> {
    let prefix = format!("{user}/");
    let mut after: Option<String> = None;
    let mut orders = 0;
    let mut spent = Cents::ZERO;
    loop {
        let listed = tables.user_orders.list(&prefix, after.as_deref(), PAGE).await?;
        let Some((last, _)) = listed.last() else { return Ok((orders, spent)) };
        after = Some(last.clone());
        orders += listed.len() as u64;
        let ids: Vec<_> = listed.into_iter().map(|(_, row)| row.value).collect();
        for order in tables.orders.get_many(&ids).await?.into_iter().flatten() {
            spent = Cents(spent.0.saturating_add(order.value.revenue().0));
        }
    }
}
