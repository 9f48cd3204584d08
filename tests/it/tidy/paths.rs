//! Finds the paths that Rust code names.
//!
//! `use std::{fs, io::Read}` names `std::fs` and `std::io::Read`.

use std::iter::Peekable;

use super::rust::is_word_character;
use super::source::Source;

impl Source {
    /// The imports, and every path of two names or more, with their lines.
    ///
    /// Leaves out paths that begin with a module of this crate that the file declares or imports.
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

fn is_word(token: &str) -> bool {
    token.starts_with(is_word_character)
}

/// Splits code into words, `::`, and single other characters.
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

/// Returns the path that begins with a word, or `None` if the word stands alone.
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

/// Reads one `use` up to its semicolon and returns its paths.
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

/// Returns the name under which an import from this crate can be used.
fn own_module(path: &str) -> Option<String> {
    let (start, name) = path.strip_suffix("::self").unwrap_or(path).rsplit_once("::")?;
    ["crate", "self", "super"].iter().any(|own| start.starts_with(own)).then(|| name.to_owned())
}
