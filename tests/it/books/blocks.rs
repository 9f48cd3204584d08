//! Reads the shell blocks of the pages.

use std::fs;
use std::path::Path;

/// The folder of the repository.
pub(super) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Other names of the shell, which would hide a block from the tests.
const OTHER_NAMES: [&str; 5] = ["bash", "shell", "console", "zsh", "shell-session"];

/// A block of shell commands.
pub(super) struct Block {
    /// The line of its fence.
    pub(super) line: usize,
    /// Why it does not run.
    pub(super) no_run: Option<Reason>,
    pub(super) text: String,
}

/// Why a block does not run in a test.
#[derive(Debug, PartialEq)]
pub(super) enum Reason {
    /// It installs programs, or needs some that the tests do not install.
    Installs,
    /// It runs tests.
    Tests,
    /// It measures, which takes minutes.
    Benchmarks,
    /// It needs systemd.
    Systemd,
    /// The fence gives another reason.
    Unknown,
}

/// Returns every page for readers, by its path, with its shell blocks.
pub(super) fn pages() -> Vec<(String, Vec<Block>)> {
    let docs = fs::read_dir(Path::new(ROOT).join("docs")).unwrap();
    let names = docs.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let docs = names.filter(|name| name.ends_with(".md")).map(|name| format!("docs/{name}"));
    let pages = ["README.md", "CONTRIBUTING.md"].map(str::to_owned).into_iter().chain(docs);
    let read = |page: &String| fs::read_to_string(Path::new(ROOT).join(page)).unwrap();
    pages.map(|page| (read(&page), page)).map(|(text, page)| (page, blocks(&text))).collect()
}

fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut lines = (1..).zip(page.lines());
    while let Some((line, text)) = lines.next() {
        let Some(fence) = text.strip_prefix("```") else { continue };
        let inside = lines.by_ref().map(|(_, text)| text).take_while(|text| *text != "```");
        let text: String = inside.map(|text| format!("{text}\n")).collect();
        let (language, mark) = fence.split_once(' ').unwrap_or((fence, ""));
        assert!(!OTHER_NAMES.contains(&language), "line {line}: write `sh` for {language}");
        if language == "sh" {
            found.push(Block { line, no_run: reason(mark), text });
        }
    }
    found
}

fn reason(mark: &str) -> Option<Reason> {
    match mark {
        "" => None,
        "no-run=installs" => Some(Reason::Installs),
        "no-run=tests" => Some(Reason::Tests),
        "no-run=benchmarks" => Some(Reason::Benchmarks),
        "no-run=systemd" => Some(Reason::Systemd),
        _ => Some(Reason::Unknown),
    }
}

/// Splits a block into commands and these into words, without quotation marks and comments.
pub(super) fn commands(text: &str) -> Vec<Vec<String>> {
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().map(|line| line.split_once('#').map_or(line, |(code, _)| code));
    let words = lines.map(|line| line.split_whitespace().map(str::to_owned).collect());
    words.filter(|words: &Vec<_>| !words.is_empty()).collect()
}
