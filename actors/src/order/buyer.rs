//! The numbers and the sum of the orders of a user, which the commit that changes an order changes.

use domain::money::Cents;
use domain::order::Order;
use domain::statistics::standing::ByStatus;
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
            by_status: self
                .by_status
                .map(|counts| counts.after(before.map(|before| before.status), order.status)),
            ..self
        }
    }
}

/// Returns whether a change of an order changes what is stored of its user.
pub(super) fn changes_buyer(before: Option<&Order>, order: &Order) -> bool {
    before.is_none_or(|before| {
        before.status != order.status
            || before.is_unpaid() != order.is_unpaid()
            || before.revenue() != order.revenue()
    })
}

/// What is counted of the orders of a user.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counted {
    /// The number of orders by status.
    pub(crate) by_status: ByStatus,
    /// What they have earned.
    pub(crate) spent: Cents,
}

/// Returns the numbers and the sum of the orders of a user, given what is stored.
///
/// An earlier version has not stored them: then the orders are counted once, and an order that
/// changes at the same time is a conflict.
pub(crate) async fn counted(
    tables: &Tables,
    mut batch: WriteBatch,
    user: UserId,
    row: Option<Row<Buyer>>,
) -> Result<Counted, StoreError> {
    let read_at = version(&row);
    let buyer = row.map(|row| row.value).unwrap_or_default();
    if let Buyer { orders: Some(_), spent: Some(spent), by_status: Some(by_status), .. } = buyer {
        return Ok(Counted { by_status, spent });
    }
    let counted = count(tables, user).await?;
    let Counted { by_status, spent } = counted;
    let buyer = Buyer {
        orders: Some(by_status.of(None)),
        spent: Some(spent),
        by_status: Some(by_status),
        ..buyer
    };
    batch.put(&tables.buyers, user, read_at, &buyer)?;
    tables.commit(batch).await?;
    Ok(counted)
}

/// Counts the orders of a user, page by page.
async fn count(tables: &Tables, user: UserId) -> Result<Counted, StoreError> {
    let prefix = format!("{user}/");
    let mut after: Option<String> = None;
    let mut counted = Counted::default();
    loop {
        let listed = tables.user_orders.list(&prefix, after.as_deref(), PAGE).await?;
        let Some((last, _)) = listed.last() else { return Ok(counted) };
        after = Some(last.clone());
        let ids: Vec<_> = listed.into_iter().map(|(_, row)| row.value).collect();
        for order in tables.orders.get_many(&ids).await?.into_iter().flatten() {
            let Cents(spent) = counted.spent;
            counted.spent = Cents(spent.saturating_add(order.value.revenue().0));
            counted.by_status = counted.by_status.after(None, order.value.status);
        }
    }
}
