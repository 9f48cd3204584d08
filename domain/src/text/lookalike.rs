//! Names that look alike (Unicode Technical Standard 39, section 4).

use std::collections::BTreeSet;

use unicode_general_category::{GeneralCategory, get_general_category};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;
use unicode_script::{Script, UnicodeScript};
use unicode_security::{UNICODE_VERSION, skeleton};

use super::is_joiner_of_script;
use super::username::folded;

/// The version of the rules here that the tables of Unicode do not have.
const RULES: u64 = 1;

/// The version of the looks. Stored looks of another version have to be computed again.
pub const LOOKS_VERSION: u64 = 1_000 * RULES + UNICODE_VERSION.0;

/// Coptic letters that look like Latin ones, which the tables of Unicode leave out.
const COPTIC: [(char, char); 17] = [
    ('ⲁ', 'a'),
    ('ⲃ', 'b'),
    ('ⲉ', 'e'),
    ('ⲏ', 'h'),
    ('ⲓ', 'i'),
    ('ⲕ', 'k'),
    ('ⲙ', 'm'),
    ('ⲛ', 'n'),
    ('ⲟ', 'o'),
    ('ⲣ', 'p'),
    ('ⲥ', 'c'),
    ('ⲧ', 't'),
    ('ⲩ', 'y'),
    ('ⲭ', 'x'),
    ('ⲱ', 'w'),
    ('ϩ', 'z'),
    ('ϭ', 'o'),
];

/// Returns the looks of a name: its skeletons in its own case and in lower case.
///
/// Two names look alike if they share a look. `I` looks like `l` only in upper case, and `А`
/// (Cyrillic) like `a` only in lower case.
pub fn looks(name: &str) -> BTreeSet<String> {
    [look(name), look(&folded(name))].into()
}

/// Returns the skeleton with one space for any number of spaces, as pages show it.
fn look(name: &str) -> String {
    let name: String = without_unseen_marks(name).chars().map(latin).collect();
    let skeleton: String = skeleton(&name).collect();
    without_dots(&skeleton).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn latin(character: char) -> char {
    let alike = COPTIC.iter().find(|(coptic, _)| *coptic == character);
    alike.map_or(character, |(_, latin)| *latin)
}

/// Returns the name, decomposed, without the marks that show nothing: a joiner or a filler, and a
/// mark of one script after a letter of another.
fn without_unseen_marks(name: &str) -> String {
    let mut script = Script::Common;
    let is_seen = |character: &char| {
        let is_mark = get_general_category(*character) == GeneralCategory::NonspacingMark;
        if !is_mark {
            script = character.script();
            return true;
        }
        !is_joiner_of_script(*character)
            && [Script::Inherited, Script::Common, script].contains(&character.script())
    };
    name.nfd().filter(is_seen).collect()
}

/// Returns a skeleton without the dots above `i` and `j`, which these letters have already
/// (`Soft_Dotted`, Unicode Standard, section 7.1). Every letter of this kind has one of the two in
/// its skeleton.
fn without_dots(skeleton: &str) -> String {
    let mut has_dot = false;
    let is_kept = |character: &char| {
        if *character == '\u{307}' && has_dot {
            return false;
        }
        match canonical_combining_class(*character) {
            0 => has_dot = matches!(character, 'i' | 'j'),
            // Another mark above the letter takes the place of its dot.
            230 => has_dot = false,
            _ => {}
        }
        true
    };
    skeleton.chars().filter(is_kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look_alike(one: &str, other: &str) -> bool {
        !looks(one).is_disjoint(&looks(other))
    }

    #[test]
    fn names_that_look_alike_share_a_look_and_others_do_not() {
        for (one, other) in [
            ("admin", "аdmin"),
            ("admin", "АDMIN"),
            ("admin", "admın"),
            ("Iana", "lana"),
            ("paypal", "paypa1"),
            ("mark", "rnark"),
            ("Ana  Ba", "ana ba"),
            ("e\u{301}lan", "élan"),
            ("a\u{200B}na", "ana"),
            ("admin", "admi\u{307}n"),
            ("admin", "admi\u{307}\u{307}n"),
            ("admin", "ADM\u{130}N"),
            ("admin", "adm\u{131}\u{307}n"),
            ("admin", "admі\u{307}n"),
            ("anja", "anj\u{307}a"),
            ("anja", "anϳ\u{307}a"),
            ("anja", "anј\u{307}a"),
            ("ana\u{12F}", "anai\u{328}\u{307}"),
            ("\u{1ECB}", "i\u{323}\u{307}"),
            ("\u{268}", "\u{268}\u{307}"),
            ("istanbul", "İstanbul"),
            ("admin", "adm\u{16FE4}in"),
            ("admin", "admin\u{2D7F}"),
            ("admin", "a\u{1107F}dmin"),
            ("admin", "ad\u{17D2}min"),
            ("admin", "admin\u{1039}"),
            ("ⵜⴰ", "ⵜ\u{2D7F}ⴰ"),
            ("admin", "ⲁdmin"),
            ("admin", "Ⲁⲇmin".replace('ⲇ', "d").as_str()),
            ("iotex", "ⲓⲟⲧⲉⲭ"),
            ("pocky", "ⲣⲟⲥⲕⲩ"),
        ] {
            assert!(look_alike(one, other), "{one:?} and {other:?}");
        }
        for (one, other) in [("ana", "anna"), ("ana", "añа"), ("bob", "eve"), ("ana1", "ana2")]
            .into_iter()
            .chain([("zan", "żan"), ("ean", "ėan"), ("ាក", "ក"), ("ក្ក", "កក"), ("i\u{301}", "i")])
        {
            assert!(!look_alike(one, other), "{one:?} and {other:?}");
        }
    }
}
