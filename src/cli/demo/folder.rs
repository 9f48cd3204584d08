//! The folder of a demo: its store, its keys and the password of its robots.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

use super::DemoError;
use crate::config::Config;
use crate::private::{self, PrivateFileError};

/// The file with the password of the robots. A folder that has it is complete.
const ROBOTS: &str = "robots";

/// The file that a folder has while it is filled.
const UNFINISHED: &str = "unfinished";

/// The store.
const STORE: &str = "shop";

/// The folder of a demo.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Returns the settings of a shop in the folder: with the simulated bank, and with what
    /// administrators break to see that nothing is lost.
    pub(super) fn settings(&self, mut config: Config) -> Config {
        config.store.url = format!("sled:{}", self.0.join(STORE).display()).into();
        config.auth.key_file = self.0.join("keys");
        "simulated".clone_into(&mut config.bank.url);
        config.admin.chaos = true;
        config
    }

    /// Returns the password of the robots; `None` if the folder is not complete.
    pub(super) fn password(&self) -> Result<Option<String>, DemoError> {
        match private::open(&self.0.join(ROBOTS), OpenOptions::new().read(true)) {
            Ok(file) => Ok(Some(self.checked(io::read_to_string(file))?)),
            Err(PrivateFileError::Io(_, error)) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Prepares the folder to be filled. Returns an error if it has files of another program.
    pub(super) fn begin(&self) -> Result<(), DemoError> {
        self.checked(fs::create_dir_all(&self.0))?;
        if self.0.join(UNFINISHED).exists() {
            return self.checked(remove_store(self.0.join(STORE)));
        }
        if self.checked(fs::read_dir(&self.0))?.next().is_some() {
            return Err(DemoError::Foreign(self.0.clone()));
        }
        self.checked(File::create_new(self.0.join(UNFINISHED)))?;
        Ok(())
    }

    /// Marks the folder as complete.
    pub(super) fn finish(&self, password: &str) -> Result<(), DemoError> {
        let written = File::create_new(self.0.join(ROBOTS)).and_then(|mut file| {
            file.write_all(password.as_bytes())?;
            file.sync_all()
        });
        self.checked(written)?;
        self.checked(fs::remove_file(self.0.join(UNFINISHED)))
    }

    fn checked<T>(&self, result: io::Result<T>) -> Result<T, DemoError> {
        result.map_err(|error| DemoError::Folder(self.0.clone(), error))
    }
}

/// Removes the store of a week that was not finished.
fn remove_store(store: PathBuf) -> io::Result<()> {
    match fs::remove_dir_all(store) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
