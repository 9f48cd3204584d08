//! Opens the files of a store for one process at a time. Refuses damaged files, which would
//! otherwise look like an empty store.

use std::fs::File;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use sled::Db;

use super::high_water_mark::HighWaterMark;
use super::tree::Tree;
use crate::private::require_private_directory;
use crate::store::{COPYING, FORMAT, OpenError, check_format};

const FORMAT_KEY: &str = "format";

/// The size of a segment of sled's file, in bytes.
///
/// sled puts what is larger than a quarter of it into files that it never syncs. A leaf full of
/// large values must stay below that.
const SEGMENT: usize = 4 * 1024 * 1024;

/// How often and at what interval to try the lock, which a process may hold for a moment after
/// it has ended.
const LOCK_TRIES: usize = 30;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// The open files of a store.
pub(super) struct Files {
    /// The stored data.
    pub(super) tree: Tree,
    /// The file of the tree, for syncing.
    pub(super) file: File,
    /// The high-water mark of the log.
    pub(super) mark: HighWaterMark,
}

/// Opens or creates the store in a directory, with a cache of so many MiB.
pub(super) fn open(path: &Path, cache_mib: u64) -> Result<Files, OpenError> {
    let explain = |error| explain(path, error);
    let explain_io = |error: io::Error| explain(error.into());

    require_private_directory(path)?;
    let db = open_locked(path, cache_mib).map_err(explain)?;
    let file = File::open(path.join("db")).map_err(explain_io)?;
    let mut mark = HighWaterMark::open(path)?;
    if db.get(FORMAT_KEY).map_err(explain)?.is_some_and(|format| format == COPYING.as_bytes()) {
        return Err(OpenError::Unfinished);
    }
    match format(&db).map_err(explain)? {
        Some(found) => check_format(found)?,
        None if mark.last_event().is_none() && db.is_empty() => {}
        None => return Err(corrupt(path, "its content is missing".to_owned())),
    }
    let tree = Tree::new(db.clone()).map_err(explain)?;
    let last_event = tree.last_event();
    if let Some(marked) = mark.last_event().filter(|marked| *marked > last_event) {
        let reason = format!("its log ended at event {marked}, now it ends at {last_event}");
        return Err(corrupt(path, reason));
    }
    write_format(&db, &file).map_err(explain)?;
    mark.set(last_event).and_then(|()| mark.make_durable(path)).map_err(explain_io)?;
    Ok(Files { tree, file, mark })
}

/// Opens or creates an empty store in a directory, into which another one is copied. Returns `None`
/// if it is not empty.
pub(super) fn begin_copy(path: &Path, cache_mib: u64) -> Result<Option<Files>, OpenError> {
    let explain = |error| explain(path, error);
    require_private_directory(path)?;
    let db = open_locked(path, cache_mib).map_err(explain)?;
    let mark = HighWaterMark::open(path)?;
    // A store whose content is missing is damaged, not empty.
    if !db.is_empty() || mark.last_event().is_some() {
        return Ok(None);
    }
    db.insert(FORMAT_KEY, COPYING).and_then(|_| db.flush()).map_err(explain)?;
    let file = File::open(path.join("db")).map_err(|error| explain(error.into()))?;
    Ok(Some(Files { tree: Tree::new(db).map_err(explain)?, file, mark }))
}

/// Makes a copy durable, and lets the store be opened.
pub(super) fn end_copy(files: Files, path: &Path) -> sled::Result<()> {
    let Files { tree, file, mut mark } = files;
    let db = tree.db();
    db.flush()?;
    file.sync_all()?;
    mark.set(Tree::new(db.clone())?.last_event())?;
    mark.make_durable(path)?;
    write_format(&db, &file)
}

fn open_locked(path: &Path, cache_mib: u64) -> sled::Result<Db> {
    // No background flusher is needed, because the committer flushes after every round.
    let config = sled::Config::new()
        .path(path)
        .cache_capacity(cache_mib * 1024 * 1024)
        .segment_size(SEGMENT)
        .flush_every_ms(None);
    for _ in 1..LOCK_TRIES {
        match config.open() {
            Err(error) if is_locked(&error) => thread::sleep(LOCK_PAUSE),
            result => return result,
        }
    }
    config.open()
}

/// Returns the stored format, `None` if there is none.
fn format(db: &Db) -> sled::Result<Option<u64>> {
    let bytes = db.get(FORMAT_KEY)?;
    Ok(bytes.map(|bytes| bytes.as_ref().try_into().map_or(u64::MAX, u64::from_be_bytes)))
}

/// Writes the format, also if it is stored already: a store whose disk takes no writes must not
/// open.
fn write_format(db: &Db, file: &File) -> sled::Result<()> {
    db.insert(FORMAT_KEY, &FORMAT.to_be_bytes())?;
    db.flush()?;
    Ok(file.sync_all()?)
}

fn explain(path: &Path, error: sled::Error) -> OpenError {
    let place = path.display();
    match error {
        error if is_locked(&error) => OpenError::Held(place.to_string()),
        sled::Error::Io(error) if error.kind() != io::ErrorKind::InvalidData => {
            OpenError::Unreachable(format!("{place}: {error}"))
        }
        error => corrupt(path, error.to_string()),
    }
}

fn corrupt(path: &Path, reason: String) -> OpenError {
    OpenError::Corrupt { place: path.display().to_string(), reason }
}

/// Whether another process holds the lock. sled reports this only in the text of the error.
fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::private::restrict_new_files;

    #[test]
    fn a_copy_that_has_not_finished_is_refused() {
        restrict_new_files();
        let directory = tempfile::tempdir().unwrap();
        drop(begin_copy(directory.path(), 1).unwrap());
        assert!(matches!(open(directory.path(), 1), Err(OpenError::Unfinished)));
        assert!(begin_copy(directory.path(), 1).unwrap().is_none());
    }

    #[test]
    fn a_newer_format_is_refused() {
        restrict_new_files();
        let directory = tempfile::tempdir().unwrap();
        drop(open(directory.path(), 1).unwrap());
        let db = open_locked(directory.path(), 1).unwrap();
        db.insert(FORMAT_KEY, &(FORMAT + 1).to_be_bytes()).unwrap();
        drop(db);
        let refusal = open(directory.path(), 1).err().unwrap();
        let (found, supported) = match refusal {
            OpenError::NewerFormat { found, supported } => (found, supported),
            other => panic!("{other}"),
        };
        assert_eq!((found, supported), (FORMAT + 1, FORMAT));
    }
}
