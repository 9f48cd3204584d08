//! The operator's list of leaked passwords: a file of SHA-1 hashes, as "Have I Been Pwned" offers
//! it for download.
//!
//! Each line is the hash in hexadecimal digits and, optionally, a colon and a count. The lines are
//! sorted, so that a search reads only a few of them, however large the file is.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use sha1::{Digest, Sha1};

/// The number of digits of a hash.
const DIGITS: usize = 40;

/// More bytes than a line has.
const LONGEST_LINE: usize = 128;

/// A list of leaked passwords; empty by default.
#[derive(Clone, Default)]
pub struct BreachedPasswords {
    file: Option<Arc<File>>,
}

impl BreachedPasswords {
    /// Opens a list. Returns an error if the file is unreadable, or if its first line, its last
    /// line and a line between them are not sorted hashes.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let end = file.metadata()?.len();
        let places = [0, end / 2, end.saturating_sub(1)];
        let hashes = places.map(|place| line_at(&file, place, end).map(|line| line.hash));
        let hashes = hashes.into_iter().collect::<io::Result<Vec<_>>>()?;
        if !hashes.is_sorted() {
            return Err(malformed());
        }
        Ok(Self { file: Some(Arc::new(file)) })
    }

    /// Whether the list has a password. The thread waits for the disk.
    pub fn contains(&self, password: &str) -> io::Result<bool> {
        let Some(file) = &self.file else { return Ok(false) };
        let hash: String =
            Sha1::digest(password).iter().map(|byte| format!("{byte:02X}")).collect();
        let mut start = 0;
        let mut end = file.metadata()?.len();
        while start < end {
            let line = line_at(file, start + (end - start) / 2, end)?;
            match line.hash.cmp(&hash) {
                Ordering::Equal => return Ok(true),
                Ordering::Less => start = line.end,
                Ordering::Greater => end = line.start,
            }
        }
        Ok(false)
    }
}

/// A line of the file.
struct Line {
    /// The hash, with capital letters.
    hash: String,
    /// Where the line begins, in bytes from the beginning of the file.
    start: u64,
    /// Where the next line begins.
    end: u64,
}

/// Reads the line that a byte of the file belongs to. No line begins at `end` or after it.
fn line_at(file: &File, place: u64, end: u64) -> io::Result<Line> {
    let from = place.saturating_sub(LONGEST_LINE as u64);
    let mut bytes = Vec::new();
    let mut chunk = [0; 2 * LONGEST_LINE];
    let wanted = (end - from).min(chunk.len() as u64) as usize;
    while bytes.len() < wanted {
        let read = file.read_at(&mut chunk, from + bytes.len() as u64)?;
        if read == 0 {
            break;
        }
        bytes.extend(chunk.iter().take(read.min(wanted - bytes.len())));
    }
    let (before, after) = bytes.split_at((place - from).min(bytes.len() as u64) as usize);
    let begun = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let rest = after.iter().position(|byte| *byte == b'\n').map_or(after.len(), |at| at + 1);
    let line = bytes.get(begun..before.len() + rest).unwrap_or_default();
    let start = from + begun as u64;
    Ok(Line { hash: hash_of(line)?, start, end: start + line.len() as u64 })
}

/// Returns the hash at the beginning of a line.
fn hash_of(line: &[u8]) -> io::Result<String> {
    let (hash, rest) = line.split_at_checked(DIGITS).ok_or_else(malformed)?;
    let is_hash = hash.iter().all(u8::is_ascii_hexdigit);
    if !is_hash || !matches!(rest.first(), None | Some(b':' | b'\r' | b'\n')) {
        return Err(malformed());
    }
    Ok(String::from_utf8_lossy(hash).to_ascii_uppercase())
}

fn malformed() -> io::Error {
    let right = "it must have a SHA-1 hash on each line, sorted by hash";
    io::Error::new(ErrorKind::InvalidData, right)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn list(text: &str) -> io::Result<BreachedPasswords> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        fs::write(&path, text).unwrap();
        BreachedPasswords::open(&path)
    }

    /// Returns the lines of some passwords, sorted.
    fn lines(count: usize, line_end: &str) -> String {
        let line = |number: usize| {
            let hash = Sha1::digest(format!("password {number}"));
            let hash: String = hash.iter().map(|byte| format!("{byte:02X}")).collect();
            format!("{hash}:{}{line_end}", 10_usize.pow(number as u32 % 8))
        };
        let mut lines: Vec<_> = (0..count).map(line).collect();
        lines.sort();
        lines.concat()
    }

    #[test]
    fn every_password_of_a_list_is_found_and_no_other() {
        for (count, line_end) in [(1, "\n"), (2, "\r\n"), (3, "\n"), (500, "\r\n")] {
            for text in [lines(count, line_end), lines(count, line_end).trim_end().to_owned()] {
                let list = list(&text).unwrap();
                for number in 0..count {
                    assert!(list.contains(&format!("password {number}")).unwrap(), "{number}");
                }
                for number in count..2 * count {
                    assert!(!list.contains(&format!("password {number}")).unwrap(), "{number}");
                }
            }
        }
        assert!(!BreachedPasswords::default().contains("password 1").unwrap());
    }

    #[test]
    fn hashes_may_have_small_letters_and_no_count() {
        let list = list("5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8\n").unwrap();
        assert!(list.contains("password").unwrap());
    }

    #[test]
    fn a_file_that_is_no_sorted_list_is_refused() {
        let sorted = lines(3, "\n");
        let unsorted: String = sorted.lines().rev().map(|line| format!("{line}\n")).collect();
        for text in ["", "\n", "password\n", &"x".repeat(40), &"A".repeat(41), &unsorted] {
            assert!(list(text).is_err(), "{text}");
        }
        assert!(BreachedPasswords::open(Path::new("no such file")).is_err());
        assert!(BreachedPasswords::open(&std::env::temp_dir()).is_err());
    }
}
