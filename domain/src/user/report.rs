//! What administrators see of a user, and the words by which they find one.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::User;
use crate::money::Cents;
use crate::search::{finds, words};

/// A user with their figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserReport {
    /// The user.
    pub user: User,
    /// The number of orders of any status.
    pub orders: u64,
    /// What the user has paid, without what was refunded.
    pub spent: Cents,
    /// When the user was last seen, to within a minute; `None` if never, or if only an earlier
    /// version has seen them.
    pub last_seen_at: Option<Timestamp>,
    /// The number of open sessions.
    pub devices: usize,
}

impl User {
    /// Returns the words by which the user is found: those of the name, and the e-mail address.
    pub fn words(&self) -> BTreeSet<String> {
        let email = self.email.as_ref().map_or("", |email| email.as_str());
        words(self.username.as_str()).into_iter().chain(words(email)).collect()
    }

    /// Returns whether each word of a search is the beginning of a word of the user.
    pub fn is_found_by(&self, search: &[String]) -> bool {
        finds(search, &self.words())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::user::{Email, Role, UserId, Username};

    #[test]
    fn a_user_is_found_by_the_beginnings_of_the_name_and_of_the_address() {
        let eva = User {
            id: UserId(Uuid::nil()),
            username: Username::new("Éva Müller").unwrap(),
            email: Some(Email::new("Office@Example.org").unwrap()),
            role: Role::Customer,
            created_at: Timestamp::UNIX_EPOCH,
        };
        for (search, is_found) in [
            ("", true),
            ("eva", true),
            ("MÜL é", true),
            ("office@ex", true),
            ("office eva", true),
            ("ller", false),
            ("example", false),
            ("eva smith", false),
        ] {
            assert_eq!(eva.is_found_by(&words(search)), is_found, "{search}");
        }
        assert_eq!(User { email: None, ..eva }.words().len(), 2);
    }
}
