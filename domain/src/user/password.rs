//! The rule for passwords that users choose (NIST SP 800-63B, section 5.1.1.2; OWASP ASVS 5.0,
//! section 6.2).

use unicode_normalization::UnicodeNormalization;

use super::{Email, UserError, Username};
use crate::text::length;

/// The smallest number of characters of a password.
const SHORTEST: usize = 8;

/// The greatest length of a password.
const LONGEST: usize = 128;

/// How many digits and signs after a common word leave the password common.
const LONGEST_SUFFIX: usize = 5;

/// The length from which a name counts at all.
const SHORTEST_NAME: usize = 3;

/// The length from which a name counts as a part of a password. A shorter one may be an ordinary
/// word.
const LONG_NAME: usize = 4;

/// What new passwords are compared with.
#[derive(Debug, Clone, Default)]
pub struct PasswordRule {
    /// Passwords and words that an attacker tries first, in lower case and sorted.
    pub common: &'static [&'static str],
    /// The names of the shop.
    pub shop: Vec<String>,
}

impl PasswordRule {
    /// Returns an error if a user may not choose the password, which must be
    /// [mapped](crate::text::mapped_password).
    ///
    /// It must have 8 to 128 characters, as [`length`] counts them at the upper end. It must be
    /// neither common nor built on a name of the user or of the shop, in any case of its letters.
    pub fn check(
        &self,
        password: &str,
        username: &Username,
        email: Option<&Email>,
    ) -> Result<(), UserError> {
        if password.chars().count() < SHORTEST || length(password) > LONGEST {
            return Err(UserError::PasswordLength);
        }
        let folded = folded(password);
        if self.is_common(&folded) {
            return Err(UserError::PasswordCommon);
        }
        let names = self.shop.iter().flat_map(|name| names_in(name));
        let email = email.into_iter().flat_map(|email| names_in_address(email.as_str()));
        let mut names = names.chain(names_in(username.as_str())).chain(email);
        if names.any(|name| is_built_on(&folded, &name)) {
            return Err(UserError::PasswordPersonal);
        }
        Ok(())
    }

    /// Whether a folded password is a common one, a common word with a short suffix, or a pattern.
    fn is_common(&self, password: &str) -> bool {
        let suffixes = password.char_indices().rev().take(LONGEST_SUFFIX);
        let mut suffixes = suffixes.take_while(|(_, first)| !first.is_alphabetic());
        self.is_listed(password)
            || suffixes.any(|(start, _)| self.is_listed(password.split_at(start).0))
            || is_pattern(password)
    }

    fn is_listed(&self, word: &str) -> bool {
        self.common.binary_search(&word).is_ok()
    }
}

/// Returns a text in the form in which texts are compared: in lower case, and with the ordinary
/// form of each character.
fn folded(text: &str) -> String {
    text.nfkc().collect::<String>().to_lowercase()
}

/// Whether a password repeats a text that is too short for a password, or only counts up or down.
///
/// Attackers begin with the keys that every keyboard has, so no other pattern counts.
fn is_pattern(password: &str) -> bool {
    if !password.is_ascii() {
        return false;
    }
    let characters: Vec<_> = password.chars().collect();
    let longest_period = (SHORTEST - 1).min(characters.len() / 2);
    let pairs = |distance| characters.iter().zip(characters.iter().skip(distance));
    (1..=longest_period).any(|period| pairs(period).all(|(one, later)| one == later))
        || pairs(1).all(|(one, next)| follows(*one, *next))
        || pairs(1).all(|(one, next)| follows(*next, *one))
}

/// Whether a character is the next one after another. The digit 0 follows 9, as on a keyboard.
fn follows(one: char, next: char) -> bool {
    u32::from(one) + 1 == u32::from(next) || (one, next) == ('9', '0')
}

/// Returns a folded name, and its parts between spaces and signs.
fn names_in(name: &str) -> Vec<String> {
    let whole = folded(name);
    let parts = whole.split(|character: char| !character.is_alphanumeric());
    let parts = parts.filter(|part| part.chars().count() >= LONG_NAME).map(str::to_owned);
    parts.chain([whole.clone()]).collect()
}

/// Returns the names in an e-mail address: the address, the part before the `@`, and the parts of
/// that.
fn names_in_address(address: &str) -> Vec<String> {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    [vec![folded(address)], names_in(local)].concat()
}

/// Whether a folded password contains a long name as a whole word, or is too short or has no letter
/// without a name.
fn is_built_on(password: &str, name: &str) -> bool {
    let name_length = name.chars().count();
    if name_length < SHORTEST_NAME || !password.contains(name) {
        return false;
    }
    let rest = password.replace(name, "");
    let is_long = name_length >= LONG_NAME;
    !rest.chars().any(char::is_alphabetic)
        || is_long && (rest.chars().count() < SHORTEST || has_word(password, name))
}

/// Whether a text contains a word with neither a letter nor a digit on either side.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(start, _)| {
        let (before, rest) = text.split_at(start);
        let after = rest.strip_prefix(word).unwrap_or_default();
        let is_joined = |neighbour: Option<char>| neighbour.is_some_and(char::is_alphanumeric);
        !is_joined(before.chars().next_back()) && !is_joined(after.chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON: &[&str] = &["password", "password123", "summer", "trustno1"];

    fn check_for(name: &str, email: Option<&str>, password: &str) -> Result<(), UserError> {
        let rule = PasswordRule { common: COMMON, shop: vec!["MicroShop".to_owned()] };
        let name = Username::new(name).unwrap();
        let email = email.map(|email| Email::new(email).unwrap());
        rule.check(password, &name, email.as_ref())
    }

    fn check(password: &str) -> Result<(), UserError> {
        check_for("ana", None, password)
    }

    #[test]
    fn a_password_has_at_least_eight_characters_and_fits_into_a_field() {
        assert_eq!(check("seven77"), Err(UserError::PasswordLength));
        assert_eq!(check(&"x".repeat(129)), Err(UserError::PasswordLength));
        assert_eq!(check("correct horse"), Ok(()));
        assert_eq!(check("été à Nîme"), Ok(()));
        let emoji: String = ('\u{1F600}'..).step_by(2).take(65).collect();
        assert_eq!(check(&emoji), Err(UserError::PasswordLength));
        for length in [8, 64] {
            assert_eq!(check(&emoji.chars().take(length).collect::<String>()), Ok(()));
        }
    }

    #[test]
    fn a_common_password_is_refused_in_any_case_width_and_with_a_short_suffix() {
        for password in [
            "PassWord123",
            "ｐａｓｓｗｏｒｄ",
            "password1!",
            "Summer2024",
            "SUMMER2024!",
            "trustno1",
            "trustno1!",
        ] {
            assert_eq!(check(password), Err(UserError::PasswordCommon), "{password}");
        }
        for password in ["summer202412", "in summer", "my password", "2024summer"] {
            assert_eq!(check(password), Ok(()), "{password}");
        }
    }

    #[test]
    fn a_pattern_is_refused() {
        for password in [
            "aaaaaaaa",
            "00000000",
            "12341234",
            "123123123",
            "abcdefgh",
            "987654321",
            "12345678901234567890",
            "67890123",
            "3210987654321",
            "!?!?!?!?",
        ] {
            assert_eq!(check(password), Err(UserError::PasswordCommon), "{password}");
        }
        for password in ["abcdefga", "12345679", "correct.correct.", "éàéàéàéà"] {
            assert_eq!(check(password), Ok(()), "{password}");
        }
    }

    #[test]
    fn a_password_is_not_built_on_a_name_of_the_user_or_of_the_shop() {
        let email = Some("A.Lovelace@example.org");
        for password in [
            "ana12345",
            "ana-ana-2",
            "2024-Ana!",
            "my lovelace",
            "a.lovelace@example.org",
            "a.lovelace1",
            "microshop",
            "I love MicroShop",
            "MyMicroShop",
        ] {
            let refused = check_for("ana", email, password);
            assert_eq!(refused, Err(UserError::PasswordPersonal), "{password}");
        }
        for password in ["banana split", "horse of ana", "example horse", "lovelaceless world"] {
            assert_eq!(check_for("ana", email, password), Ok(()), "{password}");
        }
        for password in ["maria loves", "Ana Maria 7", "xX-ana-MARIA-Xx"] {
            let refused = check_for("Ana Maria", None, password);
            assert_eq!(refused, Err(UserError::PasswordPersonal), "{password}");
        }
        assert_eq!(check_for("7", None, "8172653409"), Ok(()));
        assert_eq!(check_for("Jo", None, "jo81726534"), Ok(()));
    }
}
