//! Opening the files: one process at a time, and never an empty shop where there was a full one.
//!
//! From a damaged file sled recovers what comes before the damage, maybe nothing, without a word. So the
//! mark, a small file beside the tree, remembers that there was something and how far the log reached.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use actors::store::EventId;
use sled::Db;

use super::tree::Tree;
use crate::store::{FORMAT, OpenError, check_format};

const FORMAT_KEY: &str = "format";
const CACHE: u64 = 128 * 1024 * 1024;
/// What takes more than a quarter of a segment sled keeps in files that it never syncs: a leaf full of large values
/// must not.
const SEGMENT: usize = 4 * 1024 * 1024;
/// A process that has just ended may hold the lock a little longer.
const LOCK_TRIES: usize = 30;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// Opens or creates the ledger in a directory, its file to be synced, and its mark.
pub(super) fn open(path: &Path) -> Result<(Tree, File, Mark), OpenError> {
    let explain = |error| explain(path, error);
    let corrupt = |reason: &str| OpenError::Corrupt {
        place: path.display().to_string(),
        reason: reason.to_owned(),
    };

    let tree = locked_tree(path).map_err(explain)?;
    let file = File::open(path.join("db")).map_err(|error| explain(error.into()))?;
    let mut mark = Mark::open(path).map_err(|error| explain(error.into()))?;
    match format(&tree).map_err(explain)? {
        Some(found) => check_format(found)?,
        None if mark.last_event.is_none() && tree.is_empty() => {
            begin(&tree, &file).map_err(explain)?
        }
        None => return Err(corrupt("what it held is gone")),
    }
    let tree = Tree::new(tree).map_err(explain)?;
    if let Some(marked) = mark.last_event.filter(|marked| *marked > tree.last_event()) {
        return Err(corrupt(&format!(
            "its log once reached event {marked}, now {}",
            tree.last_event()
        )));
    }
    mark.set(tree.last_event())
        .and_then(|()| mark.make_durable(path))
        .map_err(|error| explain(error.into()))?;
    Ok((tree, file, mark))
}

/// The file that remembers how far the log has certainly reached.
pub(super) struct Mark {
    file: File,
    last_event: Option<EventId>,
}

impl Mark {
    /// Remembers a durable event; in place and without fsync, since an older mark only notices less.
    pub(super) fn set(&mut self, last_event: EventId) -> io::Result<()> {
        if self.last_event != Some(last_event) {
            self.file.write_all_at(format!("{last_event:020}\n").as_bytes(), 0)?;
            self.last_event = Some(last_event);
        }
        Ok(())
    }

    fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join("mark"))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        Ok(Self { file, last_event: text.trim().parse().ok() })
    }

    fn make_durable(&self, path: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        File::open(path)?.sync_all()
    }
}

fn locked_tree(path: &Path) -> sled::Result<Db> {
    // Without a background flusher: the committer flushes every round.
    let config = sled::Config::new()
        .path(path)
        .cache_capacity(CACHE)
        .segment_size(SEGMENT)
        .flush_every_ms(None);
    for _ in 1..LOCK_TRIES {
        match config.open() {
            Err(error) if is_locked(&error) => thread::sleep(LOCK_PAUSE),
            opened => return opened,
        }
    }
    config.open()
}

fn format(tree: &Db) -> sled::Result<Option<u64>> {
    let bytes = tree.get(FORMAT_KEY)?;
    Ok(bytes.map(|bytes| bytes.as_ref().try_into().map_or(u64::MAX, u64::from_be_bytes)))
}

fn begin(tree: &Db, file: &File) -> sled::Result<()> {
    tree.insert(FORMAT_KEY, &FORMAT.to_be_bytes())?;
    tree.flush()?;
    Ok(file.sync_all()?)
}

fn explain(path: &Path, error: sled::Error) -> OpenError {
    let place = path.display().to_string();
    match error {
        error if is_locked(&error) => OpenError::Held(place),
        sled::Error::Io(error) if error.kind() != io::ErrorKind::InvalidData => {
            OpenError::Unreachable(format!("{place}: {error}"))
        }
        error => OpenError::Corrupt { place, reason: error.to_string() },
    }
}

/// sled tells it by words alone.
fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_format_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        drop(open(directory.path()).unwrap());
        let tree = locked_tree(directory.path()).unwrap();
        tree.insert(FORMAT_KEY, &2_u64.to_be_bytes()).unwrap();
        drop(tree);
        let refused = open(directory.path()).err().unwrap();
        assert!(matches!(refused, OpenError::NewerFormat { found: 2, supported: 1 }), "{refused}");
    }
}
