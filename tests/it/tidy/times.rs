//! The rule about sums of times, which panic when they overflow.

use super::source::Source;
use super::{assert_none, in_tree};

/// How the name of a time ends, and the operators that panic.
const TIMES: [&str; 5] = ["now", "now()", "_at", "_expiry", "until"];
const OPERATORS: [&str; 4] = [" + ", " - ", " += ", " -= "];

#[test]
fn times_are_added_only_by_the_functions_that_cannot_overflow() {
    assert_none(in_tree(sums_of_times));
}

pub(super) fn sums_of_times(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (line, code) in source.code().into_iter().filter(|_| source.is_program()) {
        for (position, operator) in OPERATORS.iter().flat_map(|sign| code.match_indices(sign)) {
            let before = code.get(..position).unwrap_or_default();
            let Some(time) = TIMES.iter().find(|end| before.ends_with(*end)) else { continue };
            let what = format!("`{time}{operator}` may overflow: call domain::time");
            found.push(source.at(line, &what));
        }
    }
    found
}
