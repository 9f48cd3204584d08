//! How values and events are stored: as MessagePack without field names, a quarter of the size of
//! JSON.
//!
//! A type grows only after its last field and with a default, so that rows written before can still
//! be read.

use std::fmt::Display;

use domain::event::{Entry, Event};
use domain::user::Author;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::store::{LogEntry, StoreError};

/// A logged event; its id is its position in the log.
#[derive(Serialize, Deserialize)]
struct Logged<E> {
    at: Timestamp,
    event: E,
    #[serde(default)]
    by: Option<Author>,
}

/// Decodes an entry of the log.
pub fn entry(logged: &LogEntry) -> Result<Entry, StoreError> {
    let Logged { at, event, by } = decode(&logged.value)?;
    Ok(Entry { id: logged.id, at, event, by })
}

pub(super) fn encode_event(
    at: Timestamp,
    event: &Event,
    by: Option<Author>,
) -> Result<Vec<u8>, StoreError> {
    encode(&Logged { at, event, by })
}

pub(super) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    rmp_serde::to_vec(value).map_err(unreadable)
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    rmp_serde::from_slice(bytes).map_err(unreadable)
}

fn unreadable(error: impl Display) -> StoreError {
    StoreError::Unavailable(format!("a stored value cannot be read or written: {error}"))
}

#[cfg(test)]
mod tests {
    use domain::session::{EndReason, SessionId};
    use domain::user::UserId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_field_that_a_type_gained_has_its_default_in_an_older_row() {
        #[derive(Serialize, Deserialize)]
        struct Before {
            kept: u8,
        }
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Now {
            kept: u8,
            #[serde(default)]
            gained: Option<String>,
        }
        let row = encode(&Before { kept: 7 }).unwrap();
        assert_eq!(decode::<Now>(&row).unwrap(), Now { kept: 7, gained: None });
    }

    #[test]
    fn the_end_of_a_session_that_an_earlier_version_logged_can_be_read() {
        #[derive(Serialize)]
        struct LoggedBefore {
            at: Timestamp,
            event: Before,
        }
        #[derive(Serialize)]
        enum Before {
            SessionEnded { session: SessionId, user: UserId, reason: EndReason },
        }
        let session = SessionId(Uuid::nil());
        let user = UserId(Uuid::nil());
        let reason = EndReason::SignedOut;
        let at = Timestamp::UNIX_EPOCH;
        let event = Before::SessionEnded { session, user, reason };
        let value = encode(&LoggedBefore { at, event }).unwrap();
        let Entry { event, by, .. } = entry(&LogEntry { id: 1, value }).unwrap();
        assert_eq!(event, Event::SessionEnded { session, user, reason, until: None });
        assert_eq!(by, None);
    }
}
