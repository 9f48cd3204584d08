//! Orders of deleted users: each loses its contact data once its goods are delivered or it can no
//! longer be delivered.
//!
//! All orders of a deleted user are read once. Those that still need their contact data are then
//! listed, and only these are read again, every minute.

use domain::event::Event;
use domain::order::{Order, OrderId};
use domain::user::UserId;

use super::commands::OrderDeps;
use crate::failpoint::Durable;
use crate::store::StoreError;
use crate::tables::batch::WriteBatch;
use crate::tables::table::Row;

impl OrderDeps {
    /// Anonymizes what can be anonymized of every deleted user's orders.
    pub(super) async fn anonymize_deleted_users(self) -> Result<(), StoreError> {
        let tables = &self.shared.tables;
        for (_, user) in tables.deleted_users.all().await? {
            log_failure(user.value, self.anonymize(&user).await);
        }
        for (_, listed) in tables.contact_orders.all().await? {
            log_failure(listed.value, self.anonymize_listed(&listed).await);
        }
        Ok(())
    }

    /// Reads all orders of a user once: anonymizes those that can be, and lists the others.
    async fn anonymize(
        &self,
        Row { version, value: user }: &Row<UserId>,
    ) -> Result<(), StoreError> {
        let tables = &self.shared.tables;
        let listed = tables.user_orders.all_of(format!("{user}/")).await?;
        let ids: Vec<_> = listed.into_iter().map(|(_, row)| row.value).collect();
        let orders = tables.orders.get_many(&ids).await?;
        let mut batch = self.shared.batch();
        for row in orders.into_iter().flatten() {
            let id = row.value.id;
            if row.value.needs_contact() {
                batch.put(&tables.contact_orders, id, None, &id)?;
            } else if row.value.contact.is_some() {
                self.put_anonymous(&row, self.shared.batch()).await?;
            }
        }
        batch.remove(&tables.deleted_users, user, *version);
        tables.commit(batch).await?;
        Ok(())
    }

    /// Anonymizes a listed order if it no longer needs its contact data.
    async fn anonymize_listed(
        &self,
        Row { version, value: id }: &Row<OrderId>,
    ) -> Result<(), StoreError> {
        let tables = &self.shared.tables;
        let Some(row) = tables.orders.get(id).await? else { return Ok(()) };
        if row.value.needs_contact() {
            return Ok(());
        }
        let mut batch = self.shared.batch();
        batch.remove(&tables.contact_orders, id, *version);
        self.put_anonymous(&row, batch).await
    }

    /// Puts an order without its contact data, in one commit with other writes.
    async fn put_anonymous(
        &self,
        row: &Row<Order>,
        mut batch: WriteBatch,
    ) -> Result<(), StoreError> {
        let order = row.value.anonymous();
        let tables = &self.shared.tables;
        self.remove_words(&row.value, &order, &mut batch).await?;
        batch.put(&tables.orders, order.id, Some(row.version), &order)?;
        batch.publish(&Event::OrderChanged(order))?;
        tables.commit_step(Durable::Anonymize, batch).await?;
        Ok(())
    }
}

/// Logs why the orders of a user, or one order, could not be anonymized. After a conflict another
/// node does it, or the next round does.
fn log_failure(of: impl std::fmt::Display, result: Result<(), StoreError>) {
    match result {
        Ok(()) | Err(StoreError::Conflict) => {}
        Err(error) => tracing::warn!(%of, %error, "could not anonymize orders"),
    }
}
