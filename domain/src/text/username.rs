//! Which user names are allowed, and which of them are the same: PRECIS `UsernameCaseMapped`
//! (RFC 8265, section 3.3).
//!
//! A name consists of parts that are separated by spaces. Code points that are newer than the
//! tables of the Unicode crates are allowed.

use unicode_bidi::{BidiClass, bidi_class};
use unicode_general_category::{GeneralCategory, get_general_category};
use unicode_normalization::{UnicodeNormalization, is_nfc};
use unicode_script::{Script, UnicodeScript};

use super::{is_invisible, is_joiner_of_script, is_letter_that_joins, is_noncharacter};

/// Returns a name with the ordinary forms of wide and narrow characters, with one space for several
/// in a row, which look like one in a page, and in NFC.
pub fn mapped(name: &str) -> String {
    let mut before = None;
    let is_seen = |character: &char| before.replace(*character) != Some(' ') || *character != ' ';
    name.chars().flat_map(of_ordinary_width).nfc().filter(is_seen).collect()
}

/// Returns a mapped name in lower case. Two names are the same if this is.
pub fn folded(mapped: &str) -> String {
    mapped.to_lowercase().nfc().collect()
}

/// Returns whether a mapped name may be chosen: every part has only characters of PRECIS'
/// `IdentifierClass` and follows the Bidi Rule.
pub fn is_allowed(mapped: &str) -> bool {
    let folded = folded(mapped);
    let mut parts = mapped.split(' ').chain(folded.split(' '));
    parts.all(|part| is_identifier(part) && follows_bidi_rule(part))
        // The stored key is the plain lower case.
        && is_nfc(&mapped.to_lowercase())
}

/// Returns the decomposition of a wide or narrow character, or else the character.
fn of_ordinary_width(character: char) -> impl Iterator<Item = char> {
    let has_other_width = matches!(
        character,
        '\u{3000}' | '\u{FF01}'..='\u{FFBE}' | '\u{FFC2}'..='\u{FFDC}'
    );
    let ordinary = has_other_width.then(|| std::iter::once(character).nfkc());
    let unchanged = (!has_other_width).then_some(character);
    ordinary.into_iter().flatten().chain(unchanged)
}

/// Whether all characters are of `IdentifierClass` (RFC 8264, sections 4.2 and 8).
///
/// That Arabic digits of the two kinds are not mixed follows from the Bidi Rule.
fn is_identifier(part: &str) -> bool {
    let characters: Vec<_> = part.chars().collect();
    characters.iter().enumerate().all(|(position, character)| {
        let before = position.checked_sub(1).and_then(|before| characters.get(before)).copied();
        let after = characters.get(position + 1).copied();
        match character {
            // The exceptions of RFC 5892, section 2.6.
            '\u{640}'
            | '\u{7FA}'
            | '\u{302E}'
            | '\u{302F}'
            | '\u{3031}'..='\u{3035}'
            | '\u{303B}' => false,
            'ß' | 'ς' | '\u{6FD}' | '\u{6FE}' | '\u{F0B}' | '〇' => true,
            '·' | '\u{375}' | '\u{5F3}' | '\u{5F4}' | '・' | '\u{200C}' | '\u{200D}' => {
                is_in_context(*character, before, after, &characters)
            }
            joiner if is_joiner_of_script(*joiner) => {
                before.is_some_and(|before| before.script() == joiner.script())
            }
            '!'..='~' => true,
            _ => is_letter_or_digit(*character),
        }
    })
}

/// Whether a character is one that is allowed only next to certain others (RFC 5892, appendix A).
fn is_in_context(
    character: char,
    before: Option<char>,
    after: Option<char>,
    part: &[char],
) -> bool {
    let is_of = |neighbour: Option<char>, script| neighbour.is_some_and(|it| it.script() == script);
    let japanese = [Script::Hiragana, Script::Katakana, Script::Han];
    match character {
        '·' => [before, after].iter().all(|it| it.is_some_and(|it| it.eq_ignore_ascii_case(&'l'))),
        '\u{375}' => is_of(after, Script::Greek),
        '\u{5F3}' | '\u{5F4}' => is_of(before, Script::Hebrew),
        '・' => part.iter().any(|other| japanese.contains(&other.script())),
        '\u{200C}' | '\u{200D}' => {
            before.is_some_and(is_letter_that_joins) && after.is_some_and(is_letter_that_joins)
        }
        _ => false,
    }
}

fn is_letter_or_digit(character: char) -> bool {
    use GeneralCategory::{
        DecimalNumber, LowercaseLetter, ModifierLetter, NonspacingMark, OtherLetter, SpacingMark,
        Unassigned, UppercaseLetter,
    };
    let category = get_general_category(character);
    matches!(
        category,
        LowercaseLetter
            | UppercaseLetter
            | OtherLetter
            | DecimalNumber
            | ModifierLetter
            | NonspacingMark
            | SpacingMark
            | Unassigned
    ) && !is_invisible(character)
        && !is_noncharacter(character)
        && !is_old_jamo(character)
        && std::iter::once(character).nfkc().eq([character])
}

/// Whether a character is a part of a Korean syllable, rather than a syllable.
fn is_old_jamo(character: char) -> bool {
    matches!(
        character,
        '\u{1100}'..='\u{11FF}' | '\u{A960}'..='\u{A97C}' | '\u{D7B0}'..='\u{D7FB}'
    )
}

/// Whether text from right to left cannot change the order of its surroundings (RFC 5893,
/// section 2). The rule concerns only parts with such text.
fn follows_bidi_rule(part: &str) -> bool {
    use BidiClass::{AL, AN, BN, CS, EN, ES, ET, NSM, ON, R};
    let classes: Vec<_> = part.chars().map(bidi_class).collect();
    if !classes.iter().any(|class| matches!(class, R | AL | AN)) {
        return true;
    }
    let has = |wanted: BidiClass| classes.contains(&wanted);
    let last = classes.iter().rfind(|class| **class != NSM);
    let only = |allowed: &[BidiClass]| classes.iter().all(|class| allowed.contains(class));
    // A part that begins from left to right must not have any such text.
    matches!(classes.first(), Some(R | AL))
        && only(&[R, AL, AN, EN, ES, CS, ET, ON, BN, NSM])
        && matches!(last, Some(R | AL | EN | AN))
        && !(has(EN) && has(AN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_keyboard_types_in_several_ways_are_the_same() {
        for (typed, name, key) in [
            ("Zoe\u{308}", "Zoë", "zoë"),
            ("Ａｎａ", "Ana", "ana"),
            ("ｱﾅ", "アナ", "アナ"),
            ("Å\u{212B}", "ÅÅ", "åå"),
            ("Ana\u{3000}Ba", "Ana Ba", "ana ba"),
            ("Ana  \u{3000} Ba", "Ana Ba", "ana ba"),
            ("a b c", "a b c", "a b c"),
            ("ΟΔΟΣ", "ΟΔΟΣ", "οδος"),
            ("<b>ana@example.org</b>", "<b>ana@example.org</b>", "<b>ana@example.org</b>"),
        ] {
            assert_eq!((mapped(typed), folded(&mapped(typed))), (name.into(), key.into()));
            assert!(is_allowed(name), "{name}");
        }
    }

    #[test]
    fn names_of_every_script_are_allowed() {
        for name in [
            "Ana Maria",
            "O'Brien",
            "ß",
            "Οδυσσεύς",
            "Пётр",
            "עברית",
            "محمد",
            "ابن123",
            "गीता",
            "क्\u{200D}ष",
            "ⵜ\u{2D7F}ⴰ",
            "สมชาย",
            "한글",
            "漢字",
            "ひらがな・カタカナ",
            "paral·lel",
            "͵α",
            "א׳",
            "م٣",
            "م۳",
            "一〇",
            "\u{6FD}",
            "ཀ\u{F0B}",
            "ა",
            "\u{10D4A}",
            "\u{2EBF0}",
            "\u{323B0}",
            "𞤀𞤁",
        ] {
            assert!(is_allowed(&mapped(name)), "{name:?}");
        }
    }

    #[test]
    fn names_with_signs_that_cannot_be_seen_or_typed_are_refused() {
        for name in [
            "\u{200B}",
            "a\u{200B}na",
            "a\u{200D}na",
            "a\u{2D7F}na",
            "ana\u{16FE4}",
            "a\u{1107F}na",
            "ana\u{202E}",
            "ana\u{AD}",
            "a\nb",
            "ana\u{FE0F}",
            "\u{3164}",
            "\u{FFA0}",
            "\u{2800}",
            "ana\u{A0}ba",
            "ana\u{2003}ba",
            "😀",
            "ana™",
            "ﬁ",
            "①",
            "Ⅷ",
            "½",
            "a·b",
            "α͵",
            "׳א",
            "क\u{200C}a",
            "a\u{200C}क",
            "\u{640}",
            "\u{1100}",
            "\u{E000}",
            "\u{FFFF}",
            "\u{2028}",
            "ana€",
            "“ana”",
            "م٣۳",
            "٣",
            "אa",
            "אaא",
            "א!",
            "aא",
            "1א",
        ] {
            assert!(!is_allowed(&mapped(name)), "{name:?}");
        }
    }

    #[test]
    fn the_key_of_every_allowed_character_is_its_plain_lower_case() {
        for character in '\0'..='\u{1FFFF}' {
            let name = mapped(&character.to_string());
            if is_allowed(&name) {
                assert_eq!(folded(&name), name.to_lowercase());
                assert_eq!(mapped(&name), name);
            }
        }
    }
}
