//! Samples for the rule about words. They are written in halves, so that no sample is a finding.

use super::super::source::tree;
use super::super::words::{forbidden_words, phrases};
use super::{NONE, sample};

/// What the rule finds in a text with the table of the repository.
fn found(path: &str, text: &str) -> Vec<String> {
    let phrases: Vec<_> = tree().unwrap().iter().flat_map(phrases).collect();
    forbidden_words(&sample(path, text), &phrases)
}

#[test]
fn each_forbidden_word_is_found() {
    let words = [
        concat!("who", "ever"),
        concat!("who", "mever"),
        concat!("some", "body"),
        concat!("some", "one"),
        concat!("no", "body"),
        concat!("every", "body"),
        concat!("any", "body"),
        concat!("is", " to", "ld"),
        concat!("as", " it is"),
        concat!("as", " they are"),
        concat!("be", "hind"),
        concat!("once", " more"),
        concat!("mean", "while"),
        concat!("an", "ew"),
        concat!("he", "ars"),
        concat!("te", "lls"),
        concat!("in", " hand"),
        concat!("nothing", " else"),
    ];
    for word in words {
        let place = |line: u8| format!("docs/a.md:{line}: ");
        let findings = found("docs/a.md", &format!("Here\nit {word}, and so on.\n"));
        assert!(!findings.is_empty(), "{word}");
        assert!(findings.iter().all(|finding| finding.starts_with(&place(2))), "{findings:?}");
    }
}

#[test]
fn a_forbidden_word_is_found_in_file_names_identifiers_and_strings_and_over_lines() {
    let past = concat!("to", "ld");
    let verb = concat!("He", "ar");
    let code = format!("fn f_{past}() {{ g(\"{past}\") }}\nstruct {verb}Frame;\nHTTP{verb}\n");
    assert_eq!(found("src/app.rs", &code).len(), 4);
    let over_lines = "    /// The value as\n    /// it is.\n\n# as\n# it is\n";
    assert_eq!(found("src/app.rs", over_lines).len(), 2);
    assert_eq!(found(&format!("src/was_{past}.rs"), "").len(), 1);
    assert_eq!(found("src/shop.js", &format!("a(`\\n{past}`)")).len(), 1);
}

#[test]
fn a_verb_with_a_subject_that_does_the_work_is_found() {
    for noun in ["the bank", "it", "every due order", "no call"] {
        for verb in ["done", "asked", "paid", "charged", "made", "answered", "called"] {
            let text = format!("It has {noun} {verb}.");
            assert_eq!(found("docs/a.md", &text).len(), 1, "{text}");
        }
    }
    assert_eq!(found("src/a.rs", "// They have an order\n// paid twice.\n").len(), 1);
}

#[test]
fn other_uses_of_the_same_letters_pass() {
    let texts = [
        "The bank has been asked, has not answered, and has already charged.",
        "It has the key that made it. It has a name; called twice.",
        "Treat it as it. Is that so? It waits as long as it is open, as far as they are apart.",
        &["as", "it is"].join("\n\n"),
        &["- as", "- it is"].join("\n"),
        "untold, heart, before_hand, anew2, in handler, nothing(else)",
    ];
    for text in texts {
        assert_eq!(found("docs/a.md", text), NONE);
    }
    let exempt = concat!("who", "ever");
    for path in ["Cargo.lock", "views/locales/en/cart.ftl", "docs/asyncapi.json"] {
        assert_eq!(found(path, exempt), NONE);
    }
}

#[test]
fn the_table_itself_passes_and_the_rest_of_its_file_does_not() {
    let (some, no) = (concat!("some", "one"), concat!("no", "body"));
    let table = format!("<!-- words -->\n\n| {some}, {no} | x |\n\n<!-- /words -->\n");
    assert_eq!(found("CONTRIBUTING.md", &table), NONE);
    assert_eq!(found("CONTRIBUTING.md", &format!("{table}{some}\n")).len(), 1);
    assert_eq!(found("README.md", &table).len(), 2);
}
