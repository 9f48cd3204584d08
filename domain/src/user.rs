//! Users: names, e-mail addresses and roles.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::text::lookalike::looks;
use crate::text::{is_readable_line, length, username};

pub mod known;
pub mod password;
pub mod report;
pub mod reset;

/// The greatest length of a new user name.
const MAX_USERNAME: usize = 64;

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

/// The name a user signs in with.
///
/// Invariant: 1 to 64 characters, no control characters, no whitespace at either end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Username(String);

/// An e-mail address of at most 254 characters (RFC 5321).
///
/// Only its form is checked. It may not exist or may belong to another person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Buys, and sees only their own cart, orders and sessions.
    Customer,
    /// Manages articles, orders, users and the breaker.
    Admin,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The id of the user.
    pub id: UserId,
    /// The name to sign in with. No other user has a name that differs only in case.
    pub username: Username,
    /// The e-mail address, if the user gave one.
    pub email: Option<Email>,
    /// The role, which decides what the user may do.
    pub role: Role,
    /// When the user registered.
    pub created_at: Timestamp,
}

/// The administrator who made a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Author {
    /// The administrator's id.
    pub id: UserId,
    /// The administrator's name at that time.
    pub username: String,
}

/// The reason why a user is not signed in, added or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// There is no user with this id.
    #[error("there is no such user")]
    Unknown,
    /// The name or the password is wrong. Both cases look the same, so that names can't be probed.
    #[error("the user name or the password is wrong")]
    InvalidCredentials,
    /// The current password, which a change requires, is wrong.
    #[error("the current password is wrong")]
    WrongPassword,
    /// The link to set a new password does not work: it never did, was used, replaced, or expired.
    #[error("the link does not work")]
    InvalidResetLink,
    /// The queue for password checks is full.
    #[error("too many passwords are being checked")]
    TooBusy,
    /// Too many passwords of the same client are being checked. No further one is.
    #[error("too many passwords of this client are being checked")]
    TooManyAtOnce,
    /// Too many passwords in a row were wrong. Until the wait is over, no password is checked.
    #[error("too many wrong passwords")]
    TooManyFailures {
        /// How long to wait before the next try.
        retry_after: Duration,
    },
    /// Too many users have registered from the same client or site.
    #[error("too many users have registered from this address")]
    TooManyRegistrations {
        /// How long to wait before the next try.
        retry_after: Duration,
    },
    /// The name breaks the rule of [`Username::choose`].
    #[error(
        "user name must have 1 to 64 letters, digits or ASCII signs, and no spaces at the ends"
    )]
    InvalidUsername,
    /// The text does not have the form of an e-mail address.
    #[error("e-mail address is not valid")]
    InvalidEmail,
    /// The password is too short or too long.
    #[error("password must have 8 to 128 characters")]
    PasswordLength,
    /// The password is one of the first that an attacker tries.
    #[error("password is too common")]
    PasswordCommon,
    /// The password is built on a word that an attacker knows about the user or the shop.
    #[error("password is built on the user's name or e-mail address, or the shop's name")]
    PasswordPersonal,
    /// The password is in the operator's list of leaked passwords.
    #[error("password is in a list of leaked passwords")]
    PasswordBreached,
    /// Another user has the name, or one that looks like it.
    #[error("the user name is taken, or looks like one that is taken")]
    UsernameTaken,
    /// The change would leave the shop without an administrator.
    #[error("the last administrator cannot be deleted or demoted")]
    LastAdmin,
}

impl Username {
    /// Returns a name that was stored, or an error if it breaks the invariant. New names follow the
    /// stricter rule of [`choose`](Self::choose).
    pub fn new(name: impl Into<String>) -> Result<Self, UserError> {
        let name = name.into();
        let fits = (1..=64).contains(&name.chars().count());
        if fits && name.trim() == name && !name.chars().any(char::is_control) {
            Ok(Self(name))
        } else {
            Err(UserError::InvalidUsername)
        }
    }

    /// Returns a new name in its [mapped](username::mapped) form, or an error if it is not allowed.
    ///
    /// The name must be readable, and users must be able to type it (RFC 8265, section 3.3).
    pub fn choose(name: &str) -> Result<Self, UserError> {
        let name = username::mapped(name);
        if length(&name) <= MAX_USERNAME && username::is_allowed(&name) {
            Self::new(name)
        } else {
            Err(UserError::InvalidUsername)
        }
    }

    /// Returns the name as the user wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name in lower case: the form that must be unique.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }

    /// Returns the looks of the name. No other user's name has one of them.
    pub fn looks(&self) -> BTreeSet<String> {
        looks(&self.0)
    }
}

/// The name of a user who signs in, as submitted.
///
/// Names that were chosen before they were mapped may have another form than the mapped one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmittedName {
    /// The unique form of the mapped name: it is the same however the name is typed.
    pub mapped: String,
    /// The unique form of the name as it was typed.
    pub typed: String,
}

impl SubmittedName {
    /// Returns the forms of a submitted name. Spaces at its ends do not count.
    pub fn of(name: &str) -> Self {
        let name = name.trim();
        let mapped = username::mapped(name);
        Self { mapped: username::folded(mapped.trim()), typed: name.to_lowercase() }
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
    /// Returns the address, or an error if it does not have the form `local@domain`.
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

    /// Returns a new address, or an error if it has not the form or has invisible characters.
    pub fn choose(address: impl Into<String>) -> Result<Self, UserError> {
        Self::new(address).and_then(|address| {
            let is_readable = is_readable_line(&address.0);
            is_readable.then_some(address).ok_or(UserError::InvalidEmail)
        })
    }

    /// Returns the address as the user wrote it.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_only_in_case_are_the_same() {
        for name in ["Zoë", "ZOË", "zoë"] {
            assert_eq!(Username::new(name).unwrap().folded(), "zoë");
        }
    }

    #[test]
    fn an_invalid_name_is_refused() {
        for name in ["", " ana", "ana ", "a\nb", &"x".repeat(65)] {
            assert_eq!(Username::new(name), Err(UserError::InvalidUsername), "{name:?}");
        }
    }

    #[test]
    fn an_address_needs_a_part_on_each_side_of_the_at_sign() {
        assert!(Email::new("ana@example.org").is_ok());
        for address in ["ana", "@example.org", "ana@", "ana b@example.org"] {
            assert_eq!(Email::new(address), Err(UserError::InvalidEmail), "{address:?}");
        }
    }

    #[test]
    fn a_new_name_is_mapped_and_must_be_typeable() {
        for (typed, name) in [("Zoe\u{308}", "Zoë"), ("Ａna", "Ana"), ("Ana Maria", "Ana Maria")]
        {
            assert_eq!(Username::choose(typed).unwrap().as_str(), name);
        }
        for name in ["", " ", "\u{200B}", " ana", "ana ", "a\nb", "a\u{AD}na", "ana\u{A0}ba", "😀"]
        {
            assert_eq!(Username::choose(name), Err(UserError::InvalidUsername), "{name:?}");
        }
        assert!(Username::choose(&"e\u{301}".repeat(64)).is_ok());
        assert!(Username::choose(&"é".repeat(65)).is_err());
        assert!(Username::choose(&"𠮷".repeat(32)).is_ok());
        assert!(Username::choose(&"𠮷".repeat(33)).is_err());
    }

    #[test]
    fn a_submitted_name_has_one_mapped_form_however_it_is_typed() {
        for typed in ["Zoë", " ZOE\u{308}\u{3000}", "Ｚoë", "\u{A0}zoë"] {
            assert_eq!(SubmittedName::of(typed).mapped, "zoë", "{typed:?}");
        }
        assert_eq!(SubmittedName::of(" Zoe\u{308}").typed, "zoe\u{308}");
    }

    #[test]
    fn a_new_address_has_no_invisible_characters() {
        assert!(Email::choose("zoë@example.org").is_ok());
        for address in ["a\u{200B}na@example.org", "ana@exam\u{AD}ple.org", "\u{202E}ana@b", "ana"]
        {
            assert_eq!(Email::choose(address), Err(UserError::InvalidEmail), "{address:?}");
        }
    }

    #[test]
    fn names_and_addresses_are_kept_as_the_user_wrote_them() {
        let name: Username = serde_json::from_value("Zoë".into()).unwrap();
        assert_eq!((name.as_str(), name.to_string()), ("Zoë", "Zoë".to_owned()));
        assert_eq!(serde_json::to_value(name).unwrap(), "Zoë");
        let address: Email = serde_json::from_value("Zoe@example.org".into()).unwrap();
        assert_eq!(address.as_str(), "Zoe@example.org");
        assert_eq!(serde_json::to_value(address).unwrap(), "Zoe@example.org");
    }

    #[test]
    fn the_longest_name_and_the_longest_address_are_valid() {
        assert!(Username::new("é".repeat(64)).is_ok());
        let address = |length: usize| format!("ana@{}", "x".repeat(length - 4));
        assert!(Email::new(address(254)).is_ok());
        assert_eq!(Email::new(address(255)), Err(UserError::InvalidEmail));
    }

    #[test]
    fn stored_names_and_addresses_are_checked_when_they_are_read() {
        assert!(serde_json::from_value::<Username>(" ana".into()).is_err());
        assert!(serde_json::from_value::<Email>("ana".into()).is_err());
    }

    #[test]
    fn a_user_is_displayed_by_its_id() {
        let id = Uuid::from_u128(7);
        assert_eq!(UserId(id).to_string(), id.to_string());
    }
}
