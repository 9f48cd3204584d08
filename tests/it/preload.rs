//! Small libraries that a process preloads, to change what the system does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds a library from a source in C, in a folder, and returns its path.
pub(crate) fn build(source: &str, folder: &Path) -> PathBuf {
    let source_file = folder.join("shim.c");
    fs::write(&source_file, source).unwrap();
    let library = folder.join("shim.so");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source_file).arg("-ldl");
    assert!(compiler.status().expect("cc is installed").success());
    library
}
