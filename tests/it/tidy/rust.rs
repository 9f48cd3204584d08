//! Splits Rust into code, comments and literals.

use super::source::Source;

/// The kind of a piece of Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Code,
    Comment,
    /// A string or character literal.
    Text,
}

impl Source {
    /// The parts of the file in order; together they are the whole text.
    pub(super) fn parts(&self) -> Vec<(Part, &str)> {
        let mut parts = Vec::new();
        let mut rest = self.text.as_str();
        while !rest.is_empty() {
            let (part, length) = first_part(rest);
            let (text, after) = rest.split_at(length);
            parts.push((part, text));
            rest = after;
        }
        parts
    }

    /// The numbered lines, with spaces in place of comments, literals and inline tests.
    pub(super) fn code(&self) -> Vec<(usize, String)> {
        let parts = self.parts().into_iter().map(|(part, text)| match part {
            Part::Code => text.to_owned(),
            Part::Comment | Part::Text => blank(text),
        });
        let code = without_tests(&parts.collect::<String>());
        (1..).zip(code.lines().map(str::to_owned)).collect()
    }
}

pub(super) fn is_word_character(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Returns 1 for an opening bracket, -1 for a closing one, else 0.
pub(super) fn nesting(character: char) -> i32 {
    match character {
        '(' | '[' | '{' => 1,
        ')' | ']' | '}' => -1,
        _ => 0,
    }
}

fn blank(text: &str) -> String {
    text.chars().map(|character| if character == '\n' { '\n' } else { ' ' }).collect()
}

/// Returns the kind of the first part of the text, and its length in bytes.
fn first_part(text: &str) -> (Part, usize) {
    if text.starts_with("//") {
        (Part::Comment, text.find('\n').unwrap_or(text.len()))
    } else if text.starts_with("/*") {
        (Part::Comment, block_comment(text))
    } else if let Some(length) = string_literal(text).or_else(|| character_literal(text)) {
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

fn string_literal(text: &str) -> Option<usize> {
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

/// Returns the length of a quoted character; `None` for a lifetime.
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

/// Replaces every item under `#[cfg(test)]` by spaces.
fn without_tests(code: &str) -> String {
    match code.split_once("#[cfg(test)]") {
        None => code.to_owned(),
        Some((before, rest)) => {
            let (item, after) = rest.split_at(item_end(rest));
            [before, &blank(item), &without_tests(after)].concat()
        }
    }
}

/// Returns the length of the item that the code begins with.
fn item_end(code: &str) -> usize {
    let mut depth = 0;
    for (position, character) in code.char_indices() {
        depth += nesting(character);
        if depth == 0 && matches!(character, '}' | ';') {
            return position + 1;
        }
    }
    code.len()
}
