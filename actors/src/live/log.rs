//! Sections of the log, for readers that choose where to begin and which events they want.
//!
//! A reader may want few of many events. One request examines only so many events, and returns
//! where the next one goes on.

use std::sync::Arc;

use domain::event::Entry;
use domain::event::filter::Filter;
use futures_util::StreamExt;

use super::replay::Replays;
use crate::store::{EventId, StoreError};

/// The most events that one request examines.
pub const MOST_EXAMINED: u64 = 2_000;

/// How many events are examined at once.
const STEP: u64 = 250;

/// Some events of the log, and what was examined to find them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The events that the reader wants, the oldest first.
    pub entries: Vec<Arc<Entry>>,
    /// The id of the oldest event in the log; greater than `last` if there is none.
    pub first: EventId,
    /// The id of the newest event in the log.
    pub last: EventId,
    /// The event before the oldest one that was examined.
    pub after: EventId,
    /// The newest event that was examined; `after` if there was none.
    pub until: EventId,
}

impl Replays {
    /// Returns the oldest events after `after` that a filter admits, at most `limit`; `last` is the
    /// id of the last event that the hub has pushed.
    pub async fn section_after(
        &self,
        after: EventId,
        filter: Filter,
        limit: usize,
        last: EventId,
    ) -> Result<Section, StoreError> {
        let first = self.first(last).await?;
        let after = after.max(first.saturating_sub(1)).min(last);
        let mut section = Section { entries: Vec::new(), first, last, after, until: after };
        let end = last.min(after.saturating_add(MOST_EXAMINED));
        while section.until < end && section.entries.len() < limit {
            let until = end.min(section.until.saturating_add(STEP));
            let events = self.batch(section.until, until, |events| events).await?;
            let Some(events) = events else {
                // The log was cut in the meantime. What was found before that stays in order.
                section.first = self.first(last).await?;
                section.until = section.until.max(section.first.saturating_sub(1)).min(end);
                continue;
            };
            section.until = until;
            let wanted = events.into_iter().filter(|entry| filter.admits(&entry.event));
            section.entries.extend(wanted);
        }
        if section.entries.len() > limit {
            section.entries.truncate(limit);
            section.until = section.entries.last().map_or(after, |entry| entry.id);
        }
        Ok(section)
    }

    /// Returns the newest events before `before` that a filter admits, at most `limit`; `last` is
    /// the id of the last event that the hub has pushed.
    pub async fn section_before(
        &self,
        before: EventId,
        filter: Filter,
        limit: usize,
        last: EventId,
    ) -> Result<Section, StoreError> {
        let first = self.first(last).await?;
        let begin = first.saturating_sub(1).min(last);
        let until = before.saturating_sub(1).clamp(begin, last);
        let begin = begin.max(until.saturating_sub(MOST_EXAMINED));
        let mut newest = Vec::new();
        let mut after = until;
        while after > begin && newest.len() < limit {
            let next = begin.max(after.saturating_sub(STEP));
            // What is cut from the log in the meantime is no longer part of it.
            let Some(events) = self.batch(next, after, |events| events).await? else { break };
            after = next;
            newest.extend(events.into_iter().rev().filter(|entry| filter.admits(&entry.event)));
        }
        if newest.len() > limit {
            newest.truncate(limit);
            after = newest.last().map_or(until, |entry| entry.id - 1);
        }
        newest.reverse();
        Ok(Section { entries: newest, first, last, after, until })
    }

    /// Returns the id of the oldest event in the log; the one after `last` if there is none.
    async fn first(&self, last: EventId) -> Result<EventId, StoreError> {
        // Without an event, the log would wait for the first one.
        if last == 0 {
            return Ok(1);
        }
        match self.shared.tables.store.tail(0).next().await {
            Some(Ok(logged)) => Ok(logged.id),
            Some(Err(StoreError::Gone { before })) => Ok(before + 1),
            Some(Err(error)) => Err(error),
            None => Err(StoreError::Unavailable("the log has ended".to_owned())),
        }
    }
}
