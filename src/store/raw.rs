//! What a store holds, byte for byte, to copy it.

use actors::store::EventId;
use async_trait::async_trait;

use super::OpenError;

/// How many keys are read at a time.
pub(super) const ROWS_PER_READ: usize = 64;

/// Why a store could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A store cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The source holds no shop.
    #[error("there is nothing to copy in {0}")]
    Empty(String),
    /// The target is in use.
    #[error("{0} is not empty; name a new place in --to")]
    NotEmpty(String),
    /// A store can't be read or written.
    #[error("the copy has failed: {0}; empty the target before the next one")]
    Failed(String),
    /// The source, or the target, is not what was copied.
    #[error(
        "the {0} has changed during the copy; stop every process that uses it, empty the target, \
         and copy again"
    )]
    Changed(&'static str),
}

/// A key with its sealed value, expired or not.
pub(super) struct RawRow {
    pub(super) key: String,
    pub(super) sealed: Vec<u8>,
}

/// An event, and when it was logged, in milliseconds since the Unix epoch.
pub(super) struct RawEvent {
    pub(super) id: EventId,
    pub(super) at: u64,
    pub(super) value: Vec<u8>,
}

/// A store that no other process uses: its rows and its log, without a meaning.
#[async_trait]
pub(super) trait RawStore: Send + Sync {
    /// Returns the next keys after one, in byte order; none after the last.
    async fn rows(&self, after: &str) -> Result<Vec<RawRow>, CopyError>;

    /// Returns the next events after one; none after the last.
    async fn events(&self, after: EventId) -> Result<Vec<RawEvent>, CopyError>;

    /// Adds keys.
    async fn put_rows(&self, rows: Vec<RawRow>) -> Result<(), CopyError>;

    /// Appends events to the log.
    async fn put_events(&self, events: Vec<RawEvent>) -> Result<(), CopyError>;

    /// Makes everything durable, and lets the store be opened.
    async fn finish(self: Box<Self>) -> Result<(), CopyError>;
}
