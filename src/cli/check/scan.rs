//! Rows of a table in the order of their keys, read in pages, so that a check of a store of any
//! size needs little memory.

use std::collections::VecDeque;

use actors::store::StoreError;
use actors::tables::table::Table;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The largest number of rows in a page.
pub(super) const PAGE: usize = 1_000;

/// The rows of a table, and how far they were read.
pub(super) struct Scan<T> {
    table: Table<T>,
    /// The key of the last row that was read from the store.
    last_key: Option<String>,
    /// The rows that were read but not yet returned.
    page: VecDeque<(String, T)>,
}

impl<T: Serialize + DeserializeOwned> Scan<T> {
    /// Creates a scan that begins with the first row.
    pub(super) fn new(table: &Table<T>) -> Self {
        Self { table: table.clone(), last_key: None, page: VecDeque::new() }
    }

    /// Returns the next rows, `None` after the last one.
    pub(super) async fn next_page(&mut self) -> Result<Option<Vec<(String, T)>>, StoreError> {
        self.fill().await?;
        let page = Vec::from(std::mem::take(&mut self.page));
        Ok(Some(page).filter(|page| !page.is_empty()))
    }

    /// Returns the next row if there is one and its key matches.
    pub(super) async fn next_if(
        &mut self,
        matches: impl Fn(&str) -> bool,
    ) -> Result<Option<(String, T)>, StoreError> {
        self.fill().await?;
        let is_next = self.page.front().is_some_and(|(key, _)| matches(key));
        Ok(if is_next { self.page.pop_front() } else { None })
    }

    /// Reads a page if every row of the last one was returned.
    async fn fill(&mut self) -> Result<(), StoreError> {
        if self.page.is_empty() {
            let rows = self.table.list("", self.last_key.as_deref(), PAGE).await?;
            self.page = rows.into_iter().map(|(key, row)| (key, row.value)).collect();
            self.last_key = self.page.back().map(|(key, _)| key.clone()).or(self.last_key.take());
        }
        Ok(())
    }
}
