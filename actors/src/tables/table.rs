//! One table: values of one type, each under a key and with a version.

use std::fmt::Display;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::decode;
use crate::store::{SharedStore, StoreError, Version, Versioned};

/// How many rows one scan of the store reads.
const PAGE: usize = 100;

/// How many rows one scan of the store reads if only their keys are needed.
const KEYS: usize = 1_000;

/// A stored value and the version of its key.
#[derive(Debug, Clone)]
pub struct Row<T> {
    /// How often the key was put.
    pub version: Version,
    /// The value.
    pub value: T,
}

/// Returns the version at which a key was read; `None` if it was absent.
pub fn version<T>(row: &Option<Row<T>>) -> Option<Version> {
    row.as_ref().map(|row| row.version)
}

/// Values of one type.
pub struct Table<T> {
    name: &'static str,
    store: SharedStore,
    values: PhantomData<fn() -> T>,
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self { name: self.name, store: self.store.clone(), values: PhantomData }
    }
}

impl<T: Serialize + DeserializeOwned> Table<T> {
    pub(super) fn new(store: &SharedStore, name: &'static str) -> Self {
        Self { name, store: store.clone(), values: PhantomData }
    }

    /// Returns the row of a key; `None` if it is absent.
    pub async fn get(&self, key: impl Display) -> Result<Option<Row<T>>, StoreError> {
        self.store.get(&self.key(key)).await?.map(row).transpose()
    }

    /// Returns the rows of keys in their order; `None` for a key that is absent.
    pub async fn get_many(&self, keys: &[impl Display]) -> Result<Vec<Option<Row<T>>>, StoreError> {
        let keys: Vec<_> = keys.iter().map(|key| self.key(key)).collect();
        let found = self.store.get_many(&keys).await?;
        found.into_iter().map(|found| found.map(row).transpose()).collect()
    }

    /// Returns up to `limit` rows with their keys, in order: those whose keys begin with `prefix`
    /// and come after the key `after`.
    pub async fn list(
        &self,
        prefix: impl Display,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Row<T>)>, StoreError> {
        let after = after.map(|after| self.key(after));
        let rows = self.store.scan(&self.key(prefix), after.as_deref(), limit).await?;
        rows.into_iter().map(|(key, found)| Ok((self.own_key(&key), row(found)?))).collect()
    }

    /// Returns every row with its key, in order.
    pub async fn all(&self) -> Result<Vec<(String, Row<T>)>, StoreError> {
        self.all_of("").await
    }

    /// Returns every row whose key begins with `prefix`, with its key, in order.
    pub async fn all_of(&self, prefix: impl Display) -> Result<Vec<(String, Row<T>)>, StoreError> {
        let mut rows: Vec<(String, Row<T>)> = Vec::new();
        loop {
            let after = rows.last().map(|(key, _)| key.as_str());
            let page = self.list(&prefix, after, PAGE).await?;
            if page.is_empty() {
                return Ok(rows);
            }
            rows.extend(page);
        }
    }

    /// Returns how many keys begin with `prefix`. Reads all of them.
    pub async fn count(&self, prefix: impl Display) -> Result<u64, StoreError> {
        Ok(self.keys(prefix, None).await?.len() as u64)
    }

    /// Returns the keys that begin with `prefix`, in order; if there is a `last`, those up to it.
    pub(super) async fn keys(
        &self,
        prefix: impl Display,
        last: Option<&str>,
    ) -> Result<Vec<String>, StoreError> {
        let prefix = self.key(prefix);
        let last = last.map(|last| self.key(last));
        let mut keys: Vec<String> = Vec::new();
        loop {
            let after = keys.last().map(String::as_str);
            let read = self.store.scan(&prefix, after, KEYS).await?;
            let is_last = read.len() < KEYS;
            keys.extend(read.into_iter().map(|(key, _)| key));
            let wanted = match &last {
                Some(last) => keys.partition_point(|key| key <= last),
                None => keys.len(),
            };
            if is_last || wanted < keys.len() {
                keys.truncate(wanted);
                return Ok(keys.iter().map(|key| self.own_key(key)).collect());
            }
        }
    }

    /// Returns the store's key for a key of this table.
    pub(super) fn key(&self, key: impl Display) -> String {
        format!("{}/{key}", self.name)
    }

    fn own_key(&self, key: &str) -> String {
        key.get(self.name.len() + 1..).unwrap_or_default().to_owned()
    }
}

fn row<T: DeserializeOwned>(found: Versioned) -> Result<Row<T>, StoreError> {
    Ok(Row { version: found.version, value: decode(&found.value)? })
}
