//! The rule for passwords that users choose (NIST SP 800-63B, section 5.1.1.2; OWASP ASVS 5.0,
//! section 6.2).

use unicode_normalization::UnicodeNormalization;

use super::{Email, UserError, Username};
use crate::text::length;

/// The smallest number of characters of a password.
const SHORTEST: usize = 8;

/// The greatest length of a password.
const LONGEST: usize = 128;

/// How many digits and signs on each side of a common word leave the password common.
const LONGEST_AFFIX: usize = 5;

/// The greatest number of digits of a date or a telephone number.
const MOST_DIGITS: usize = 12;

/// The signs within dates and telephone numbers, and the one that is often added to a password.
const SIGNS_OF_NUMBERS: &str = " -./+():,_!";

/// The top row of a keyboard: American with the shift key, and French without it.
const TOP_ROWS: [&str; 2] = ["!@#$%^&*()_+", "&é\"'(-è_çà)="];

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
        if self.is_common(&folded(password)) {
            return Err(UserError::PasswordCommon);
        }
        let names = self.shop.iter().flat_map(|name| names_in(name));
        let email = email.into_iter().flat_map(|email| names_in_address(email.as_str()));
        let mut names = names.chain(names_in(username.as_str())).chain(email);
        if names.any(|name| is_personal(password, &name)) {
            return Err(UserError::PasswordPersonal);
        }
        Ok(())
    }

    /// Whether a folded password is a common one, a common word or a pattern with digits and signs
    /// around it, or a number.
    fn is_common(&self, password: &str) -> bool {
        let least = password.chars().count().div_ceil(2);
        is_number(password)
            || TOP_ROWS.iter().any(|row| row.contains(password))
            || cores(password).any(|core| {
                self.is_listed(core)
                    || readings(core).iter().any(|reading| self.is_listed(reading))
                    || core.chars().count() >= least && is_pattern(core)
            })
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

/// Returns a text without accents.
fn without_accents(text: &str) -> String {
    text.nfkd().filter(|character| !matches!(character, '\u{300}'..='\u{36F}')).nfc().collect()
}

/// Returns the letters and digits of a folded text without accents, in each way in which an
/// attacker reads them: unchanged, and with letters in place of the digits and signs that look
/// like them.
fn readings(text: &str) -> [String; 3] {
    let text = without_accents(text);
    let read = |one| {
        let letters = text.chars().map(|typed| letter_like(typed, one).unwrap_or(typed));
        letters.filter(|character| character.is_alphanumeric()).collect()
    };
    let typed = text.chars().filter(|character| character.is_alphanumeric()).collect();
    [typed, read('i'), read('l')]
}

/// Returns the letter that a digit or a sign looks like. The digit 1 looks like two of them.
fn letter_like(typed: char, one: char) -> Option<char> {
    match typed {
        '0' => Some('o'),
        '1' => Some(one),
        '3' => Some('e'),
        '4' | '@' => Some('a'),
        '5' | '$' => Some('s'),
        '7' => Some('t'),
        _ => None,
    }
}

/// Returns a password, and what remains of it without a few digits and signs at either end.
fn cores(password: &str) -> impl Iterator<Item = &str> {
    let starts = password.char_indices().map(|(start, _)| start).take(LONGEST_AFFIX + 1);
    starts
        .map(|start| password.split_at(start))
        .take_while(|(prefix, _)| !prefix.chars().any(char::is_alphabetic))
        .flat_map(|(_, rest)| {
            let ends = rest.char_indices().rev().take(LONGEST_AFFIX);
            let ends = ends.take_while(|(_, last)| !last.is_alphabetic());
            std::iter::once(rest).chain(ends.map(|(end, _)| rest.split_at(end).0))
        })
}

/// Whether a password may be a date or a telephone number.
fn is_number(password: &str) -> bool {
    let is_digit = |character: &char| character.is_ascii_digit();
    (1..=MOST_DIGITS).contains(&password.chars().filter(is_digit).count())
        && password.chars().all(|sign| is_digit(&sign) || SIGNS_OF_NUMBERS.contains(sign))
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

/// Whether a password is built on a folded name, with or without accents, spaces and signs, and
/// with digits and signs that look like letters.
fn is_personal(password: &str, name: &str) -> bool {
    let password = without_accents(&folded(password));
    is_built_on(&password, &without_accents(name))
        || readings(&password)
            .iter()
            .zip(readings(name))
            .any(|(read, name)| is_built_on(read, &name))
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

    const COMMON: &[&str] =
        &["admin", "bienvenue", "password", "password123", "summer", "trustno1"];

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
    fn a_common_password_is_refused_in_any_case_width_and_with_a_short_prefix_or_suffix() {
        for password in [
            "PassWord123",
            "ｐａｓｓｗｏｒｄ",
            "password1!",
            "Summer2024",
            "SUMMER2024!",
            "trustno1",
            "trustno1!",
            "2024summer",
            "!password",
            "123password",
            "2024password",
            "¤admin123",
            "Bienvenue1",
        ] {
            assert_eq!(check(password), Err(UserError::PasswordCommon), "{password}");
        }
        for password in ["summer202412", "202412summer", "in summer", "my password"] {
            assert_eq!(check(password), Ok(()), "{password}");
        }
    }

    #[test]
    fn a_common_password_is_refused_with_signs_within_it_and_in_place_of_letters() {
        for password in [
            "p@$$w0rd",
            "!P@ssw0rd1",
            "pass-word",
            "p a s s w o r d",
            "$ummer2024",
            "4dm1n-2024",
            "pässwörd",
        ] {
            assert_eq!(check(password), Err(UserError::PasswordCommon), "{password}");
        }
    }

    #[test]
    fn a_date_or_a_telephone_number_is_refused() {
        for password in [
            "13/05/1990",
            "01-01-1990",
            "13051990!",
            "0612345678",
            "06 12 34 56 78",
            "+33 (0)6.12.34.56.78",
            "8172653409",
        ] {
            assert_eq!(check(password), Err(UserError::PasswordCommon), "{password}");
        }
        assert_eq!(check("8172653409173"), Ok(()));
    }

    #[test]
    fn a_passphrase_is_accepted() {
        for password in [
            "correct horse",
            "chaise-bleue-42-nuages",
            "my dog eats 3 shoes",
            "a quiet harbour",
            "battery staple",
            "le 14 juillet à Nantes",
            "summer rain 1998",
            "pass the word on",
            "13 boats in 1990",
            "¤%&/=?§+#1",
            "x7$Kq2!m",
            "l'été sans fin",
        ] {
            assert_eq!(check_for("Zoé Müller", None, password), Ok(()), "{password}");
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
            "12345679",
            "!@#$%^&*",
            "abcdefgh1",
            "1abcdefgh!",
            "doudou123",
            "aaaaaaa1",
        ] {
            assert_eq!(check(password), Err(UserError::PasswordCommon), "{password}");
        }
        for password in ["abcdefga", "abcdefga1", "correct.correct.", "éàéàéàéà"] {
            assert_eq!(check(password), Ok(()), "{password}");
        }
    }

    #[test]
    fn a_password_is_not_built_on_a_name_of_the_user_or_of_the_shop() {
        let email = Some("A.Lovelace@example.org");
        for password in [
            "ana12345",
            "ana-2-ana-1",
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
        for password in
            ["zoe muller", "zoemuller1", "zoe-muller", "z03 müll3r", "zoemuller12345678"]
        {
            let refused = check_for("Zoé Müller", None, password);
            assert_eq!(refused, Err(UserError::PasswordPersonal), "{password}");
        }
        for password in ["micro shop", "micro-shop1", "m1croshop", "micr0shop!", "MICRO.SHOP 2027"]
        {
            assert_eq!(check(password), Err(UserError::PasswordPersonal), "{password}");
        }
        assert_eq!(check_for("7", None, "8172653409173"), Ok(()));
        assert_eq!(check_for("Jo", None, "jo81726534"), Ok(()));
    }
}
