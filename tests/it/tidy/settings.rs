//! Rules about the configuration keys.

use super::items::field;
use super::source::{Source, tree};
use super::{assert_none, in_tree};

/// The file that explains every key.
const DEFAULTS: &str = "config/default.toml";

#[test]
fn the_built_in_configuration_has_every_key_and_no_unknown_key() {
    // The only call of the program in these rules: it rejects unknown and missing keys by name.
    microshop::config::Config::defaults().unwrap();
}

#[test]
fn every_configuration_field_has_a_key_and_is_used() {
    let tree = tree().unwrap();
    let read: Vec<_> = tree
        .iter()
        .filter(|source| source.path.starts_with("src/config"))
        .flat_map(fields)
        .collect();
    assert!(!read.is_empty(), "no field was found");
    assert_none(unread_keys(read, &default_keys(&tree), &tree));
}

/// Returns the public fields of a file's structs, each as `file:line: name` and its name.
pub(super) fn fields(source: &Source) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (line, code) in source.code() {
        found.extend(field(&code).map(|name| (source.at(line, name), name.to_owned())));
    }
    found
}

/// Returns the keys and sections of `default.toml`, including keys without a default, which are
/// commented out.
pub(super) fn default_keys(tree: &[Source]) -> Vec<String> {
    let reference = tree.iter().filter(|source| source.path == DEFAULTS);
    let lines = reference
        .flat_map(|source| source.text.lines())
        .map(|line| line.trim_start_matches(['#', ' ']));
    let keys = lines.filter_map(|line| match line.strip_prefix('[') {
        Some(section) => section.split(']').next(),
        None => line.split_once(" = ").map(|(key, _)| key),
    });
    keys.flat_map(|key| key.split('.')).map(str::to_owned).collect()
}

pub(super) fn unread_keys(
    read: Vec<(String, String)>,
    keys: &[String],
    tree: &[Source],
) -> Vec<String> {
    let sources = tree.iter().filter(|source| source.path.starts_with("src/"));
    let code: String = sources.map(reading_code).collect();
    let mut found = Vec::new();
    for (place, name) in read {
        if !keys.contains(&name) {
            found.push(format!("{place}: not in default.toml"));
        }
        let access = format!(".{name}");
        let mut uses = code.split(&access).skip(1);
        if !uses.any(|after| !after.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
        {
            found.push(format!("{place}: never used"));
        }
    }
    found
}

/// Returns the code that uses settings: in the configuration itself only what reads `self`.
fn reading_code(source: &Source) -> String {
    let is_config = source.path.starts_with("src/config");
    let lines = source.code().into_iter().map(|(_, code)| code + "\n");
    lines.filter(|code| !is_config || code.contains("self.")).collect()
}

#[test]
fn every_default_is_explained() {
    assert_none(in_tree(unexplained));
}

pub(super) fn unexplained(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let mut above = "";
    for (line, text) in source.lines().filter(|_| source.path == DEFAULTS) {
        let is_key = text.split_once(" = ").is_some_and(|(key, _)| !key.contains(['#', ' ']));
        if is_key && !text.contains(" # ") && !above.starts_with('#') {
            found.push(source.at(line, text));
        }
        above = text;
    }
    found
}
