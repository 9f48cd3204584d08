//! What surrounds a value in either store: its version and its expiry.

use actors::store::{Version, Versioned};
use jiff::Timestamp;

/// What is known of a key beside its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Envelope {
    /// How often the key was put.
    pub(super) version: Version,
    /// When the key becomes absent, see [`milliseconds`]; 0 for never.
    pub(super) expires_at: u64,
}

impl Envelope {
    /// The bytes to store: two big-endian numbers, then the value.
    pub(super) fn seal(self, value: &[u8]) -> Vec<u8> {
        [&self.version.to_be_bytes(), &self.expires_at.to_be_bytes(), value].concat()
    }

    /// Takes apart what [`Envelope::seal`] has put together.
    pub(super) fn open(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (version, rest) = bytes.split_first_chunk()?;
        let (expires_at, value) = rest.split_first_chunk()?;
        Some((
            Self {
                version: u64::from_be_bytes(*version),
                expires_at: u64::from_be_bytes(*expires_at),
            },
            value,
        ))
    }

    /// Whether the key is not yet absent by itself.
    pub(super) fn is_alive(self, now: u64) -> bool {
        self.expires_at == 0 || self.expires_at > now
    }

    /// What a reader finds under the key.
    pub(super) fn found(self, value: &[u8], now: u64) -> Option<Versioned> {
        self.is_alive(now).then(|| Versioned { version: self.version, value: value.to_vec() })
    }
}

/// Milliseconds since the Unix epoch, at least one because zero means never.
pub(super) fn milliseconds(time: Timestamp) -> u64 {
    u64::try_from(time.as_millisecond()).unwrap_or_default().max(1)
}
