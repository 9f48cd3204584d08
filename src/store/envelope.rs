//! The header in front of every value in both stores: its version and its expiry.

use actors::store::{Version, Versioned};
use jiff::Timestamp;

/// The metadata of a stored value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Envelope {
    /// How often the key was put since it was last absent.
    pub(super) version: Version,
    /// When the key expires, in [`milliseconds`]; 0 if it never does.
    pub(super) expires_at: u64,
}

impl Envelope {
    /// Returns the bytes to store: two big-endian numbers, then the value.
    pub(super) fn seal(self, value: &[u8]) -> Vec<u8> {
        [&self.version.to_be_bytes(), &self.expires_at.to_be_bytes(), value].concat()
    }

    /// Splits the bytes that [`Envelope::seal`] returned. Returns `None` if they are too short.
    pub(super) fn open(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (version, rest) = bytes.split_first_chunk()?;
        let (expires_at, value) = rest.split_first_chunk()?;
        let version = u64::from_be_bytes(*version);
        let expires_at = u64::from_be_bytes(*expires_at);
        Some((Self { version, expires_at }, value))
    }

    /// Whether the key has not yet expired.
    pub(super) fn is_alive(self, now: u64) -> bool {
        self.expires_at == 0 || self.expires_at > now
    }

    /// Returns what a reader finds under the key: `None` if it has expired.
    pub(super) fn found(self, value: &[u8], now: u64) -> Option<Versioned> {
        self.is_alive(now).then(|| Versioned { version: self.version, value: value.to_vec() })
    }
}

/// Returns milliseconds since the Unix epoch, at least 1 because 0 means never.
pub(super) fn milliseconds(time: Timestamp) -> u64 {
    u64::try_from(time.as_millisecond()).unwrap_or_default().max(1)
}
