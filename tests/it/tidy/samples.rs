//! Samples for the house rules: each rule finds what it forbids, and passes what is right.

mod documents;
mod floors;
mod items;
mod layers;
mod repository;
mod routes;
mod settings;
mod times;
mod words;

use super::source::Source;

fn sample(path: &str, text: &str) -> Source {
    Source::new(path, text)
}

/// The places of findings, without what was found there.
fn places(findings: &[String]) -> Vec<&str> {
    findings.iter().filter_map(|finding| finding.split(": ").next()).collect()
}

const NONE: [&str; 0] = [];
