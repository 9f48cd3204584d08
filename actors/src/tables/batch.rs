//! A batch of writes to any tables, with the events that they cause.

use std::fmt::Display;

use domain::event::Event;
use domain::user::Author;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::{encode, encode_event};
use super::table::Table;
use crate::store::{Batch, Put, StoreError, Version};

/// Writes and events that are committed together or not at all.
///
/// Every write but [`WriteBatch::put_last`] names the version at which its key was read (`None`:
/// absent). If a key has another version by the time of the commit, the commit ends in
/// [`StoreError::Conflict`].
#[derive(Debug, Clone)]
pub struct WriteBatch {
    pub(super) batch: Batch,
    now: Timestamp,
    by: Option<Author>,
}

impl WriteBatch {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { batch: Batch::default(), now, by: None }
    }

    /// Names the administrator who causes the events that are published from now on.
    pub fn by(mut self, author: Option<Author>) -> Self {
        self.by = author;
        self
    }

    /// Announces that the caller decides again after a conflict, and so needs a turn of its own.
    pub fn repeated(mut self) -> Self {
        self.batch.is_repeated = true;
        self
    }

    /// Puts a value under a key.
    pub fn put<T: Serialize + DeserializeOwned>(
        &mut self,
        table: &Table<T>,
        key: impl Display,
        read_at: Option<Version>,
        value: &T,
    ) -> Result<(), StoreError> {
        self.put_encoded(table.key(key), read_at, encode(value)?, None);
        Ok(())
    }

    /// Puts a value under a key until it expires.
    pub fn put_until<T: Serialize + DeserializeOwned>(
        &mut self,
        table: &Table<T>,
        key: impl Display,
        read_at: Option<Version>,
        value: &T,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.put_encoded(table.key(key), read_at, encode(value)?, Some(expires_at));
        Ok(())
    }

    /// Puts a value under a key that need not be read: the value of the last commit stays.
    pub fn put_last<T: Serialize + DeserializeOwned>(
        &mut self,
        table: &Table<T>,
        key: impl Display,
        value: &T,
    ) -> Result<(), StoreError> {
        let (key, value) = (table.key(key), encode(value)?);
        self.batch.put.push(Put { key, value, expires_at: None });
        Ok(())
    }

    /// Removes a key. Its version begins at 1 again if it is put later.
    ///
    /// A caller that has read the key before could then write over a value that it has not read.
    /// So a key may be removed only if it is never put again (articles, accounts, the carts of
    /// deleted users, deleted users, sessions), or if every batch that writes it also names the
    /// version of a row for which this holds (usernames, their looks, words, known networks,
    /// reset links and last use: the account or a session; pending orders, their stages, statuses
    /// and words: the order; buckets of the statistics: the totals).
    pub fn remove<T: Serialize + DeserializeOwned>(
        &mut self,
        table: &Table<T>,
        key: impl Display,
        read_at: Version,
    ) {
        self.remove_key(table.key(key), read_at);
    }

    /// Requires that a key which is not written still has the version at which it was read.
    pub fn require<T: Serialize + DeserializeOwned>(
        &mut self,
        table: &Table<T>,
        key: impl Display,
        read_at: Option<Version>,
    ) {
        self.require_key(table.key(key), read_at);
    }

    /// Appends an event to the log.
    pub fn publish(&mut self, event: &Event) -> Result<(), StoreError> {
        self.publish_by(event, self.by.clone())
    }

    /// Appends an event that an administrator has caused to the log.
    pub(super) fn publish_by(
        &mut self,
        event: &Event,
        by: Option<Author>,
    ) -> Result<(), StoreError> {
        self.batch.events.push(encode_event(self.now, event, by)?);
        Ok(())
    }

    /// Puts an encoded value under a key of the store.
    pub(super) fn put_encoded(
        &mut self,
        key: String,
        read_at: Option<Version>,
        value: Vec<u8>,
        expires_at: Option<Timestamp>,
    ) {
        self.batch.expect.push((key.clone(), read_at));
        self.batch.put.push(Put { key, value, expires_at });
    }

    /// Removes a key of the store.
    pub(super) fn remove_key(&mut self, key: String, read_at: Version) {
        self.batch.expect.push((key.clone(), Some(read_at)));
        self.batch.remove.push(key);
    }

    /// Requires the version of a key of the store.
    pub(super) fn require_key(&mut self, key: String, read_at: Option<Version>) {
        self.batch.expect.push((key, read_at));
    }
}
