//! A disk that fails on command: a small library that a process preloads.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

use tempfile::TempDir;

use crate::preload;

/// The numbers of the errors on Linux.
pub(super) const EIO: u32 = 5;
pub(super) const ENOSPC: u32 = 28;

/// The built library, and the files through which it is controlled.
pub(super) struct Shim {
    folder: TempDir,
    library: PathBuf,
}

/// Which calls fail.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    /// `write` or `sync`.
    pub(super) call: &'static str,
    /// The error of the calls.
    pub(super) error: u32,
    /// The number of the first call that fails, counted from 1 in each process.
    pub(super) from: u32,
}

impl Shim {
    /// Builds the library. The disk fails until [`Shim::repairs_the_disk`].
    pub(super) fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let library = preload::build(include_str!("shim.c"), folder.path());
        File::create(folder.path().join("while")).unwrap();
        Self { folder, library }
    }

    /// Makes a command run on a disk with a fault.
    pub(super) fn preload<'a>(&self, command: &'a mut Command, fault: Fault) -> &'a mut Command {
        let _ = fs::remove_file(self.mark());
        command
            .env("LD_PRELOAD", &self.library)
            .env("FAIL_CALL", fault.call)
            .env("FAIL_ERROR", fault.error.to_string())
            .env("FAIL_FROM", fault.from.to_string())
            .env("FAIL_WHILE", self.folder.path().join("while"))
            .env("FAIL_MARK", self.mark())
    }

    /// When the first call of the last process failed, `None` if none has failed yet.
    pub(super) fn failed_at(&self) -> Option<SystemTime> {
        fs::metadata(self.mark()).ok()?.modified().ok()
    }

    /// Ends the fault, also in running processes.
    pub(super) fn repairs_the_disk(&self) {
        fs::remove_file(self.folder.path().join("while")).unwrap();
    }

    fn mark(&self) -> PathBuf {
        self.folder.path().join("mark")
    }
}
