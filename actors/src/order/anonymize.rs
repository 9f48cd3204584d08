//! Orders of deleted users: each loses its contact data once its goods are delivered or it can no
//! longer be delivered.

use domain::order::OrderError;
use domain::user::UserId;

use super::commands::OrderDeps;
use crate::failpoint::Durable;
use crate::failure::Failure;
use crate::store::StoreError;
use crate::tables::table::Row;

impl OrderDeps {
    /// Anonymizes what can be anonymized of every deleted user's orders.
    pub(super) async fn anonymize_deleted_users(self) -> Result<(), StoreError> {
        for (_, user) in self.shared.tables.deleted_users.all().await? {
            match self.anonymize(&user).await {
                // Another node does the same, or the next round does.
                Ok(()) | Err(Failure::Conflict) => {}
                Err(error) => {
                    tracing::warn!(user = %user.value, %error, "could not anonymize orders");
                }
            }
        }
        Ok(())
    }

    async fn anonymize(
        &self,
        Row { version, value: user }: &Row<UserId>,
    ) -> Result<(), Failure<OrderError>> {
        let tables = &self.shared.tables;
        let mut all_anonymous = true;
        for (_, listed) in tables.user_orders.all_of(format!("{user}/")).await? {
            let row = self.row(listed.value).await?;
            if row.value.needs_contact() {
                all_anonymous = false;
            } else if row.value.contact.is_some() {
                let mut write = self.write();
                write.put_order(Some(row.version), &row.value.anonymous()).await?;
                write.commit(Durable::Anonymize).await?;
            }
        }
        if all_anonymous {
            let mut batch = self.shared.batch();
            batch.remove(&tables.deleted_users, user, *version);
            tables.commit(batch).await?;
        }
        Ok(())
    }
}
