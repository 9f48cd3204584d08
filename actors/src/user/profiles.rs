//! The users who are read often, kept until they change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::event::Event;
use domain::user::{User, UserId};

/// The most users that are kept; more than a node has busy clients.
const MOST: usize = 10_000;

/// Copies of users. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Profiles(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    users: HashMap<UserId, User>,
    /// How often a user has changed.
    changes: u64,
}

impl Profiles {
    /// Returns a user who is kept; otherwise how many changes there were, for [`Self::keep`].
    pub(crate) fn get(&self, id: UserId) -> Result<User, u64> {
        let kept = self.lock();
        kept.users.get(&id).cloned().ok_or(kept.changes)
    }

    /// Keeps a user who was read from the store, unless one has changed in the meantime: it is
    /// unknown which of both was first. If there are too many, all others are forgotten.
    pub(crate) fn keep(&self, user: &User, changes: u64) {
        let mut kept = self.lock();
        if kept.changes == changes {
            if kept.users.len() >= MOST {
                kept.users.clear();
            }
            kept.users.insert(user.id, user.clone());
        }
    }

    /// Forgets a user who has changed.
    pub(crate) fn forget(&self, id: UserId) {
        let mut kept = self.lock();
        kept.changes += 1;
        kept.users.remove(&id);
    }

    /// Forgets the user whom an event is about.
    pub(crate) fn apply(&self, event: &Event) {
        if let Event::UserChanged(user) | Event::UserDeleted(user) = event {
            self.forget(user.id);
        }
    }

    /// Forgets every user.
    pub(crate) fn clear(&self) {
        let mut kept = self.lock();
        kept.changes += 1;
        kept.users.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use domain::user::{Role, Username};
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn user(number: u128) -> User {
        User {
            id: UserId(Uuid::from_u128(number)),
            username: Username::new("ana").unwrap(),
            email: None,
            role: Role::Customer,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_user_is_kept_until_they_change_and_not_if_one_changes_while_they_are_read() {
        let profiles = Profiles::default();
        let ana = user(1);
        let before = profiles.get(ana.id).unwrap_err();
        profiles.keep(&ana, before);
        assert_eq!(profiles.get(ana.id), Ok(ana.clone()));
        profiles.apply(&Event::UserChanged(ana.clone()));
        let before = profiles.get(ana.id).unwrap_err();
        profiles.forget(ana.id);
        profiles.keep(&ana, before);
        assert!(profiles.get(ana.id).is_err(), "the copy may be older than the change");
        profiles.keep(&ana, before + 1);
        profiles.clear();
        assert!(profiles.get(ana.id).is_err());
    }

    #[test]
    fn no_more_users_are_kept_than_the_limit() {
        let profiles = Profiles::default();
        for number in 0..=MOST as u128 {
            profiles.keep(&user(number), 0);
        }
        assert_eq!(profiles.lock().users.len(), 1);
    }
}
