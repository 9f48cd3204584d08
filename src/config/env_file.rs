//! The file `.env` in the working directory, whose lines are variables of the environment.
//!
//! Only this file counts, and no file of a parent directory, which may belong to another program.
//! Each line is read on its own, so that a mistake in one line hides no other line.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use crate::private::require_private;

/// The path of the file.
const PATH: &str = ".env";

/// The characters that some editors put at the beginning of a file in UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Why the file is refused. No reason quotes a line, which may contain a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvFileError {
    /// The file can't be read.
    #[error("./.env can't be read: {0}")]
    Unreadable(String),
    /// Other users may read or change the file.
    #[error("./.env is not private: {0}")]
    Exposed(String),
    /// A line is not an assignment.
    #[error(
        "./.env, line {0}: it must be NAME=VALUE or a comment after #; a value with spaces or \
         special characters needs single quotes"
    )]
    Malformed(usize),
    /// A value would be replaced by that of another variable.
    #[error("./.env, line {0}: variables are not replaced; write a value with $ in single quotes")]
    Replacement(usize),
    /// An earlier line sets the same variable.
    #[error("./.env, line {0}: an earlier line sets {1}; remove one of them")]
    Repeated(usize, String),
    /// A line is not UTF-8.
    #[error("./.env, line {0}: it must be UTF-8")]
    Encoding(usize),
}

/// Adds the variables of the file to the environment of this process. A variable that is already
/// set keeps its value. Without the file, this does nothing.
pub(super) fn load() -> Result<(), EnvFileError> {
    let unreadable = |error: io::Error| EnvFileError::Unreadable(error.to_string());
    let mut file = match File::open(PATH) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unreadable(error)),
    };
    let path = Path::new(PATH);
    require_private(path, path, &file.metadata().map_err(unreadable)?)
        .map_err(|error| EnvFileError::Exposed(error.to_string()))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    let lines = checked_lines(bytes)?;
    dotenvy::from_read(lines.as_bytes())
        .map_err(|error| EnvFileError::Unreadable(error.to_string()))
}

/// Returns the text of the file if every line is an assignment, a comment or empty.
fn checked_lines(bytes: Vec<u8>) -> Result<String, EnvFileError> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
        EnvFileError::Encoding(1 + valid.filter(|byte| **byte == b'\n').count())
    })?;
    // The parser expects every line to end.
    let text = format!("{}\n", text.trim_start_matches(BYTE_ORDER_MARK));
    let mut names = HashSet::new();
    for (number, line) in (1..).zip(text.lines()) {
        let Some(name) = name(line, number)? else { continue };
        if !names.insert(name.clone()) {
            return Err(EnvFileError::Repeated(number, name));
        }
    }
    Ok(text)
}

/// Returns the name of the variable that a line sets, or `None` if the line sets none.
fn name(line: &str, number: usize) -> Result<Option<String>, EnvFileError> {
    // The parser takes some of them for the end of a value.
    if line.contains(|character: char| character.is_control() && character != '\t') {
        return Err(EnvFileError::Malformed(number));
    }
    let line = format!("{line}\n");
    if let Some(misread) = misread(&line, number) {
        return Err(misread);
    }
    match dotenvy::from_read_iter(line.as_bytes()).next() {
        None => Ok(None),
        Some(Ok((name, _))) => Ok(Some(name)),
        Some(Err(_)) => Err(EnvFileError::Malformed(number)),
    }
}

/// Returns why the parser would accept a line but change its value: it replaces a `$` that is
/// neither escaped nor in single quotes, and drops a backslash at the end.
fn misread(line: &str, number: usize) -> Option<EnvFileError> {
    let mut is_escaped = false;
    let mut quote = None;
    let mut before = ' ';
    for character in line.chars() {
        match (character, quote) {
            ('\n', _) if is_escaped => return Some(EnvFileError::Malformed(number)),
            _ if is_escaped => is_escaped = false,
            ('\\', None | Some('"')) => is_escaped = true,
            ('\'' | '"', None) => quote = Some(character),
            ('#', None) if before.is_whitespace() => return None,
            ('$', None | Some('"')) => return Some(EnvFileError::Replacement(number)),
            (end, Some(begin)) if end == begin => quote = None,
            _ => {}
        }
        before = character;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<(), EnvFileError> {
        checked_lines(text.as_bytes().to_vec()).map(drop)
    }

    #[test]
    fn assignments_comments_and_empty_lines_are_accepted() {
        let text = "\u{feff}# the shop\r\nA=b # don't\r\n\r\nexport B = c \nC='two words $x'\n\
                    D=\"a \\\"b\\\" \\$c\"\n  # $HOME\nE=\nF=a#b\nG=http://127.0.0.1:5001";
        assert_eq!(checked(text), Ok(()));
        let text = checked_lines(text.as_bytes().to_vec()).unwrap();
        let variables: Result<Vec<_>, _> = dotenvy::from_read_iter(text.as_bytes()).collect();
        let expected = [
            ("A", "b"),
            ("B", "c"),
            ("C", "two words $x"),
            ("D", "a \"b\" $c"),
            ("E", ""),
            ("F", "a#b"),
            ("G", "http://127.0.0.1:5001"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(variables.unwrap(), expected);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_refused_with_its_number() {
        for line in [
            "A B=c",
            "A",
            "=b",
            "1A=b",
            "A=b c",
            "A='b",
            "A=\"b",
            "A=b\\",
            "A='b\\'",
            "A=\"b\\q\"",
            "A=b\0",
            "A=b\rB=c",
            "A=b\u{c}B=c",
            "A=b\u{85}",
            "A-B=c",
        ] {
            let text = format!("FIRST=1\n\n{line}\nLAST='x'\n");
            assert_eq!(checked(&text), Err(EnvFileError::Malformed(3)), "{line:?}");
            assert_eq!(checked(&format!("X=1\n{line}")), Err(EnvFileError::Malformed(2)));
        }
        assert_eq!(checked_lines(b"A=b\nB=\xff\n".to_vec()), Err(EnvFileError::Encoding(2)));
    }

    #[test]
    fn a_value_that_the_parser_would_replace_is_refused() {
        for line in ["A=pa$$word", "A=$HOME", "A=${HOME}/x", "A=\"x $B\"", "A='x'$B"] {
            assert_eq!(checked(line), Err(EnvFileError::Replacement(1)), "{line}");
        }
    }

    #[test]
    fn a_variable_that_is_set_twice_is_refused() {
        let refused = EnvFileError::Repeated(3, "A".to_owned());
        assert_eq!(checked("A=1\nB=2\nA=3\n"), Err(refused));
    }
}
