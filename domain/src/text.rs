//! Text as people see it: its length, its line breaks, and characters that cannot be seen.
//!
//! A text that looks empty, or like another text, must not be possible in any field that people
//! read. Texts that were stored before these rules are never checked again.

use unicode_general_category::{GeneralCategory, get_general_category};
use unicode_normalization::UnicodeNormalization;
use unicode_script::{Script, UnicodeScript};

pub mod lookalike;
pub mod username;

/// Returns the length of a text in UTF-16 code units, the unit of `maxlength` in a page (HTML,
/// section 4.10.18.3), so that a page and the shop count alike.
///
/// Most characters have one unit; an emoji has two or more. Line breaks must have been replaced by
/// [`with_plain_line_breaks`], because a page counts CR LF as one unit.
pub fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Returns the text with LF in place of every CR LF and CR.
pub fn with_plain_line_breaks(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Returns whether a text of one line has neither control characters nor invisible ones.
pub fn is_readable_line(text: &str) -> bool {
    has_only(text, |character| !is_unreadable(character))
}

/// Like [`is_readable_line`], for a text of several lines, separated by LF.
pub fn is_readable(text: &str) -> bool {
    has_only(text, |character| character == '\n' || !is_unreadable(character))
}

/// Returns the form of a password that is hashed: with a space in place of every other space
/// character, and in NFC, so that each keyboard enters it alike (RFC 8265, section 4.2,
/// `OpaqueString`).
pub fn mapped_password(password: &str) -> String {
    let is_space =
        |character: &char| get_general_category(*character) == GeneralCategory::SpaceSeparator;
    password
        .chars()
        .map(|character| if is_space(&character) { ' ' } else { character })
        .nfc()
        .collect()
}

/// Whether every character is allowed, or affects its visible neighbours.
fn has_only(text: &str, is_allowed: impl Fn(char) -> bool) -> bool {
    let mut previous = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let next = characters.peek().copied();
        if !is_allowed(character) && !joins(previous, character, next) {
            return false;
        }
        previous = Some(character);
    }
    true
}

/// Whether a character controls something, or shows nothing.
fn is_unreadable(character: char) -> bool {
    use GeneralCategory::{Control, LineSeparator, ParagraphSeparator, PrivateUse};
    let category = get_general_category(character);
    matches!(category, Control | LineSeparator | ParagraphSeparator | PrivateUse)
        || is_invisible(character)
        || is_joiner_of_script(character)
        || is_noncharacter(character)
}

/// Whether a character is default-ignorable (Unicode 17, `DerivedCoreProperties.txt`, without the
/// joiners that [`joins`] allows), or another one that shows nothing.
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}'
        // Braille without dots, the marks of annotations, and the joiners of hieroglyphs.
            | '\u{2800}' | '\u{FFF9}'..='\u{FFFB}' | '\u{13430}'..='\u{13440}'
    )
}

/// Whether a character shows nothing itself, but joins the letters of its own script.
pub(crate) fn is_joiner_of_script(character: char) -> bool {
    matches!(character, '\u{2D7F}' | '\u{16FE4}' | '\u{1107F}')
}

/// Whether a code point is reserved for the inside of programs.
pub(crate) fn is_noncharacter(character: char) -> bool {
    let code = u32::from(character);
    code & 0xFFFE == 0xFFFE || (0xFDD0..=0xFDEF).contains(&code)
}

/// Whether an invisible character changes how its neighbours look: a joiner between the letters of
/// a script that needs it, or a part of an emoji.
fn joins(previous: Option<char>, character: char, next: Option<char>) -> bool {
    let is_between = |test: fn(char) -> bool| previous.is_some_and(test) && next.is_some_and(test);
    match character {
        '\u{200C}' => is_between(is_letter_that_joins),
        '\u{200D}' => is_between(is_letter_that_joins) || is_between(is_of_emoji),
        '\u{FE0E}' | '\u{FE0F}' => {
            previous.is_some_and(|base| is_symbol(base) || is_emoji_base(base, next))
        }
        // The form of a Chinese character, as in many Japanese names.
        '\u{FE00}'..='\u{FE02}' | '\u{E0100}'..='\u{E01EF}' => {
            previous.is_some_and(|base| base.script() == Script::Han)
        }
        _ if is_joiner_of_script(character) => {
            previous.is_some_and(|base| base.script() == character.script())
        }
        // The form of a Mongolian letter.
        '\u{180B}'..='\u{180D}' | '\u{180F}' => {
            previous.is_some_and(|base| base.script() == Script::Mongolian && base.is_alphabetic())
        }
        _ => false,
    }
}

/// Whether a letter or a mark is of a script from Arabic to Khmer, whose letters join.
pub(crate) fn is_letter_that_joins(character: char) -> bool {
    matches!(character, '\u{620}'..='\u{DFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}')
        && character.is_alphabetic()
        || matches!(get_general_category(character), GeneralCategory::NonspacingMark)
            && matches!(character, '\u{900}'..='\u{17FF}')
}

fn is_of_emoji(character: char) -> bool {
    is_symbol(character) || matches!(character, '\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}')
}

/// Whether a character is a pictogram, or an arrow or a shape that can be one.
fn is_symbol(character: char) -> bool {
    get_general_category(character) == GeneralCategory::OtherSymbol
        || matches!(character, '\u{2190}'..='\u{2BFF}')
}

/// Whether another character can be shown as a pictogram (`emoji-variation-sequences.txt`): a
/// punctuation mark, or a digit in a key cap.
fn is_emoji_base(character: char, next: Option<char>) -> bool {
    match character {
        '0'..='9' | '#' | '*' => next == Some('\u{20E3}'),
        _ => matches!(character, '‼' | '⁉' | 'ℹ' | '〰' | '〽'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_counts_as_a_page_counts() {
        for (text, count) in
            [("", 0), ("Ana", 3), ("Zoë", 3), ("e\u{301}", 2), ("𠮷", 2), ("👩‍🚀", 5)]
        {
            assert_eq!(length(text), count, "{text}");
        }
        assert_eq!(length(&with_plain_line_breaks("1 Quay\r\nSt. Ives\rUK\n")), 19);
    }

    #[test]
    fn text_with_characters_that_cannot_be_seen_is_not_readable() {
        for character in [
            '\0',
            '\t',
            '\r',
            '\u{7F}',
            '\u{85}',
            '\u{AD}',
            '\u{34F}',
            '\u{61C}',
            '\u{115F}',
            '\u{180E}',
            '\u{200B}',
            '\u{200C}',
            '\u{200D}',
            '\u{200E}',
            '\u{2028}',
            '\u{202E}',
            '\u{2060}',
            '\u{2066}',
            '\u{2800}',
            '\u{3164}',
            '\u{E000}',
            '\u{FE0F}',
            '\u{FEFF}',
            '\u{FFA0}',
            '\u{FFFE}',
            '\u{E0041}',
            '\u{10FFFF}',
        ] {
            for text in [format!("{character}"), format!("La{character}mp")] {
                assert!(!is_readable_line(&text) && !is_readable(&text), "{text:?}");
            }
        }
        for text in [
            "a\u{2D7F}",
            "\u{16FE4}",
            "a\u{1107F}b",
            "1\u{FE0F}",
            "a\u{E0100}",
            "1\u{FE00}",
            "葛\u{180B}",
            "\u{E0100}葛",
            "+\u{200D}+",
        ] {
            assert!(!is_readable_line(text), "{text:?}");
        }
        assert!(is_readable("1 Quay\nSt. Ives") && !is_readable_line("1 Quay\nSt. Ives"));
    }

    #[test]
    fn an_invisible_joiner_needs_two_letters_that_it_joins() {
        for text in ["क\u{200C}a", "a\u{200C}क", "१\u{200D}१", "e\u{301}\u{200C}\u{301}"] {
            assert!(!is_readable_line(text), "{text:?}");
        }
    }

    #[test]
    fn text_of_every_language_and_emoji_are_readable() {
        for text in [
            "L’été, 20 % – « ≥ 3 € »",
            "Ægir ß ǆ",
            "Ελλάδα",
            "日本語　東京",
            "한국어",
            "עברית",
            "می\u{200C}خواهم",
            "क्\u{200D}ष",
            "e\u{301}",
            "☕\u{FE0F} 👩\u{200D}🚀 👍🏽 ❤\u{FE0F}\u{200D}🔥",
            "1\u{FE0F}\u{20E3} ‼\u{FE0F} ↔\u{FE0F} ◾\u{FE0F} 🙂\u{200D}↔\u{FE0F}",
            "葛\u{E0100}飾区 神\u{FE00}",
            "ᠠ\u{180B}ᠨ\u{180C}",
            "ⵜ\u{2D7F}ⴰ",
            "\u{323B0}",
        ] {
            assert!(is_readable_line(text), "{text:?}");
        }
    }

    #[test]
    fn a_password_is_composed_and_has_only_plain_spaces() {
        for (typed, mapped) in [
            ("Cafe\u{301} au lait", "Café au lait"),
            ("a\u{A0}b\u{3000}c\u{2003}d", "a b c d"),
            ("ﬁne Ａ ①", "ﬁne Ａ ①"),
            (" tab\t ", " tab\t "),
        ] {
            assert_eq!(mapped_password(typed), mapped);
            assert_eq!(mapped_password(mapped), mapped);
        }
    }
}
