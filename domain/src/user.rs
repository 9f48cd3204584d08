//! Users: who may sign in, and as what.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The id of a user.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct UserId(pub Uuid);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name a user signs in with: 1 to 64 characters, none of them a control character, no spaces around.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Username(String);

/// An e-mail address (RFC 5321 allows 254 characters); whether it reaches anybody, only a letter could tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Buys, and sees what is the user's own.
    Customer,
    /// Runs the shop.
    Admin,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Who it is.
    pub id: UserId,
    /// The name to sign in with, unique whatever the case of its letters.
    pub username: Username,
    /// Where to write to.
    pub email: Option<Email>,
    /// What the user may do.
    pub role: Role,
    /// When the user registered.
    pub created_at: Timestamp,
}

/// Why a user can't be as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// There is no such user.
    #[error("there is no such user")]
    Unknown,
    /// The name or the password is wrong; which of them is not said.
    #[error("the user name or the password is wrong")]
    InvalidCredentials,
    /// The password until now is another.
    #[error("the current password is wrong")]
    WrongPassword,
    /// More passwords are being checked than the machine can take.
    #[error("too many passwords are being checked")]
    TooBusy,
    /// Too many wrong passwords in a row; not even the right one is looked at before the wait is over.
    #[error("too many wrong passwords")]
    TooManyFailures {
        /// When to try again.
        retry_after: Duration,
    },
    /// A name outside the rule.
    #[error("a user name must have 1 to 64 characters without control characters or spaces around")]
    InvalidUsername,
    /// Not an e-mail address.
    #[error("that is not an e-mail address")]
    InvalidEmail,
    /// A password that is too short or too long.
    #[error("a password must have 8 to 128 characters")]
    PasswordLength,
    /// A password that everybody tries first.
    #[error("that password is too common")]
    PasswordCommon,
    /// The name is in use.
    #[error("the user name is taken")]
    UsernameTaken,
    /// Nobody else could run the shop.
    #[error("the last administrator stays")]
    LastAdmin,
}

impl Username {
    /// The name, if it follows the rule.
    pub fn new(name: impl Into<String>) -> Result<Self, UserError> {
        let name = name.into();
        let fits = (1..=64).contains(&name.chars().count());
        if fits && name.trim() == name && !name.chars().any(char::is_control) {
            Ok(Self(name))
        } else {
            Err(UserError::InvalidUsername)
        }
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as it is compared: names that differ only in case are one.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for Username {
    type Error = UserError;
    fn try_from(name: String) -> Result<Self, UserError> {
        Self::new(name)
    }
}

impl From<Username> for String {
    fn from(name: Username) -> Self {
        name.0
    }
}

impl Email {
    /// The address, if it looks like one.
    pub fn new(address: impl Into<String>) -> Result<Self, UserError> {
        let address = address.into();
        let plausible =
            address.len() <= 254 && !address.chars().any(|c| c.is_whitespace() || c.is_control());
        match address.rsplit_once('@') {
            Some((local, domain)) if plausible && !local.is_empty() && !domain.is_empty() => {
                Ok(Self(address))
            }
            _ => Err(UserError::InvalidEmail),
        }
    }

    /// The address as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Email {
    type Error = UserError;
    fn try_from(address: String) -> Result<Self, UserError> {
        Self::new(address)
    }
}

impl From<Email> for String {
    fn from(address: Email) -> Self {
        address.0
    }
}

/// Passwords found first by everybody who guesses, in lower case.
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

/// Whether a user may choose that password: 8 to 128 characters and not a common one (NIST SP 800-63B, section 5.1.1.2).
pub fn check_password(password: &str) -> Result<(), UserError> {
    if !(8..=128).contains(&password.chars().count()) {
        return Err(UserError::PasswordLength);
    }
    if COMMON.contains(&password.to_lowercase().as_str()) {
        return Err(UserError::PasswordCommon);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_only_in_case_are_one() {
        assert_eq!(Username::new("Zoë").unwrap().folded(), Username::new("ZOË").unwrap().folded());
    }

    #[test]
    fn a_name_without_a_visible_edge_is_refused() {
        for name in ["", " ana", "ana ", "a\nb", &"x".repeat(65)] {
            assert_eq!(Username::new(name), Err(UserError::InvalidUsername), "{name:?}");
        }
    }

    #[test]
    fn an_address_needs_both_of_its_sides() {
        assert!(Email::new("ana@example.org").is_ok());
        for address in ["ana", "@example.org", "ana@", "ana b@example.org"] {
            assert_eq!(Email::new(address), Err(UserError::InvalidEmail), "{address:?}");
        }
    }

    #[test]
    fn short_long_and_common_passwords_are_refused() {
        assert_eq!(check_password("seven77"), Err(UserError::PasswordLength));
        assert_eq!(check_password(&"x".repeat(129)), Err(UserError::PasswordLength));
        assert_eq!(check_password("PassWord123"), Err(UserError::PasswordCommon));
        assert_eq!(check_password("correct horse"), Ok(()));
    }
}
