//! Tests of the texts: both languages are complete, every text is used, and typesetting is right.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure;
use crate::locale::Locale;

#[test]
fn both_languages_have_the_same_keys() {
    let [french, english] =
        Locale::ALL.map(|locale| texts(locale).into_keys().collect::<BTreeSet<_>>());
    assert_eq!(french, english);
}

#[test]
fn every_key_that_the_views_use_exists() {
    let known = texts(Locale::Fr);
    for (key, file) in used_keys() {
        assert!(known.contains_key(&key), "{key} in {file}");
    }
}

#[test]
fn every_text_is_used() {
    let paths = sources().into_iter().chain(server_sources());
    let source: String = paths.map(|path| fs::read_to_string(path).unwrap()).collect();
    // The next test compares the texts of errors with their codes.
    let keys = texts(Locale::Fr).into_keys().filter(|key| !key.starts_with("error-"));
    let unused: Vec<_> = keys.filter(|key| !source.contains(&format!("\"{key}\""))).collect();
    assert!(unused.is_empty(), "no code uses {unused:?}");
}

#[test]
fn every_title_and_notice_of_the_server_has_a_text() {
    let known = texts(Locale::Fr);
    let mut found = 0;
    for path in server_sources() {
        let source = fs::read_to_string(&path).unwrap();
        for literal in source.split('"') {
            let is_key = ["page-", "notice-"].iter().any(|prefix| literal.starts_with(prefix));
            if is_key && literal.len() > "notice-".len() && !literal.contains([' ', '{']) {
                assert!(known.contains_key(literal), "{literal} in {}", path.display());
                found += 1;
            }
        }
    }
    assert!(found > 20, "the search for keys finds too few");
}

#[test]
fn every_error_code_has_its_own_text_and_every_error_text_has_a_code() {
    let words = error_codes();
    let codes: BTreeSet<_> =
        words.iter().map(|code| format!("error-{}", code.replace('_', "-"))).collect();
    let keys: BTreeSet<_> =
        texts(Locale::Fr).into_keys().filter(|key| key.starts_with("error-")).collect();
    assert_eq!(codes, keys);
    for locale in Locale::ALL {
        let messages: BTreeSet<_> =
            words.iter().map(|code| failure::message(locale, code)).collect();
        assert!(words.iter().all(|code| failure::is_known(code)));
        assert!(messages.iter().all(|message| !message.starts_with("error-")), "{messages:?}");
    }
}

#[test]
fn french_texts_use_non_breaking_spaces_and_curved_apostrophes() {
    for (key, text) in texts(Locale::Fr) {
        let wrong = [" ;", " !", " ?", " :", "« ", " »", "n° ", "'"]
            .into_iter()
            .find(|wrong| text.contains(wrong));
        assert_eq!(wrong, None, "{key}: {text}");
    }
}

#[test]
fn english_texts_use_curved_apostrophes_and_no_space_before_punctuation() {
    for (key, text) in texts(Locale::En) {
        let wrong = [" ;", " !", " ?", " :", "'", "\u{a0}", "\u{202f}"]
            .into_iter()
            .find(|wrong| text.contains(wrong));
        assert_eq!(wrong, None, "{key}: {text}");
    }
}

/// Returns the source of every text of a language, by key.
fn texts(locale: Locale) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for file in files(&here().join("locales").join(locale.code()), "ftl") {
        let mut key = String::new();
        for line in fs::read_to_string(file).unwrap().lines() {
            let (name, text) = line
                .split_once(" = ")
                .filter(|_| !line.starts_with([' ', '}']))
                .unwrap_or(("", line));
            if !name.is_empty() {
                key = name.to_owned();
                assert!(!texts.contains_key(&key), "{key} is defined twice");
            }
            *texts.entry(key.clone()).or_default() += text;
        }
    }
    texts
}

/// Returns every key in a call of `text` or `text_with`, and the file that contains the call.
fn used_keys() -> Vec<(String, String)> {
    let mut keys = Vec::new();
    for path in sources() {
        let source = fs::read_to_string(&path).unwrap();
        for call in [".text(\"", ".text_with(\""] {
            let calls = source.split(call).skip(1).filter_map(|rest| rest.split_once('"'));
            keys.extend(calls.map(|(key, _)| (key.to_owned(), path.display().to_string())));
        }
    }
    assert!(keys.len() > 50, "the search for keys finds too few");
    keys
}

/// Returns every error code of the server, as its JSON responses contain it.
fn error_codes() -> Vec<String> {
    let table = fs::read_to_string(here().join("../src/error/code.rs")).unwrap();
    let rows = table.lines().filter(|line| line.ends_with(';'));
    let entries = rows.filter_map(|row| row.split_once(" = \"")?.1.split_once('"'));
    let codes: Vec<_> = entries.map(|(code, _)| code.to_owned()).collect();
    assert!(codes.len() > 50, "the table of codes is not found");
    codes
}

/// Returns the source files of the server.
fn server_sources() -> Vec<PathBuf> {
    files(&here().join("../src"), "rs")
}

/// Returns the source files of this crate, except this one.
fn sources() -> Vec<PathBuf> {
    let this = here().join("src/texts.rs");
    files(&here().join("src"), "rs").into_iter().filter(|path| *path != this).collect()
}

/// Returns all files with an extension in a folder and its subfolders.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found
}

/// Returns the folder of this crate.
fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
