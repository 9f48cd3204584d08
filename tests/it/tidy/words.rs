//! The rule about words: the table in `CONTRIBUTING.md` lists the words that no file uses.

use super::assert_none;
use super::source::{Source, tree};

/// The file with the table, and the marks around it.
const TABLE: &str = "CONTRIBUTING.md";
const BEGIN: &str = "<!-- words -->";
const END: &str = "<!-- /words -->";

/// Files that are generated, come from others, or hold the texts of the pages.
const EXEMPT: [&str; 8] = [
    "Cargo.lock",
    "static/package-lock.json",
    "tests/tools/package-lock.json",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "docs/asyncapi.json",
    "views/locales/",
    "views/src/snapshots/",
];

/// What `…` stands for: up to three words, of which the first begins a noun phrase and no later
/// one begins a clause.
const GAP: usize = 3;
const DETERMINERS: [&str; 29] = [
    "a", "an", "the", "its", "his", "her", "their", "our", "your", "my", "this", "that", "these",
    "those", "every", "each", "all", "any", "no", "some", "it", "them", "him", "us", "one", "two",
    "three", "both", "such",
];
const CLAUSES: [&str; 17] = [
    "that", "which", "who", "to", "and", "or", "but", "be", "been", "is", "are", "was", "were",
    "not", "of", "what", "when",
];

/// A forbidden phrase, and what to write in its place.
pub(super) struct Phrase {
    words: Vec<String>,
    instead: String,
}

/// A word of a text, in lower case, and its line; empty where a sentence or a clause ends.
type Word = (usize, String);

#[test]
fn no_file_uses_a_word_that_the_table_replaces() {
    let tree = tree().unwrap();
    let phrases: Vec<_> = tree.iter().flat_map(phrases).collect();
    assert!(!phrases.is_empty(), "{TABLE} has no table of words");
    assert_none(tree.iter().flat_map(|source| forbidden_words(source, &phrases)).collect());
}

/// Reads the phrases of the table, of which a row may list several: `| one, two | instead |`.
pub(super) fn phrases(table: &Source) -> Vec<Phrase> {
    let rows = table.lines().filter(|_| table.path == TABLE);
    let rows = rows.skip_while(|(_, row)| *row != BEGIN).take_while(|(_, row)| *row != END);
    let mut found = Vec::new();
    for (_, row) in rows.filter(|(_, row)| row.starts_with('|')).skip(2) {
        let mut cells = row.trim_matches('|').split(" | ").map(str::trim);
        let (Some(never), Some(instead)) = (cells.next(), cells.next()) else { continue };
        for phrase in never.split(", ") {
            let words = phrase.split(' ').map(|word| word.trim_matches('`').to_lowercase());
            found.push(Phrase { words: words.collect(), instead: instead.to_owned() });
        }
    }
    found
}

pub(super) fn forbidden_words(source: &Source, phrases: &[Phrase]) -> Vec<String> {
    let exempt = EXEMPT.iter().any(|start| source.path.starts_with(start));
    let words = if exempt { Vec::new() } else { words(source) };
    let mut found = Vec::new();
    let mut rest = words.as_slice();
    while let Some(((line, _), next)) = rest.split_first() {
        if let [(_, first), _, (_, third), after @ ..] = rest
            && (first.as_str(), third.as_str()) == ("as", "as")
        {
            rest = after; // a comparison, such as "as long as it is open"
            continue;
        }
        let present =
            phrases.iter().filter_map(|phrase| Some((phrase, after(rest, &phrase.words)?)));
        let longest = present.min_by_key(|(_, after)| after.len());
        found.extend(longest.map(|(phrase, _)| {
            let what = format!("`{}`: write {}", phrase.words.join(" "), phrase.instead);
            source.at(*line, &what)
        }));
        rest = longest.map_or(next, |(_, after)| after);
    }
    found
}

/// Returns the words after the phrase that they begin with.
fn after<'a>(words: &'a [Word], phrase: &[String]) -> Option<&'a [Word]> {
    let Some((first, rest)) = phrase.split_first() else { return Some(words) };
    if first == "…" {
        let gaps = (1..=GAP).filter_map(|gap| words.split_at_checked(gap));
        let mut subjects = gaps.filter(|(subject, _)| is_noun_phrase(subject));
        return subjects.find_map(|(_, words)| after(words, rest));
    }
    let ((_, word), words) = words.split_first()?;
    let same = word == first || first == "has" && ["have", "had"].contains(&word.as_str());
    if same { after(words, rest) } else { None }
}

fn is_noun_phrase(words: &[Word]) -> bool {
    let Some(((_, first), rest)) = words.split_first() else { return false };
    DETERMINERS.contains(&first.as_str())
        && rest.iter().all(|(_, word)| !word.is_empty() && !CLAUSES.contains(&word.as_str()))
}

/// Splits the path and the text of a file into words, also at `_` and inside CamelCase.
///
/// A sentence may run over several lines.
fn words(source: &Source) -> Vec<Word> {
    let mut found = Vec::new();
    words_of_line(1, &source.path, &mut found);
    found.push((1, String::new()));
    let mut in_table = false;
    for (line, text) in source.lines() {
        in_table = source.path == TABLE && text != END && (in_table || text == BEGIN);
        let prose = text.trim_start().trim_start_matches(['/', '!', '#', '-', '*', '>', ' ']);
        if in_table || prose.is_empty() || text.trim_start().starts_with("- ") {
            found.push((line, String::new()));
        }
        if !in_table {
            words_of_line(line, prose, &mut found);
        }
    }
    found
}

fn words_of_line(line: usize, text: &str, found: &mut Vec<Word>) {
    let mut word = String::new();
    let mut characters = text.chars().peekable();
    let mut before = ' ';
    while let Some(character) = characters.next() {
        let next_is_lower = characters.peek().is_some_and(|next| next.is_lowercase());
        let begins = character.is_uppercase() && (before.is_lowercase() || next_is_lower);
        if !character.is_alphanumeric() || begins {
            found.extend((!word.is_empty()).then(|| (line, std::mem::take(&mut word))));
        }
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        } else if character == '\\' {
            characters.next(); // an escape such as `\n`
        } else if !" _-\"'`*".contains(character) {
            found.push((line, String::new()));
        }
        before = character;
    }
    found.extend((!word.is_empty()).then_some((line, word)));
}
