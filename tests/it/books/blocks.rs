//! Reads the shell blocks of the pages.

use std::fs;
use std::path::Path;

/// The folder of the repository.
pub(super) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Other names of the shell, which would hide a block from the tests.
const OTHER_NAMES: [&str; 5] = ["bash", "shell", "console", "zsh", "shell-session"];

/// What a fence says after `sh` if its block does not run: it installs programs or needs some that
/// the tests do not install, runs tests, measures for minutes, or needs systemd.
pub(super) const NO_RUN: [&str; 4] =
    ["no-run=installs", "no-run=tests", "no-run=benchmarks", "no-run=systemd"];

/// A block of shell commands.
pub(super) struct Block {
    /// The page and the line of its fence, as in `README.md:7`.
    pub(super) place: String,
    /// What its fence says after `sh`; empty if it runs.
    pub(super) mark: String,
    pub(super) text: String,
}

/// Returns the shell blocks of every page for readers, page by page.
pub(super) fn pages() -> Vec<Vec<Block>> {
    let docs = fs::read_dir(Path::new(ROOT).join("docs")).unwrap();
    let names = docs.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let docs = names.filter(|name| name.ends_with(".md")).map(|name| format!("docs/{name}"));
    let pages = ["README.md", "CONTRIBUTING.md"].map(str::to_owned).into_iter().chain(docs);
    pages.map(|page| blocks(&page)).collect()
}

fn blocks(page: &str) -> Vec<Block> {
    let text = fs::read_to_string(Path::new(ROOT).join(page)).unwrap();
    let mut found = Vec::new();
    let mut lines = (1..).zip(text.lines());
    while let Some((line, text)) = lines.next() {
        let Some(fence) = text.strip_prefix("```") else { continue };
        let inside = lines.by_ref().map(|(_, text)| text).take_while(|text| *text != "```");
        let text = inside.map(|text| format!("{text}\n")).collect();
        let (language, mark) = fence.split_once(' ').unwrap_or((fence, ""));
        let place = format!("{page}:{line}");
        assert!(!OTHER_NAMES.contains(&language), "{place}: write `sh` for {language}");
        if language == "sh" {
            found.push(Block { place, mark: mark.to_owned(), text });
        }
    }
    found
}

/// Splits a block into commands and these into words, without quotation marks and comments.
pub(super) fn commands(text: &str) -> Vec<Vec<String>> {
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().map(|line| line.split_once('#').map_or(line, |(code, _)| code));
    let words = lines.map(|line| line.split_whitespace().map(str::to_owned).collect());
    words.filter(|words: &Vec<_>| !words.is_empty()).collect()
}
