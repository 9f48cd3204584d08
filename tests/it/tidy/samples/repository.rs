//! Samples for the rules about what the repository keeps and runs.

use super::super::repository::{
    addresses, forgotten_tests, references_outside, third_party_scripts, words_in_arrays,
};
use super::{NONE, sample};

#[test]
fn download_addresses_and_third_party_scripts_are_found() {
    let npm = sample("static/package-lock.json", "{\n  \"resolved\": \"x\"\n}");
    assert_eq!(addresses(&npm).len(), 1);
    let cargo = sample("Cargo.lock", "source = \"registry+https://example.org/index\"");
    assert_eq!(addresses(&cargo).len(), 1);
    let kept =
        ["static/shop.css", "static/live.js", "static/htmx.min.js", "static/node_modules/a/a.css"];
    assert_eq!(third_party_scripts(kept.map(str::to_owned).to_vec()).len(), 2);
}

#[test]
fn a_reference_to_the_outside_is_found() {
    let text = ["see Issue", " #7"].concat();
    assert_eq!(references_outside(&sample("docs/a.md", &text)).len(), 1);
    assert_eq!(references_outside(&sample("docs/a.md", "see the issues")), NONE);
}

#[test]
fn an_ignored_test_that_no_script_runs_is_found() {
    let text = "#[test]\n#[ignore = \"slow\"]\nasync fn one() {}\n#[ignore]\nfn two() {}\n";
    let listed = words_in_arrays("# one\nslow=(\n  two\n)\none");
    assert_eq!(
        forgotten_tests(&sample("tests/it/a.rs", text), &listed),
        ["tests/it/a.rs: one is ignored and no script runs it"]
    );
}
