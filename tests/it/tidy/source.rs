//! Source files as the house rules read them: what is code, what is comment, what is text, and which paths are named.

use std::fs;
use std::io;
use std::iter::Peekable;
use std::path::{Path, PathBuf};

/// Folders that hold nothing of ours.
const FOREIGN: [&str; 4] = ["target", ".git", "node_modules", "data"];

/// What a piece of Rust is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Code,
    Comment,
    Text,
}

/// A text file of the tree.
#[derive(Clone)]
pub(super) struct Source {
    /// From the root on, with `/`.
    pub(super) path: String,
    pub(super) text: String,
    /// Whether it is declared for tests: `#[cfg(test)] mod name;`.
    for_tests: bool,
}

/// Every text file of the tree, in the order of their paths.
pub(super) fn tree() -> io::Result<Vec<Source>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    walk(root, &mut paths)?;
    paths.sort();
    let mut sources = Vec::new();
    for path in paths {
        match fs::read_to_string(&path) {
            Ok(text) => sources.push(Source::new(
                &path.strip_prefix(root).unwrap_or(&path).to_string_lossy(),
                &text,
            )),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {}
            Err(error) => return Err(error),
        }
    }
    Ok(with_roles(sources))
}

/// The sources, of which each knows whether another declares it for tests.
pub(super) fn with_roles(mut sources: Vec<Source>) -> Vec<Source> {
    let for_tests: Vec<_> = sources.iter().flat_map(Source::test_files).collect();
    for source in &mut sources {
        source.for_tests = for_tests.contains(&source.path);
    }
    sources
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            found.push(entry.path());
        } else if entry.file_type()?.is_dir()
            && !FOREIGN.iter().any(|name| entry.file_name() == *name)
        {
            walk(&entry.path(), found)?;
        }
    }
    Ok(())
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), for_tests: false }
    }

    pub(super) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether the file is part of what is shipped or builds it, so not a test or a benchmark.
    pub(super) fn is_program(&self) -> bool {
        let shipped = ["domain/src/", "actors/src/", "views/src/", "src/", "build.rs"];
        self.is_rust()
            && shipped.iter().any(|start| self.path.starts_with(start))
            && !self.for_tests
    }

    /// The files that this one declares with `#[cfg(test)] mod name;`.
    fn test_files(&self) -> Vec<String> {
        let Some(stem) = self.path.strip_suffix(".rs") else { return Vec::new() };
        let folder =
            stem.strip_suffix("/lib").or_else(|| stem.strip_suffix("/main")).unwrap_or(stem);
        let declared =
            self.text.split("#[cfg(test)]").skip(1).filter_map(|after| after.split_once("mod "));
        let names = declared.filter(|(visibility, _)| {
            ["", "pub", "pub(crate)", "pub(super)"].contains(&visibility.trim())
        });
        let files = names.filter_map(|(_, after)| after.split_once(';')).map(|(name, _)| name);
        files
            .filter(|name| name.chars().all(is_word_character))
            .map(|name| format!("{folder}/{name}.rs"))
            .collect()
    }

    /// A finding of a rule: where, and what.
    pub(super) fn at(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path)
    }

    /// The pieces of the file in order; together they are the whole text.
    pub(super) fn parts(&self) -> Vec<(Part, &str)> {
        let mut parts = Vec::new();
        let mut rest = self.text.as_str();
        while !rest.is_empty() {
            let (part, length) = first_part(rest);
            let (piece, after) = rest.split_at(length);
            parts.push((part, piece));
            rest = after;
        }
        parts
    }

    /// The lines with their numbers, from which comments, text and tests are blanked out.
    pub(super) fn code(&self) -> Vec<(usize, String)> {
        let pieces = self.parts().into_iter().map(|(part, piece)| match part {
            Part::Code => piece.to_owned(),
            Part::Comment | Part::Text => blank(piece),
        });
        numbered(&without_tests(&pieces.collect::<String>()))
    }

    /// The paths of two names or more, and whatever is imported, with their lines: `use std::{fs, io::Read}` is `std::fs` and `std::io::Read`.
    ///
    /// Paths that begin with a module of our own are left out where the file declares or imports that module.
    pub(super) fn paths(&self) -> Vec<(usize, String)> {
        let lines = self.code();
        let mut tokens = lines
            .iter()
            .flat_map(|(line, code)| tokens(code).map(|token| (*line, token)))
            .peekable();
        let mut found = Vec::new();
        let mut own = Vec::new();
        while let Some((line, token)) = tokens.next() {
            if token == "mod" {
                own.extend(tokens.peek().map(|(_, name)| (*name).to_owned()));
            } else if token == "use" && tokens.peek().is_some_and(|(_, next)| *next != "<") {
                let imported = imports(&mut tokens);
                own.extend(imported.iter().filter_map(|(_, path)| own_module(path)));
                found.extend(imported);
            } else if is_word(token) {
                found.extend(long_path(token, &mut tokens).map(|path| (line, path)));
            }
        }
        found.retain(|(_, path)| {
            path.split_once("::").is_none_or(|(first, _)| !own.iter().any(|name| name == first))
        });
        found
    }
}

fn numbered(text: &str) -> Vec<(usize, String)> {
    (1..).zip(text.lines().map(str::to_owned)).collect()
}

fn blank(text: &str) -> String {
    text.chars().map(|character| if character == '\n' { '\n' } else { ' ' }).collect()
}

/// What the text begins with, and how many bytes of it.
fn first_part(text: &str) -> (Part, usize) {
    if text.starts_with("//") {
        (Part::Comment, text.find('\n').unwrap_or(text.len()))
    } else if text.starts_with("/*") {
        (Part::Comment, block_comment(text))
    } else if let Some(length) = text_literal(text).or_else(|| character_literal(text)) {
        (Part::Text, length)
    } else {
        let word = text.find(|character| !is_word_character(character)).unwrap_or(text.len());
        (Part::Code, word.max(text.chars().next().map_or(0, char::len_utf8)))
    }
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    for (position, _) in text.char_indices() {
        let (before, rest) = text.split_at(position);
        if rest.starts_with("/*") {
            depth += 1;
        } else if before.ends_with("*/") {
            depth -= 1;
            if depth == 0 {
                return position;
            }
        }
    }
    text.len()
}

fn text_literal(text: &str) -> Option<usize> {
    let after_prefix = text.trim_start_matches(['b', 'c', 'r']);
    let opening = after_prefix.trim_start_matches('#');
    let raw = text.strip_suffix(after_prefix)?.ends_with('r');
    let body = opening.strip_prefix('"').filter(|_| raw || opening == after_prefix)?;
    let start = text.len() - body.len();
    if raw {
        let closing = format!("\"{}", "#".repeat(after_prefix.len() - opening.len()));
        return Some(body.find(&closing).map_or(text.len(), |end| start + end + closing.len()));
    }
    let mut escaped = false;
    let end = body.find(|character| {
        let closes = character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        closes
    });
    Some(end.map_or(text.len(), |end| start + end + 1))
}

/// A character between quotes; a lifetime is code.
fn character_literal(text: &str) -> Option<usize> {
    let mut characters = text.strip_prefix('\'')?.char_indices();
    let (_, first) = characters.next()?;
    if first == '\\' {
        characters.next();
        characters.find(|(_, character)| *character == '\'').map(|(position, _)| position + 2)
    } else {
        characters
            .next()
            .filter(|(_, character)| *character == '\'')
            .map(|(position, _)| position + 2)
    }
}

/// The code in which whatever stands under `#[cfg(test)]` is blanked out.
fn without_tests(code: &str) -> String {
    match code.split_once("#[cfg(test)]") {
        None => code.to_owned(),
        Some((before, rest)) => {
            let (item, after) = rest.split_at(item_end(rest));
            [before, &blank(item), &without_tests(after)].concat()
        }
    }
}

fn item_end(code: &str) -> usize {
    let mut depth = 0;
    for (position, character) in code.char_indices() {
        depth += match character {
            '(' | '[' | '{' => 1,
            ')' | ']' | '}' => -1,
            _ => 0,
        };
        if depth == 0 && matches!(character, '}' | ';') {
            return position + 1;
        }
    }
    code.len()
}

fn is_word_character(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn is_word(token: &str) -> bool {
    token.starts_with(is_word_character)
}

/// Words, `::`, and every other character by itself.
fn tokens(code: &str) -> impl Iterator<Item = &str> {
    let mut rest = code.trim_start();
    std::iter::from_fn(move || {
        let word = rest.find(|character| !is_word_character(character)).unwrap_or(rest.len());
        let length = match rest.chars().next()? {
            _ if word > 0 => word,
            _ if rest.starts_with("::") => 2,
            character => character.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        rest = after.trim_start();
        Some(token)
    })
}

/// The path that begins with a word, if more follows.
fn long_path<'a>(
    first: &str,
    tokens: &mut Peekable<impl Iterator<Item = (usize, &'a str)>>,
) -> Option<String> {
    let mut path = first.to_owned();
    while tokens.next_if(|(_, token)| *token == "::").is_some() {
        let Some((_, name)) = tokens.next_if(|(_, token)| is_word(token)) else { break };
        path = format!("{path}::{name}");
    }
    path.contains("::").then_some(path)
}

/// The paths of one `use`, to its semicolon.
fn imports<'a>(tokens: &mut impl Iterator<Item = (usize, &'a str)>) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut groups = Vec::new();
    let mut path = String::new();
    while let Some((line, token)) = tokens.next() {
        match token {
            "{" => groups.push(path.clone()),
            "as" => _ = tokens.next(),
            "," | "}" | ";" => {
                if !path.is_empty() && !path.ends_with("::") {
                    found.push((line, path.trim_start_matches("::").to_owned()));
                }
                if token == "}" {
                    groups.pop();
                    path.clear();
                } else {
                    path = groups.last().cloned().unwrap_or_default();
                }
            }
            _ => path.push_str(token),
        }
        if token == ";" {
            break;
        }
    }
    found
}

/// The name under which an import of our own crate can be used.
fn own_module(path: &str) -> Option<String> {
    let (start, name) = path.rsplit_once("::")?;
    ["crate", "self", "super"].iter().any(|own| start.starts_with(own)).then(|| name.to_owned())
}
