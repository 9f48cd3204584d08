//! The one tree: its keys, and what is read from it.
//!
//! | key | value |
//! |---|---|
//! | `format` | the format's number |
//! | `v` key | an [`Envelope`] and the value |
//! | `x` milliseconds, key | nothing: the index of what expires when, to the minute |
//! | `e` event's id | a [`Segment`] of the log that begins with that event |

use std::io;
use std::ops::Bound;

use actors::store::{EventId, LogEntry, Versioned};
use sled::{Db, IVec};

use super::segment::Segment;
use crate::store::envelope::Envelope;

/// The tree, and the bounds of the log in it.
pub(super) struct Tree {
    tree: Db,
    /// The oldest event; one more than the last if there is none.
    first_event: EventId,
    last_event: EventId,
}

impl Tree {
    /// The ledger in a tree that has the right format.
    pub(super) fn new(tree: Db) -> sled::Result<Self> {
        let mut pieces = tree.scan_prefix([EVENTS]);
        let first = pieces.next().transpose()?;
        let last = pieces.next_back().transpose()?.or_else(|| first.clone());
        drop(pieces);
        let first_event = first.map(|(key, _)| event_id(&key)).transpose()?;
        let last_event = last
            .map(|(key, bytes)| sled::Result::Ok(event_id(&key)? - 1 + segment(&bytes)?.len()))
            .transpose()?;
        Ok(Self {
            tree,
            first_event: first_event.unwrap_or(1),
            last_event: last_event.unwrap_or(0),
        })
    }

    /// The value of a key, if it is present.
    pub(super) fn get(&self, key: &str, now: u64) -> sled::Result<Option<Versioned>> {
        let bytes = self.tree.get(value_key(key))?;
        Ok(bytes
            .as_deref()
            .map(unseal)
            .transpose()?
            .and_then(|(envelope, value)| envelope.found(value, now)))
    }

    /// Up to `limit` present keys behind `after` that begin with `prefix`.
    pub(super) fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        now: u64,
    ) -> sled::Result<Vec<(String, Versioned)>> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(value_key(after)),
            _ => Bound::Included(value_key(prefix)),
        };
        let mut found = Vec::new();
        for entry in self.tree.range((start, Bound::Excluded(behind(VALUES)))) {
            let (key, bytes) = entry?;
            let key = key_of_value(&key)?;
            if found.len() == limit || !key.starts_with(prefix) {
                break;
            }
            let (envelope, value) = unseal(&bytes)?;
            found.extend(envelope.found(value, now).map(|value| (key.to_owned(), value)));
        }
        Ok(found)
    }

    /// Some of the oldest events behind one: the rest of its piece, or the next, and more until there are `enough`.
    pub(super) fn events_behind(
        &self,
        after: EventId,
        enough: usize,
    ) -> sled::Result<Vec<LogEntry>> {
        let next = event_key(after.saturating_add(1));
        let begin = self
            .tree
            .range(vec![EVENTS]..=next.clone())
            .next_back()
            .transpose()?
            .map_or(next, |(key, _)| key.to_vec());
        let mut found = Vec::new();
        for entry in self.tree.range(begin..behind(EVENTS)) {
            let (key, bytes) = entry?;
            let entries = (event_id(&key)?..).zip(segment(&bytes)?.events());
            found.extend(
                entries.filter(|(id, _)| *id > after).map(|(id, value)| LogEntry { id, value }),
            );
            if found.len() >= enough {
                break;
            }
        }
        Ok(found)
    }

    /// The envelope of a key, whether it has expired or not.
    pub(super) fn envelope(&self, key: &str) -> sled::Result<Option<Envelope>> {
        let bytes = self.tree.get(value_key(key))?;
        Ok(bytes.as_deref().map(unseal).transpose()?.map(|(envelope, _)| envelope))
    }

    /// The first `limit` keys that have expired, and when.
    pub(super) fn expired(&self, now: u64, limit: usize) -> sled::Result<Vec<(u64, String)>> {
        let range = vec![EXPIRIES]..expiry_key(now.saturating_add(1), "");
        self.tree
            .range(range)
            .keys()
            .take(limit)
            .map(|key| key.and_then(|key| expiry(&key)))
            .collect()
    }

    /// When the piece of the log that begins with an event was logged, and how many events it has.
    pub(super) fn segment(&self, first: EventId) -> sled::Result<Option<(u64, u64)>> {
        let bytes = self.tree.get(event_key(first))?;
        bytes
            .map(|bytes| segment(&bytes).map(|segment| (segment.logged_at(), segment.len())))
            .transpose()
    }

    /// The id of the log's oldest event; one more than the last if there is none.
    pub(super) fn first_event(&self) -> EventId {
        self.first_event
    }

    /// The id of the log's last event.
    pub(super) fn last_event(&self) -> EventId {
        self.last_event
    }

    /// Applies changes, after which the log reaches from one event to another, and hands them to the operating system.
    pub(super) fn write(
        &mut self,
        changes: sled::Batch,
        first_event: EventId,
        last_event: EventId,
    ) -> sled::Result<()> {
        self.tree.apply_batch(changes)?;
        self.tree.flush()?;
        (self.first_event, self.last_event) = (first_event, last_event);
        Ok(())
    }
}

const VALUES: u8 = b'v';
const EXPIRIES: u8 = b'x';
const EVENTS: u8 = b'e';

/// Where a key's record lies.
pub(super) fn value_key(key: &str) -> Vec<u8> {
    [&[VALUES], key.as_bytes()].concat()
}

/// Where the index says that a key expires.
pub(super) fn expiry_key(expires_at: u64, key: &str) -> Vec<u8> {
    [&[EXPIRIES], expires_at.to_be_bytes().as_slice(), key.as_bytes()].concat()
}

/// Where the piece of the log that begins with an event lies.
pub(super) fn event_key(id: EventId) -> Vec<u8> {
    [&[EVENTS], id.to_be_bytes().as_slice()].concat()
}

fn segment(bytes: &IVec) -> sled::Result<Segment> {
    Segment::read(bytes).ok_or_else(unreadable)
}

fn unseal(bytes: &[u8]) -> sled::Result<(Envelope, &[u8])> {
    Envelope::open(bytes).ok_or_else(unreadable)
}

fn behind(kind: u8) -> Vec<u8> {
    vec![kind + 1]
}

fn key_of_value(key: &[u8]) -> sled::Result<&str> {
    text(key.strip_prefix(&[VALUES]).ok_or_else(unreadable)?)
}

fn expiry(key: &[u8]) -> sled::Result<(u64, String)> {
    let (expires_at, key) =
        key.strip_prefix(&[EXPIRIES]).and_then(<[u8]>::split_first_chunk).ok_or_else(unreadable)?;
    Ok((u64::from_be_bytes(*expires_at), text(key)?.to_owned()))
}

fn event_id(key: &[u8]) -> sled::Result<EventId> {
    let id =
        key.strip_prefix(&[EVENTS]).and_then(|id| id.try_into().ok()).ok_or_else(unreadable)?;
    Ok(u64::from_be_bytes(id))
}

fn text(bytes: &[u8]) -> sled::Result<&str> {
    str::from_utf8(bytes).map_err(|_| unreadable())
}

fn unreadable() -> sled::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an entry can't be read").into()
}
