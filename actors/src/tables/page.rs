//! Pages of lists: some rows in the order of their keys, and their place among all rows of a list.
//!
//! The place is found by reading the keys before the page, so it costs more the further back a page
//! is. A program that reads a whole list needs no places: [`Table::list`] is enough.

use std::fmt::Display;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::table::Table;
use crate::store::StoreError;

/// A page of a list.
#[derive(Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The values of the rows.
    pub values: Vec<T>,
    /// The number of rows before them.
    pub before: u64,
    /// The last row before the previous page; `None` if that one is the first page.
    pub previous: Option<T>,
    /// Whether rows follow.
    pub has_more: bool,
}

impl<T: Serialize + DeserializeOwned> Table<T> {
    /// Returns up to `limit` rows whose keys begin with `prefix` and come after the key `after`,
    /// which need not exist. If none does, returns the last page instead.
    pub async fn page(
        &self,
        prefix: impl Display + Copy,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<T>, StoreError> {
        let mut before = match after {
            Some(after) => self.keys(prefix, Some(after)).await?,
            None => Vec::new(),
        };
        let mut rows = self.list(prefix, after, limit + 1).await?;
        if rows.is_empty() && !before.is_empty() {
            before.truncate(before.len().saturating_sub(limit));
            rows = self.list(prefix, before.last().map(String::as_str), limit).await?;
        }
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let previous = before.len().checked_sub(limit + 1).and_then(|last| before.get(last));
        let previous = match previous {
            Some(key) => self.get(key).await?.map(|row| row.value),
            None => None,
        };
        Ok(Page {
            values: rows.into_iter().map(|(_, row)| row.value).collect(),
            before: before.len() as u64,
            previous,
            has_more,
        })
    }
}
