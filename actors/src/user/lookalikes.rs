//! The index of the looks of user names: no new name looks like that of another user.

use std::collections::{BTreeMap, BTreeSet};

use domain::text::lookalike::LOOKS_VERSION;
use domain::user::{User, UserId, Username};

use crate::clock::Clock;
use crate::store::{StoreError, Version};
use crate::tables::batch::WriteBatch;
use crate::tables::index::Index;
use crate::tables::table::{Row, version};
use crate::tables::{Account, Tables};

type Result<T> = std::result::Result<T, StoreError>;

/// The rows of the looks of one name; `None` for a look that no name has.
pub(super) type LookRows = Vec<(String, Option<Row<Vec<UserId>>>)>;

/// Adds the names of a store whose index is missing or of another version.
pub async fn index_names(tables: &Tables, clock: &Clock) -> Result<()> {
    let index = Index { stored: &tables.lookalike_version, needed: LOOKS_VERSION };
    let add = async |page| index_page(tables, clock, page).await;
    index.build(tables, clock, &tables.accounts, add).await
}

async fn index_page(
    tables: &Tables,
    clock: &Clock,
    page: Vec<(String, Row<Account>)>,
) -> Result<()> {
    let mut users: BTreeMap<String, BTreeSet<UserId>> = BTreeMap::new();
    let mut required: BTreeMap<UserId, Option<Version>> = BTreeMap::new();
    for (_, Row { version, value: Account { user, .. } }) in page {
        required.insert(user.id, Some(version));
        for look in user.username.looks() {
            users.entry(look).or_default().insert(user.id);
        }
    }
    let looks: Vec<_> = users.keys().cloned().collect();
    let rows = tables.lookalikes.get_many(&looks).await?;
    let mut batch = tables.batch(clock.now());
    for ((look, mut ids), row) in users.into_iter().zip(rows) {
        let listed = row.as_ref().map(|row| row.value.clone()).unwrap_or_default();
        // A listed user who is deleted in the meantime makes the commit fail.
        for (id, account) in listed.iter().zip(tables.accounts.get_many(&listed).await?) {
            required.insert(*id, version(&account));
            if account.is_some() {
                ids.insert(*id);
            }
        }
        if !ids.iter().eq(&listed) {
            let ids: Vec<_> = ids.into_iter().collect();
            batch.put(&tables.lookalikes, &look, version(&row), &ids)?;
        }
    }
    for (id, version) in required {
        batch.require(&tables.accounts, id, version);
    }
    tables.commit(batch).await.map(drop)
}

/// Returns the rows of a new name's looks; `None` if another user's name has one of them.
pub(super) async fn free_looks(tables: &Tables, name: &Username) -> Result<Option<LookRows>> {
    let looks: Vec<_> = name.looks().into_iter().collect();
    let rows = tables.lookalikes.get_many(&looks).await?;
    for row in rows.iter().flatten() {
        let accounts = tables.accounts.get_many(&row.value).await?;
        if accounts.iter().any(Option::is_some) {
            return Ok(None);
        }
    }
    Ok(Some(looks.into_iter().zip(rows).collect()))
}

/// Adds a user to the index.
pub(super) fn put_looks(
    tables: &Tables,
    batch: &mut WriteBatch,
    looks: &LookRows,
    user: UserId,
) -> Result<()> {
    looks
        .iter()
        .try_for_each(|(look, row)| batch.put(&tables.lookalikes, look, version(row), &vec![user]))
}

/// Removes a deleted user from the index.
pub(super) async fn remove_looks(
    tables: &Tables,
    batch: &mut WriteBatch,
    user: &User,
) -> Result<()> {
    for look in user.username.looks() {
        let Some(row) = tables.lookalikes.get(&look).await? else { continue };
        let others: Vec<_> = row.value.iter().copied().filter(|id| *id != user.id).collect();
        if others.len() == row.value.len() {
            continue;
        }
        if others.is_empty() {
            batch.remove(&tables.lookalikes, &look, row.version);
        } else {
            batch.put(&tables.lookalikes, &look, Some(row.version), &others)?;
        }
    }
    Ok(())
}
