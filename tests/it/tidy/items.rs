//! Rules about single Rust files and their items.

use super::layers::CLOCK;
use super::source::Source;
use super::{assert_none, in_tree};

/// What code outside tests must not contain: one panic can fail unrelated requests.
const PANICS: [&str; 8] = [
    ".unwrap()",
    ".expect(",
    "panic!",
    "todo!",
    "unimplemented!",
    "#[allow",
    "#![allow",
    "unsafe ",
];

/// The files in which one of them is allowed; the code there gives the reason.
const ALLOWED: [(&str, &str); 4] = [
    (CLOCK, ".expect("),
    ("src/state.rs", ".expect("),
    ("src/crypto.rs", ".expect("),
    ("src/bank/simulated.rs", "panic!"),
];

/// File names that do not describe the content.
const VAGUE_NAMES: [&str; 7] = ["util", "utils", "helper", "helpers", "common", "manager", "mod"];

#[test]
fn every_rust_file_begins_with_a_doc_comment() {
    assert_none(in_tree(without_header));
}

pub(super) fn without_header(source: &Source) -> Vec<String> {
    let bare = source.is_rust() && !source.text.starts_with("//! ");
    bare.then(|| source.at(1, "no //! line")).into_iter().collect()
}

#[test]
fn every_file_name_describes_its_content() {
    assert_none(in_tree(vague_names));
}

pub(super) fn vague_names(source: &Source) -> Vec<String> {
    let name = source.path.rsplit('/').next().and_then(|name| name.strip_suffix(".rs"));
    let vague = name.is_some_and(|name| VAGUE_NAMES.contains(&name));
    vague.then(|| source.at(1, "the file name does not describe the content")).into_iter().collect()
}

#[test]
fn nothing_panics_outside_tests() {
    assert_none(in_tree(panics));
}

pub(super) fn panics(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (line, code) in source.code().into_iter().filter(|_| source.is_program()) {
        let present = PANICS.iter().filter(|what| code.contains(*what));
        let bare = present.filter(|what| !ALLOWED.contains(&(source.path.as_str(), what)));
        found.extend(bare.map(|what| source.at(line, what)));
    }
    found
}

#[test]
fn every_public_item_is_documented() {
    assert_none(in_tree(undocumented));
}

pub(super) fn undocumented(source: &Source) -> Vec<String> {
    let lines: Vec<_> = source.text.lines().map(str::trim).collect();
    let public = source.code().into_iter().filter(|(_, code)| {
        let item = code.trim().strip_prefix("pub ").filter(|item| !item.starts_with("use "));
        let file = |item: &str| item.starts_with("mod ") && item.ends_with(';');
        item.is_some_and(|item| !file(item)) && field(code).is_none()
    });
    let bare =
        public.filter(|(line, _)| source.is_program() && !has_doc(lines.iter().take(line - 1)));
    bare.map(|(line, code)| source.at(line, code.trim())).collect()
}

/// Returns the name of the public field that a line declares.
pub(super) fn field(code: &str) -> Option<&str> {
    let (name, _) = code.trim().strip_prefix("pub ")?.split_once(": ")?;
    (!name.contains([' ', '('])).then_some(name)
}

/// Whether the lines above an item end with a doc comment, followed by attributes at most.
fn has_doc<'a>(above: impl DoubleEndedIterator<Item = &'a &'a str>) -> bool {
    let mut inside_attribute = false;
    for line in above.rev() {
        inside_attribute = !line.starts_with("#[") && (inside_attribute || line.ends_with(']'));
        if !inside_attribute && !line.starts_with("#[") {
            return line.starts_with("///");
        }
    }
    false
}
