//! The number of users, which the commit that adds or deletes a user changes.

use crate::store::{StoreError, Version};
use crate::tables::Tables;
use crate::tables::batch::WriteBatch;

/// The key of the number.
const ALL: &str = "all";

type Result<T> = std::result::Result<T, StoreError>;

/// A change of the number of users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// A user is added.
    Added,
    /// A user is deleted.
    Deleted,
}

/// Returns the number of users.
pub(super) async fn count(tables: &Tables, batch: WriteBatch) -> Result<u64> {
    let (users, version) = stored_or_counted(tables).await?;
    if version.is_none() {
        let mut batch = batch;
        batch.put(&tables.user_count, ALL, None, &users)?;
        tables.commit(batch).await?;
    }
    Ok(users)
}

/// Changes the number of users in the commit that adds or deletes one.
pub(super) async fn put_count(
    tables: &Tables,
    batch: &mut WriteBatch,
    change: Change,
) -> Result<()> {
    let (users, version) = stored_or_counted(tables).await?;
    let users = match change {
        Change::Added => users.saturating_add(1),
        Change::Deleted => users.saturating_sub(1),
    };
    batch.put(&tables.user_count, ALL, version, &users)
}

/// Returns the number with the version of its row.
///
/// An earlier version has not stored it: then the users are counted once, by the first node that
/// needs the number. Every other commit that writes it is then a conflict.
async fn stored_or_counted(tables: &Tables) -> Result<(u64, Option<Version>)> {
    Ok(match tables.user_count.get(ALL).await? {
        Some(row) => (row.value, Some(row.version)),
        None => (tables.accounts.count("").await?, None),
    })
}
