//! What people search for: as an address and the socket of a page carry it, and its words.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A search: at most [`Search::LONGEST`] bytes of text, of which only whole characters count. An
/// empty one finds everything.
///
/// It has a fixed size, like everything that names what a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Search {
    bytes: [u8; Search::LONGEST],
    length: usize,
}

impl Search {
    /// The longest text, in bytes.
    pub const LONGEST: usize = 100;

    /// Returns the search for a text, of which only the beginning counts.
    pub fn new(text: &str) -> Self {
        let mut search = Self { bytes: [0; Self::LONGEST], length: 0 };
        for letter in text.trim().chars() {
            let end = search.length + letter.len_utf8();
            let Some(place) = search.bytes.get_mut(search.length..end) else { break };
            letter.encode_utf8(place);
            search.length = end;
        }
        search
    }

    /// Returns the text that is searched.
    pub fn text(&self) -> &str {
        let text = self.bytes.get(..self.length).unwrap_or_default();
        std::str::from_utf8(text).unwrap_or_default()
    }

    /// Whether everything is found.
    pub fn is_empty(&self) -> bool {
        self.text().is_empty()
    }

    /// Returns the search that was written with hexadecimal digits.
    pub(crate) fn from_hex(digits: &str) -> Option<Self> {
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Option<Vec<_>> = digits.as_bytes().chunks(2).map(byte).collect();
        Some(Self::new(std::str::from_utf8(&bytes?).ok()?))
    }

    /// Returns the text with hexadecimal digits, which need no escapes in an address.
    pub(crate) fn hex(&self) -> String {
        self.text().bytes().fold(String::new(), |mut digits, byte| {
            let _ = write!(digits, "{byte:02x}");
            digits
        })
    }
}

impl Default for Search {
    fn default() -> Self {
        Self::new("")
    }
}

/// Returns the words of a text for a search: in lower case, without accents, and without the sign
/// that may stand before a number.
pub fn words(text: &str) -> Vec<String> {
    let plain = |word: &str| {
        let folded: String =
            word.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect();
        folded.trim_start_matches('#').to_owned()
    };
    text.split_whitespace().map(plain).filter(|word| !word.is_empty()).collect()
}

/// Returns whether each word of a search is the beginning of one of some words.
pub fn finds(search: &[String], words: &BTreeSet<String>) -> bool {
    search.iter().all(|word| words.iter().any(|own| own.starts_with(word.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_read_from_the_digits_that_it_is_written_with() {
        for text in ["", "Ana", "éva müller", "😀"] {
            let search = Search::new(text);
            assert_eq!((search.text(), search.is_empty()), (text, text.is_empty()));
            assert_eq!(Search::from_hex(&search.hex()), Some(search));
        }
        assert_eq!(Search::new(" Ana ").hex(), "416e61");
        for digits in ["4", "4g", "ff", "+1"] {
            assert_ne!(Search::from_hex(digits).map(|search| search.hex()), Some(digits.into()));
        }
    }

    #[test]
    fn only_whole_characters_of_a_long_search_count() {
        let long = "é".repeat(Search::LONGEST);
        assert_eq!(Search::new(&long).text(), "é".repeat(Search::LONGEST / 2));
        let odd = format!("a{long}");
        assert_eq!(Search::new(&odd).text().len(), Search::LONGEST - 1);
    }
}
