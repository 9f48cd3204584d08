//! The rows that a round of commands reads and changes before its one commit.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;

use domain::event::Event;
use domain::user::Author;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Tables;
use super::batch::WriteBatch;
use super::codec::{decode, encode};
use super::table::Table;
use crate::store::{EventId, StoreError, Version, Versioned};

/// Why a row is not available.
#[derive(Debug)]
pub enum RowError {
    /// The row was not read yet; [`Rows::read`] reads it.
    Unread,
    /// The row cannot be decoded or encoded.
    Store(StoreError),
}

impl From<StoreError> for RowError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The rows of a round.
///
/// Commands are decided in their order, each on what those before it left. A command that needs a
/// row which was not read yet ends in [`RowError::Unread`]. The round then reads all such rows at
/// once and decides from the start, so that it takes a few reads however many commands it has.
#[derive(Default)]
pub struct Rows {
    read: HashMap<String, Option<Versioned>>,
    unread: BTreeSet<String>,
    /// The position of the log after the rows were read, if a command needs it.
    position: Option<EventId>,
    needs_position: bool,
    changed: HashMap<String, Change>,
    required: BTreeSet<String>,
    /// The administrator who sent the command that is being decided.
    author: Option<Author>,
    events: Vec<(Event, Option<Author>)>,
}

/// The last change of a row.
enum Change {
    Put { value: Vec<u8>, expires_at: Option<Timestamp> },
    Removed,
}

impl Rows {
    /// Drops every change, to decide again on the rows that were read.
    pub fn restart(&mut self) {
        self.changed.clear();
        self.required.clear();
        self.events.clear();
    }

    /// Reads what was needed and not read yet; returns whether there was anything.
    pub async fn read(&mut self, tables: &Tables) -> Result<bool, StoreError> {
        let needs_position = std::mem::take(&mut self.needs_position);
        if self.unread.is_empty() && !needs_position {
            return Ok(false);
        }
        let keys: Vec<_> = std::mem::take(&mut self.unread).into_iter().collect();
        let values = tables.store.get_many(&keys).await?;
        self.read.extend(keys.into_iter().zip(values));
        // After the rows, so that it is not below any version among them.
        if needs_position || self.position.is_some() {
            self.position = Some(tables.store.last_event().await?);
        }
        Ok(true)
    }

    /// Returns a position of the log that is not below any version of the rows that were read.
    pub fn position(&mut self) -> Result<EventId, RowError> {
        self.needs_position = self.position.is_none();
        self.position.ok_or(RowError::Unread)
    }

    /// Announces that a row will be needed, so that it is read together with the first one.
    pub fn want<T: Serialize + DeserializeOwned>(&mut self, table: &Table<T>, key: impl Display) {
        let key = table.key(key);
        // A row that the round itself has made is not read: its key may differ in the next pass.
        if !self.read.contains_key(&key) && !self.changed.contains_key(&key) {
            self.unread.insert(key);
        }
    }

    /// Returns the value of a row, with the changes of the commands before; `None` if it is absent.
    pub fn get<T: Serialize + DeserializeOwned>(
        &mut self,
        table: &Table<T>,
        key: impl Display,
    ) -> Result<Option<T>, RowError> {
        let key = table.key(key);
        let bytes = match (self.changed.get(&key), self.read.get(&key)) {
            (Some(Change::Put { value, .. }), _) => value,
            (Some(Change::Removed), _) | (None, Some(None)) => return Ok(None),
            (None, Some(Some(found))) => &found.value,
            (None, None) => {
                self.unread.insert(key);
                return Err(RowError::Unread);
            }
        };
        Ok(Some(decode(bytes)?))
    }

    /// Puts a value under a key that was read.
    pub fn put<T: Serialize + DeserializeOwned>(
        &mut self,
        table: &Table<T>,
        key: impl Display,
        value: &T,
        expires_at: Option<Timestamp>,
    ) -> Result<(), RowError> {
        let value = encode(value)?;
        self.changed.insert(table.key(key), Change::Put { value, expires_at });
        Ok(())
    }

    /// Removes a key that was read.
    pub fn remove<T: Serialize + DeserializeOwned>(&mut self, table: &Table<T>, key: impl Display) {
        self.changed.insert(table.key(key), Change::Removed);
    }

    /// Requires that a row which is not changed still has the version at which it was read.
    pub fn require<T: Serialize + DeserializeOwned>(
        &mut self,
        table: &Table<T>,
        key: impl Display,
    ) {
        self.required.insert(table.key(key));
    }

    /// Names the administrator who sent the command that is decided next.
    pub fn set_author(&mut self, author: Option<Author>) {
        self.author = author;
    }

    /// The administrator who sent the command that is being decided.
    pub fn author(&self) -> Option<&Author> {
        self.author.as_ref()
    }

    /// Publishes an event with the commit.
    pub fn publish(&mut self, event: Event) {
        self.events.push((event, self.author.clone()));
    }

    /// The events of the round, in their order.
    pub fn events(&self) -> impl ExactSizeIterator<Item = &Event> {
        self.events.iter().map(|(event, _)| event)
    }

    /// Returns the batch that commits every change; `None` if there is none.
    pub fn batch(&self, mut batch: WriteBatch) -> Result<Option<WriteBatch>, StoreError> {
        if self.changed.is_empty() && self.events.is_empty() {
            return Ok(None);
        }
        for (key, change) in &self.changed {
            match (change, self.version(key)) {
                (Change::Put { value, expires_at }, version) => {
                    batch.put_encoded(key.clone(), version, value.clone(), *expires_at);
                }
                (Change::Removed, Some(version)) => batch.remove_key(key.clone(), version),
                // The row was put and removed in this round.
                (Change::Removed, None) => batch.require_key(key.clone(), None),
            }
        }
        for key in self.required.iter().filter(|key| !self.changed.contains_key(*key)) {
            batch.require_key(key.clone(), self.version(key));
        }
        for (event, by) in &self.events {
            batch.publish_by(event, by.clone())?;
        }
        Ok(Some(batch))
    }

    fn version(&self, key: &str) -> Option<Version> {
        self.read.get(key).and_then(|found| found.as_ref().map(|found| found.version))
    }
}
