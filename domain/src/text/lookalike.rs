//! Names that look alike (Unicode Technical Standard 39, section 4).

use std::collections::BTreeSet;

use unicode_security::{UNICODE_VERSION, skeleton};

use super::username::folded;

/// The version of the looks. Stored looks of another version have to be computed again.
pub const LOOKS_VERSION: u64 = UNICODE_VERSION.0;

/// Returns the looks of a name: its skeletons in its own case and in lower case.
///
/// Two names look alike if they share a look. `I` looks like `l` only in upper case, and `А`
/// (Cyrillic) like `a` only in lower case.
pub fn looks(name: &str) -> BTreeSet<String> {
    [look(name), look(&folded(name))].into()
}

/// Returns the skeleton with one space for any number of spaces, as pages show it.
fn look(name: &str) -> String {
    let skeleton: String = skeleton(name).collect();
    skeleton.split_whitespace().collect::<Vec<_>>().join(" ")
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
        ] {
            assert!(look_alike(one, other), "{one:?} and {other:?}");
        }
        for (one, other) in [("ana", "anna"), ("ana", "añа"), ("bob", "eve"), ("ana1", "ana2")] {
            assert!(!look_alike(one, other), "{one:?} and {other:?}");
        }
    }
}
