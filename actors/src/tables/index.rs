//! Indexes of rows that a store of an earlier version has not indexed, or in another way.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Tables;
use super::batch::WriteBatch;
use super::table::{Row, Table, version};
use crate::clock::Clock;
use crate::store::StoreError;

/// The key of the version of an index.
const ALL: &str = "all";

/// How many rows one commit adds to an index.
const PAGE: usize = 100;

/// An index, as its version says how it was made.
pub(crate) struct Index<'a> {
    /// The stored version, under `all`.
    pub(crate) stored: &'a Table<u64>,
    /// The version that this program needs.
    pub(crate) needed: u64,
}

impl Index<'_> {
    /// Adds every row of a table to an index of another version, page by page.
    ///
    /// `add` adds a page in one commit, which is a conflict if one of the rows has changed.
    pub(crate) async fn build<T: Serialize + DeserializeOwned>(
        &self,
        tables: &Tables,
        clock: &Clock,
        rows: &Table<T>,
        add: impl AsyncFn(Vec<(String, Row<T>)>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let stored = self.stored.get(ALL).await?;
        if stored.as_ref().is_some_and(|row| row.value == self.needed) {
            return Ok(());
        }
        let mut after = None;
        loop {
            let page = rows.list("", after.as_deref(), PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            let last = last.clone();
            match add(page).await {
                Ok(()) => after = Some(last),
                // A row has changed since: the page is read again.
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
        let mut batch = tables.batch(clock.now());
        batch.put(self.stored, ALL, version(&stored), &self.needed)?;
        match tables.commit(batch).await {
            // Another node has built the index in the meantime.
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Puts the rows of an index, whether they are stored already or not. Reads all of them at once.
pub(crate) async fn put_all<T: Serialize + DeserializeOwned>(
    table: &Table<T>,
    batch: &mut WriteBatch,
    rows: Vec<(String, T)>,
) -> Result<(), StoreError> {
    let keys: Vec<_> = rows.iter().map(|(key, _)| key).collect();
    for ((key, value), stored) in rows.iter().zip(table.get_many(&keys).await?) {
        batch.put(table, key, version(&stored), value)?;
    }
    Ok(())
}
