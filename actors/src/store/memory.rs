//! A store in memory, for tests: it keeps every promise of the port but durability.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::future::{self, BoxFuture, FutureExt};
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use tokio::sync::watch;

use super::tail::follow;
use super::{Batch, EventId, LogEntry, Store, StoreError, Version, Versioned};
use crate::clock::Clock;

/// A store whose contents are lost when it is dropped.
pub struct MemoryStore {
    clock: Clock,
    events_max: usize,
    contents: Arc<Mutex<Contents>>,
    last_event: watch::Sender<EventId>,
}

impl MemoryStore {
    /// Creates an empty store that keeps every event.
    pub fn new(clock: Clock) -> Self {
        Self::keeping(usize::MAX, clock)
    }

    /// Creates an empty store that keeps the last `events_max` events.
    pub fn keeping(events_max: usize, clock: Clock) -> Self {
        Self { clock, events_max, contents: Arc::default(), last_event: watch::Sender::new(0) }
    }

    fn apply(&self, batch: Batch) -> Result<EventId, StoreError> {
        let mut contents = lock(&self.contents);
        let last_event = contents.apply(batch, self.clock.now())?;
        contents.trim_events(self.events_max);
        self.last_event.send_replace(last_event);
        Ok(last_event)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Versioned>>, StoreError> {
        let contents = lock(&self.contents);
        let now = self.clock.now();
        Ok(keys.iter().map(|key| contents.get(key, now).cloned()).collect())
    }

    async fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Versioned)>, StoreError> {
        Ok(lock(&self.contents).scan(prefix, after, limit, self.clock.now()))
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<EventId, StoreError>> {
        future::ready(self.apply(batch)).boxed()
    }

    fn tail(&self, after: EventId) -> BoxStream<'static, Result<LogEntry, StoreError>> {
        let contents = Arc::clone(&self.contents);
        follow(after, self.last_event.subscribe(), move |after| {
            future::ready(Ok(lock(&contents).events_after(after)))
        })
    }

    fn clock(&self) -> Clock {
        self.clock.clone()
    }

    async fn last_event(&self) -> Result<EventId, StoreError> {
        Ok(lock(&self.contents).last_event)
    }
}

#[derive(Default)]
struct Contents {
    values: BTreeMap<String, Kept>,
    events: VecDeque<LogEntry>,
    last_event: EventId,
}

struct Kept {
    found: Versioned,
    expires_at: Option<Timestamp>,
}

impl Contents {
    fn get(&self, key: &str, now: Timestamp) -> Option<&Versioned> {
        self.values.get(key).filter(|kept| kept.is_alive(now)).map(|kept| &kept.found)
    }

    fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> Vec<(String, Versioned)> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        self.values
            .range::<str, _>((start, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter(|(_, kept)| kept.is_alive(now))
            .take(limit)
            .map(|(key, kept)| (key.clone(), kept.found.clone()))
            .collect()
    }

    fn apply(&mut self, batch: Batch, now: Timestamp) -> Result<EventId, StoreError> {
        if batch.expect.iter().any(|(key, version)| self.version(key, now) != version.unwrap_or(0))
        {
            return Err(StoreError::Conflict);
        }
        for put in batch.put {
            let found = Versioned { version: self.version(&put.key, now) + 1, value: put.value };
            self.values.insert(put.key, Kept { found, expires_at: put.expires_at });
        }
        for key in batch.remove {
            self.values.remove(&key);
        }
        for value in batch.events {
            self.last_event += 1;
            self.events.push_back(LogEntry { id: self.last_event, value });
        }
        Ok(self.last_event)
    }

    fn version(&self, key: &str, now: Timestamp) -> Version {
        self.get(key, now).map_or(0, |found| found.version)
    }

    fn trim_events(&mut self, events_max: usize) {
        let surplus = self.events.len().saturating_sub(events_max);
        self.events.drain(..surplus);
    }

    fn events_after(&self, after: EventId) -> Vec<LogEntry> {
        self.events.iter().filter(|entry| entry.id > after).cloned().collect()
    }
}

impl Kept {
    fn is_alive(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires_at| expires_at > now)
    }
}

fn lock(contents: &Mutex<Contents>) -> MutexGuard<'_, Contents> {
    contents.lock().unwrap_or_else(PoisonError::into_inner)
}
