//! The rule for passwords that users choose.

use super::UserError;
use crate::text::length;

/// Returns an error if a user may not choose the password.
///
/// It must have 8 to 128 characters, as [`length`] counts them at the upper end, and must not be a
/// common one, in any case of its letters (NIST SP 800-63B, section 5.1.1.2).
pub fn check_password(password: &str) -> Result<(), UserError> {
    if password.chars().count() < 8 || length(password) > 128 {
        return Err(UserError::PasswordLength);
    }
    if COMMON.contains(&password.to_lowercase().as_str()) {
        return Err(UserError::PasswordCommon);
    }
    Ok(())
}

/// The passwords that an attacker tries first, in lower case.
const COMMON: &[&str] = &[
    "password",
    "password1",
    "password12",
    "password123",
    "passw0rd",
    "12345678",
    "123456789",
    "1234567890",
    "87654321",
    "11111111",
    "00000000",
    "88888888",
    "qwertyui",
    "qwerty123",
    "qwertyuiop",
    "1q2w3e4r",
    "1qaz2wsx",
    "iloveyou",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "trustno1",
    "starwars",
    "whatever",
    "computer",
    "internet",
    "letmein1",
    "welcome1",
    "admin123",
    "administrator",
    "motdepasse",
    "azertyui",
    "azertyuiop",
    "azerty123",
    "jetaime1",
    "bonjour1",
    "changeme",
    "changeit",
    "microshop",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_long_and_common_passwords_are_refused() {
        assert_eq!(check_password("seven77"), Err(UserError::PasswordLength));
        assert_eq!(check_password(&"x".repeat(129)), Err(UserError::PasswordLength));
        assert_eq!(check_password("PassWord123"), Err(UserError::PasswordCommon));
        assert_eq!(check_password("correct horse"), Ok(()));
        for length in [8, 128] {
            assert_eq!(check_password(&"é".repeat(length)), Ok(()));
        }
        assert_eq!(check_password(&"😀".repeat(64)), Ok(()));
        for length in [7, 65] {
            assert_eq!(check_password(&"😀".repeat(length)), Err(UserError::PasswordLength));
        }
    }
}
