//! Tests of the texts: both languages are complete, every text is used, and typesetting is right.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure;
use crate::locale::Locale;

/// Every error code of the server, as its JSON responses contain it.
const ERROR_CODES: &str = "
    malformed_json malformed_form missing_idempotency_key invalid_idempotency_key
    idempotency_key_reused idempotency_key_in_use wrong_type unknown_field missing_field
    out_of_range invalid_query invalid_path invalid_upgrade websocket_version
    unsupported_media_type body_too_large request_timeout
    method_not_allowed not_found unauthorized invalid_credentials invalid_token forbidden
    cross_origin misdirected_request registration_closed article_not_found article_unavailable
    not_in_cart quantity_out_of_range
    too_many_pieces too_many_articles precondition_failed cart_changed empty_cart total_changed
    insufficient_stock invalid_contact total_too_large order_not_found wrong_state
    payment_declined payment_not_sent payment_unavailable username_taken invalid_username
    invalid_email password_length password_common password_personal password_breached
    default_password wrong_password own_password last_admin user_not_found
    session_not_found invalid_article below_reserved too_busy too_many_requests too_many_guests
    too_many_registrations too_many_unpaid_orders too_many_payment_attempts unavailable internal
";

/// Prefixes of the keys that only the server uses: page titles, notices and error codes.
const SERVER_PREFIXES: [&str; 3] = ["page-", "notice-", "error-"];

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
    let source: String =
        sources().into_iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    for key in texts(Locale::Fr).into_keys() {
        let is_server_text = SERVER_PREFIXES.iter().any(|prefix| key.starts_with(prefix));
        assert!(is_server_text || source.contains(&format!("\"{key}\"")), "{key} is never used");
    }
}

#[test]
fn every_error_code_has_its_own_text_and_every_error_text_has_a_code() {
    let codes: BTreeSet<_> = ERROR_CODES
        .split_whitespace()
        .map(|code| format!("error-{}", code.replace('_', "-")))
        .collect();
    let keys: BTreeSet<_> =
        texts(Locale::Fr).into_keys().filter(|key| key.starts_with("error-")).collect();
    assert_eq!(codes, keys);
    for locale in Locale::ALL {
        let messages: BTreeSet<_> =
            ERROR_CODES.split_whitespace().map(|code| failure::message(locale, code)).collect();
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
