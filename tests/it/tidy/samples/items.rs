//! Samples for the rules about Rust files and items.

use super::super::items::{panics, undocumented, vague_names, without_header};
use super::super::source::with_roles;
use super::{NONE, places, sample};

#[test]
fn a_file_without_a_header_and_one_with_a_vague_name_are_found() {
    assert_eq!(without_header(&sample("src/app.rs", "use x;\n//! late")).len(), 1);
    assert_eq!(vague_names(&sample("src/live/mod.rs", "//! x")).len(), 1);
    assert_eq!(vague_names(&sample("src/model.rs", "//! x")), NONE);
}

#[test]
fn a_panic_is_found_after_quotes_lifetimes_and_tests() {
    let text = "fn f<'a>(c: char, s: &'a str) -> bool { c == '\"' || s == r#\"\"panic!\"# }\n\
                #[cfg(test)]\nfn g() { x.unwrap() }\nfn h() { x\n    .unwrap()\n}\n\
                #[allow(dead_code)]\n// panic!\n";
    let findings = panics(&sample("src/app.rs", text));
    assert_eq!(findings, ["src/app.rs:5: .unwrap()", "src/app.rs:7: #[allow"]);
    assert_eq!(panics(&sample("actors/src/clock.rs", "x.expect(\"y\")")), NONE);
}

#[test]
fn a_file_declared_for_tests_may_panic() {
    let files = [
        ("views/src/lib.rs", "pub mod cart;\n#[cfg(test)]\nmod sample;"),
        ("src/live.rs", "#[cfg(test)] pub(crate) mod stage;"),
        ("views/src/cart.rs", "x.unwrap()"),
        ("views/src/sample.rs", "x.unwrap()"),
        ("src/live/stage.rs", "x.unwrap()"),
        ("src/sample.rs", "x.unwrap()"),
    ];
    let tree = with_roles(files.map(|(path, text)| sample(path, text)).to_vec());
    let findings: Vec<_> = tree.iter().flat_map(panics).collect();
    assert_eq!(places(&findings), ["views/src/cart.rs:1", "src/sample.rs:1"]);
}

#[test]
fn an_undocumented_public_item_is_found_under_its_attributes() {
    let text = "/// Good.\n#[derive(Debug)]\n#[expect(\n    clippy::x,\n    reason = \"y\"\n)]\n\
                pub struct A {\n    pub b: u8,\n}\n#[derive(Debug)]\npub enum B {}\n\n\
                pub mod c;\npub(crate) fn d() {}\npub const E: u8 = 1;\n";
    let findings = undocumented(&sample("src/app.rs", text));
    assert_eq!(places(&findings), ["src/app.rs:11", "src/app.rs:15"]);
}
