//! The layout of the keys in the tree. All numbers are big-endian, so keys sort by them.
//!
//! | key | value |
//! |---|---|
//! | `format` | the number of the format |
//! | `v`, key | an envelope and the value |
//! | `x`, milliseconds, key | empty: the index of expiries, rounded up to the minute |
//! | `e`, event id | the segment of the log that begins with this event |

use std::io;

use actors::store::EventId;

/// The first byte of the keys of values.
pub(super) const VALUES: u8 = b'v';

/// The first byte of the entries in the index of expiries.
pub(super) const EXPIRIES: u8 = b'x';

/// The first byte of the keys of segments.
pub(super) const EVENTS: u8 = b'e';

/// Returns the key under which a value is stored.
pub(super) fn of_value(key: &str) -> Vec<u8> {
    [&[VALUES], key.as_bytes()].concat()
}

/// Returns the entry of a key in the index of expiries.
pub(super) fn of_expiry(expires_at: u64, key: &str) -> Vec<u8> {
    [&[EXPIRIES], expires_at.to_be_bytes().as_slice(), key.as_bytes()].concat()
}

/// Returns the key of the segment that begins with an event.
pub(super) fn of_segment(first: EventId) -> Vec<u8> {
    [&[EVENTS], first.to_be_bytes().as_slice()].concat()
}

/// Returns the exclusive upper bound of all keys with a first byte.
pub(super) fn end_of(kind: u8) -> Vec<u8> {
    vec![kind + 1]
}

/// Parses what [`of_value`] returned.
pub(super) fn value(key: &[u8]) -> sled::Result<&str> {
    text(key.strip_prefix(&[VALUES]).ok_or_else(unreadable)?)
}

/// Parses what [`of_expiry`] returned.
pub(super) fn expiry(key: &[u8]) -> sled::Result<(u64, String)> {
    let (expires_at, key) =
        key.strip_prefix(&[EXPIRIES]).and_then(<[u8]>::split_first_chunk).ok_or_else(unreadable)?;
    Ok((u64::from_be_bytes(*expires_at), text(key)?.to_owned()))
}

/// Parses what [`of_segment`] returned.
pub(super) fn event_id(key: &[u8]) -> sled::Result<EventId> {
    let id =
        key.strip_prefix(&[EVENTS]).and_then(|id| id.try_into().ok()).ok_or_else(unreadable)?;
    Ok(u64::from_be_bytes(id))
}

fn text(bytes: &[u8]) -> sled::Result<&str> {
    str::from_utf8(bytes).map_err(|_| unreadable())
}

/// The error for keys and values that can't be decoded.
pub(super) fn unreadable() -> sled::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a stored entry can't be decoded").into()
}
