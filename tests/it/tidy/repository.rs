//! Rules about what the repository keeps and what its scripts run.

use std::process::Command;

use super::rust::Part;
use super::source::{Source, tree};
use super::{assert_none, in_tree};

/// The scripts that run ignored tests, by name.
const SCRIPTS: [&str; 2] = ["tests/run", "tests/long"];

/// Parts of the names of scripts that are third-party code.
const THIRD_PARTY: [&str; 2] = ["htmx", "axe"];

/// References that mean nothing in this repository; in halves, so that this file holds none.
const OUTSIDE: [&str; 2] = [concat!("issue", " #"), concat!("../", "shared")];

#[test]
fn no_download_address_is_kept() {
    assert_none(in_tree(addresses));
}

pub(super) fn addresses(source: &Source) -> Vec<String> {
    let own = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let lines = source.lines().filter(|(_, line)| match source.path.rsplit('/').next() {
        Some("package-lock.json") => line.contains("\"resolved\""),
        Some("Cargo.lock") => line.starts_with("source = ") && *line != own,
        _ => false,
    });
    lines.map(|(line, text)| source.at(line, text.trim())).collect()
}

#[test]
fn third_party_scripts_are_downloaded_and_never_kept() {
    let list = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let git =
        Command::new("git").args(list).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let files = String::from_utf8(git.stdout).unwrap();
    let kept = if git.status.success() {
        files.lines().map(str::to_owned).collect()
    } else {
        tree().unwrap().into_iter().map(|source| source.path).collect() // not a git checkout
    };
    assert_none(third_party_scripts(kept));
}

pub(super) fn third_party_scripts(mut kept: Vec<String>) -> Vec<String> {
    kept.retain(|path| {
        path.contains("node_modules/")
            || path.ends_with(".js") && THIRD_PARTY.iter().any(|name| path.contains(name))
    });
    kept
}

#[test]
fn nothing_refers_to_anything_outside_the_repository() {
    assert_none(in_tree(references_outside));
}

pub(super) fn references_outside(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (line, text) in source.lines() {
        let text = text.to_lowercase();
        let present = OUTSIDE.iter().filter(|what| text.contains(*what));
        found.extend(present.map(|what| source.at(line, what)));
    }
    found
}

#[test]
fn every_ignored_test_is_run_by_a_script() {
    let tree = tree().unwrap();
    let scripts = tree.iter().filter(|source| SCRIPTS.contains(&source.path.as_str()));
    let listed: Vec<_> = scripts.flat_map(|script| words_in_arrays(&script.text)).collect();
    assert_none(tree.iter().flat_map(|source| forgotten_tests(source, &listed)).collect());
}

/// Returns the words in the arrays of a shell script: `name=( … )`.
pub(super) fn words_in_arrays(script: &str) -> Vec<String> {
    let arrays = script.split("=(").skip(1).filter_map(|after| after.split(')').next());
    arrays.flat_map(str::split_whitespace).map(str::to_owned).collect()
}

pub(super) fn forgotten_tests(source: &Source, listed: &[String]) -> Vec<String> {
    let parts =
        source.parts().into_iter().filter(|(part, _)| source.is_rust() && *part == Part::Code);
    let code: String = parts.map(|(_, text)| text).collect();
    let ignored = code.split("#[ignore").skip(1).filter_map(|after| after.split_once("fn "));
    let names = ignored.map(|(_, after)| after.split('(').next().unwrap_or(after));
    names
        .filter(|name| !listed.iter().any(|listed| listed == name))
        .map(|name| format!("{}: {name} is ignored and no script runs it", source.path))
        .collect()
}
