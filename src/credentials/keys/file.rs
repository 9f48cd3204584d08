//! The file with the generated secrets: one line for each, with the time of its creation.

use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::KeyError;
use super::key::Key;
use super::set::KeySet;
use crate::private::{self, PrivateFileError};

/// The key file, locked for this process.
pub(super) struct KeyFile {
    path: PathBuf,
    /// Held so that no other process replaces the file.
    _lock: fs::File,
}

impl KeyFile {
    /// Locks the file, which may be missing. Creates its directory.
    pub(super) fn open(path: &Path) -> Result<Self, KeyError> {
        let lock = open_lock(path)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(KeyError::Locked(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(KeyError::File(path.to_owned(), error)),
        }
    }

    /// Reads the keys. A missing file is created with one random key.
    pub(super) fn read_or_create(&self, now: Timestamp) -> Result<KeySet, KeyError> {
        match private::open(&self.path, OpenOptions::new().read(true)) {
            Ok(file) => self.parse(&io::read_to_string(file).map_err(|error| self.error(error))?),
            Err(PrivateFileError::Io(_, error)) if error.kind() == ErrorKind::NotFound => {
                let keys = KeySet::random(now);
                self.write(&keys)?;
                Ok(keys)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces the content of the file with the keys.
    pub(super) fn write(&self, keys: &KeySet) -> Result<(), KeyError> {
        let line = |key: &Key| format!("{} {}\n", key.created_at, key.secret.expose_secret());
        let text: String = keys.iter().map(|key| line(key)).collect();
        replace(&self.path, &text).map_err(|error| self.error(error))
    }

    fn parse(&self, text: &str) -> Result<KeySet, KeyError> {
        let key = |line: &str| {
            let (created_at, secret) = line.split_once(' ')?;
            Key::new(secret, created_at.parse().ok()?)
        };
        let keys: Option<Vec<_>> = text.lines().map(key).collect();
        keys.and_then(KeySet::new).ok_or_else(|| KeyError::Malformed(self.path.clone()))
    }

    fn error(&self, error: io::Error) -> KeyError {
        KeyError::File(self.path.clone(), error)
    }
}

/// Opens the file that is locked in place of the key file, which is replaced at every write.
fn open_lock(path: &Path) -> Result<fs::File, KeyError> {
    let directory = directory(path);
    let created = fs::create_dir_all(directory);
    created.map_err(|error| KeyError::File(directory.to_owned(), error))?;
    let lock = with_suffix(path, "lock");
    Ok(private::open(&lock, OpenOptions::new().write(true).create(true).truncate(false))?)
}

/// Replaces a file by one that only its owner can read. A crash leaves either the old or the new
/// file, complete.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let new = with_suffix(path, "new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    fs::File::open(directory(path))?.sync_all()
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{suffix}"));
    name.into()
}
