//! The high-water mark: a small file beside the tree with the id of the last event.
//!
//! From a damaged file sled recovers only the data before the damage, possibly none, and reports
//! no error. The mark shows that events are missing.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use actors::store::EventId;

use crate::private::{self, PrivateFileError};

/// The file, and the event id in it.
pub(super) struct HighWaterMark {
    file: File,
    last_event: Option<EventId>,
}

impl HighWaterMark {
    /// Opens or creates the file in the directory of a store.
    pub(super) fn open(path: &Path) -> Result<Self, PrivateFileError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = private::open(&path.join("mark"), &options)?;
        let mut text = String::new();
        let read = file.read_to_string(&mut text);
        read.map_err(|error| PrivateFileError::Io(path.join("mark"), error))?;
        Ok(Self { file, last_event: text.trim().parse().ok() })
    }

    /// The id in the file, `None` if the file is new.
    pub(super) fn last_event(&self) -> Option<EventId> {
        self.last_event
    }

    /// Writes the id of a durable event.
    ///
    /// It is written in place and not synced: an older mark detects less damage, and never
    /// reports damage that does not exist.
    pub(super) fn set(&mut self, last_event: EventId) -> io::Result<()> {
        if self.last_event != Some(last_event) {
            self.file.write_all_at(format!("{last_event:020}\n").as_bytes(), 0)?;
            self.last_event = Some(last_event);
        }
        Ok(())
    }

    /// Syncs the file and its entry in the directory.
    pub(super) fn make_durable(&self, path: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        File::open(path)?.sync_all()
    }
}
