//! The list of common passwords, as a Rust array.

use std::collections::BTreeSet;
use std::error::Error;

/// The smallest number of passwords in a complete list.
const SMALLEST_LIST: usize = 3_000;

/// Common French passwords and words that the list of the package does not have.
const FRENCH: [&str; 10] = [
    "automne",
    "bienvenue",
    "bonsoir",
    "coucou",
    "doudou",
    "hiver",
    "lundi",
    "ordinateur",
    "printemps",
    "utilisateur",
];

/// Returns the passwords of a JSON array, and some French words, as the text of a Rust array: in
/// lower case, sorted, and each of them once.
///
/// Words that are too short for a password stay in the list, because a common password is often
/// such a word with a few digits after it.
pub(crate) fn list(json: &[u8]) -> Result<String, Box<dyn Error>> {
    let passwords: Vec<String> = serde_json::from_slice(json)?;
    let passwords = passwords.iter().map(|password| password.to_lowercase());
    let folded: BTreeSet<_> = passwords.chain(FRENCH.map(str::to_owned)).collect();
    let count = folded.iter().filter(|password| password.chars().count() >= 8).count();
    if count < SMALLEST_LIST {
        return Err(format!("the list of common passwords has only {count} long ones").into());
    }
    Ok(format!("&{:#?}", Vec::from_iter(folded)))
}
