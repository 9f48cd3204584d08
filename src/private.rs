//! Files that only the user of this process may use: the store, the keys and `.env`.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{geteuid, umask};

/// The permissions of the group and of others.
const OTHERS: u32 = 0o077;

/// Why a file is not used.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// The operating system refuses it.
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    /// The group or others have permissions.
    #[error("other users can use {path}, run: chmod -R go-rwx {all}")]
    Shared {
        /// The file.
        path: PathBuf,
        /// The file, or the directory that must be private with everything in it.
        all: PathBuf,
    },
    /// Another user owns the file, and may change its permissions.
    #[error("{path} belongs to another user, run as that user, or: chown -R {user} {all}")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The file, or the directory that must be private with everything in it.
        all: PathBuf,
        /// The id of the user of this process.
        user: u32,
    },
    /// The path is a symbolic link, which may lead to a file of another program.
    #[error("{0} is a symbolic link; it must be a file or a directory")]
    Link(PathBuf),
}

/// Makes every file that this process creates from now on usable by its user only.
pub fn restrict_new_files() {
    umask(Mode::from_raw_mode(OTHERS));
}

/// Opens a private file with these options, but not through a symbolic link.
pub fn open(path: &Path, options: &OpenOptions) -> Result<File, PrivateFileError> {
    let refused = |error: io::Error| match Errno::from_io_error(&error) {
        Some(Errno::LOOP) => PrivateFileError::Link(path.to_owned()),
        _ => PrivateFileError::Io(path.to_owned(), error),
    };
    let mut options = options.clone();
    // Opening a pipe would otherwise wait for its other end.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let file = options.mode(0o600).custom_flags(flags.cast_signed()).open(path).map_err(refused)?;
    require_private(path, path, &file.metadata().map_err(refused)?)?;
    Ok(file)
}

/// Returns an error if a directory, or anything in it, is not private. A missing directory is.
pub fn require_private_directory(path: &Path) -> Result<(), PrivateFileError> {
    require_private_entries(path, path)
}

fn require_private_entries(path: &Path, all: &Path) -> Result<(), PrivateFileError> {
    let refused = |error| PrivateFileError::Io(path.to_owned(), error);
    let entries = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            require_private(path, all, &metadata)?;
            fs::read_dir(path).map_err(refused)?
        }
        Ok(metadata) => return require_private(path, all, &metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(refused(error)),
    };
    for entry in entries {
        let entry = entry.map_err(refused)?.path();
        if entry.is_symlink() {
            return Err(PrivateFileError::Link(entry));
        }
        require_private_entries(&entry, all)?;
    }
    Ok(())
}

/// Returns an error if the metadata of a file allow another user than that of this process to use
/// it. The error names `all` as what to make private.
pub fn require_private(
    path: &Path,
    all: &Path,
    metadata: &Metadata,
) -> Result<(), PrivateFileError> {
    let path = path.to_owned();
    let all = all.to_owned();
    let user = geteuid().as_raw();
    if metadata.uid() != user {
        return Err(PrivateFileError::Foreign { path, all, user });
    }
    if metadata.mode() & OTHERS != 0 {
        return Err(PrivateFileError::Shared { path, all });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn open_to_write(path: &Path) -> Result<File, PrivateFileError> {
        open(path, OpenOptions::new().write(true).create(true))
    }

    #[test]
    fn a_private_file_is_created_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let file = open_to_write(&path).unwrap();
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600);
        for mode in [0o610, 0o604, 0o640, 0o666, 0o602] {
            set_mode(&path, mode);
            let refusal = open_to_write(&path).unwrap_err();
            assert!(matches!(refusal, PrivateFileError::Shared { .. }), "{mode:o}: {refusal}");
            assert!(refusal.to_string().contains("chmod -R go-rwx "), "{refusal}");
        }
    }

    #[test]
    fn no_private_file_is_opened_through_a_symbolic_link() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        for target in ["missing", "file"] {
            symlink(folder.path().join(target), &link).unwrap();
            let refusal = open_to_write(&link).unwrap_err();
            assert!(matches!(refusal, PrivateFileError::Link(_)), "{refusal}");
            assert!(!folder.path().join("missing").exists());
            fs::remove_file(&link).unwrap();
            fs::write(folder.path().join("file"), "").unwrap();
        }
    }

    #[test]
    fn a_directory_is_private_with_everything_in_it() {
        let folder = tempfile::tempdir().unwrap();
        set_mode(folder.path(), 0o700);
        assert!(require_private_directory(&folder.path().join("missing")).is_ok());
        let nested = folder.path().join("nested");
        fs::create_dir(&nested).unwrap();
        set_mode(&nested, 0o700);
        open_to_write(&nested.join("file")).unwrap();
        assert!(require_private_directory(folder.path()).is_ok());
        for path in [&nested.join("file"), &nested, folder.path()] {
            let mode = fs::metadata(path).unwrap().mode();
            set_mode(path, mode | 0o010);
            let refusal = require_private_directory(folder.path()).unwrap_err();
            let fix = format!("chmod -R go-rwx {}", folder.path().display());
            for part in [path.to_str().unwrap(), &fix] {
                assert!(refusal.to_string().contains(part), "{refusal}");
            }
            set_mode(path, mode);
        }
        symlink("file", nested.join("link")).unwrap();
        assert!(require_private_directory(folder.path()).is_err());
    }
}
