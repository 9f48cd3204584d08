//! The house rules, checked by reading the source tree.
//!
//! A rule is a function from sources to findings (`file:line: what`), and a test that it finds
//! nothing in the tree. [`samples`] shows that each rule finds what it forbids.

mod documents;
mod floors;
mod imports;
mod items;
mod layers;
mod lines;
mod paths;
mod repository;
pub(crate) mod routes;
mod rust;
mod samples;
mod settings;
mod source;
mod times;
mod words;

use source::{Source, tree};

/// Returns what a rule finds in the whole tree.
fn in_tree(rule: impl Fn(&Source) -> Vec<String>) -> Vec<String> {
    let tree = tree().unwrap_or_default();
    assert!(!tree.is_empty(), "the source tree can't be read");
    tree.iter().flat_map(rule).collect()
}

#[track_caller]
fn assert_none(findings: Vec<String>) {
    let count = findings.len();
    assert!(findings.is_empty(), "\n{}\n{count} findings\n", findings.join("\n"));
}
