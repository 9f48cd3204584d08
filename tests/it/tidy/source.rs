//! The text files of the tree, and what each is for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A file of the tree.
#[derive(Clone)]
pub(super) struct Source {
    /// The path from the root of the repository, with `/`.
    pub(super) path: String,
    /// The text; empty for a binary file.
    pub(super) text: String,
    /// Whether another file declares this one for tests: `#[cfg(test)] mod name;`.
    for_tests: bool,
}

/// The folders that hold generated or downloaded files.
const SKIPPED_FOLDERS: [&str; 5] = ["target", ".git", "node_modules", "python", "data"];

/// The folders and files that are shipped or that build what is shipped.
const PROGRAM: [&str; 5] = ["domain/src/", "actors/src/", "views/src/", "src/", "build.rs"];

/// Returns every file of the tree, sorted by path.
pub(super) fn tree() -> io::Result<Vec<Source>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    walk(root, &mut paths)?;
    paths.sort();
    let mut sources = Vec::new();
    for path in paths {
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => String::new(),
            text => text?,
        };
        let path = path.strip_prefix(root).unwrap_or(&path);
        sources.push(Source::new(&path.to_string_lossy(), &text));
    }
    Ok(with_roles(sources))
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_file() {
            found.push(entry.path());
        } else if kind.is_dir() && !SKIPPED_FOLDERS.iter().any(|name| entry.file_name() == *name) {
            walk(&entry.path(), found)?;
        }
    }
    Ok(())
}

/// Marks the sources that another source declares for tests.
pub(super) fn with_roles(mut sources: Vec<Source>) -> Vec<Source> {
    let for_tests: Vec<_> = sources.iter().flat_map(Source::test_files).collect();
    for source in &mut sources {
        source.for_tests = for_tests.contains(&source.path);
    }
    sources
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), for_tests: false }
    }

    pub(super) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether the file is Rust that is shipped or builds what is shipped: no test, no benchmark.
    pub(super) fn is_program(&self) -> bool {
        self.is_rust()
            && PROGRAM.iter().any(|start| self.path.starts_with(start))
            && !self.for_tests
    }

    /// Returns the files that this one declares with `#[cfg(test)] mod name;`.
    fn test_files(&self) -> Vec<String> {
        let Some(stem) = self.path.strip_suffix(".rs") else { return Vec::new() };
        let folder =
            stem.strip_suffix("/lib").or_else(|| stem.strip_suffix("/main")).unwrap_or(stem);
        let declared =
            self.text.split("#[cfg(test)]").skip(1).filter_map(|after| after.split_once("mod "));
        let modules = declared.filter(|(visibility, _)| {
            ["", "pub", "pub(crate)", "pub(super)"].contains(&visibility.trim())
        });
        let names = modules.filter_map(|(_, after)| after.split_once(';')).map(|(name, _)| name);
        names
            .filter(|name| name.chars().all(|next| next.is_alphanumeric() || next == '_'))
            .map(|name| format!("{folder}/{name}.rs"))
            .collect()
    }

    /// The lines with their numbers, from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// A finding of a rule: the place and the reason.
    pub(super) fn at(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path)
    }
}
