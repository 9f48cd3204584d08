//! How long carts are kept after their last change.

use std::time::Duration;

use jiff::Timestamp;

use super::{Cart, Owner};
use crate::moment::is_due;
use crate::time::{earlier, later};

/// How long carts are kept after their last change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CartLifetimes {
    /// The carts of users.
    pub user: Duration,
    /// The carts of guests, but no longer than those of users.
    pub guest: Duration,
}

impl CartLifetimes {
    /// Returns how long the cart of an owner is kept.
    pub fn of(&self, owner: &Owner) -> Duration {
        match owner {
            Owner::User(_) => self.user,
            Owner::Guest(_) => self.guest.min(self.user),
        }
    }

    /// Returns when a cart that its owner changes now expires.
    pub fn expiry(&self, owner: &Owner, now: Timestamp) -> Timestamp {
        later(now, self.of(owner))
    }

    /// Returns when the time of an owner's cart is over.
    ///
    /// In stores of earlier versions, guests' carts were kept for as long as those of users. Such a
    /// cart expires later than one of a guest can; it ends as early as if it were stored now.
    pub fn end(&self, owner: &Owner, cart: &Cart, now: Timestamp) -> Timestamp {
        let kept = self.of(owner);
        let is_longer = cart.expires_at > now && is_due(cart.expires_at, kept, now);
        let surplus = if is_longer { self.user.saturating_sub(kept) } else { Duration::ZERO };
        earlier(cart.expires_at, surplus)
    }

    /// Returns whether the time of an owner's cart is over, or ends later than a cart's time can.
    pub fn is_expired(&self, owner: &Owner, cart: &Cart, now: Timestamp) -> bool {
        is_due(self.end(owner, cart, now), self.of(owner), now)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::cart;
    use super::*;
    use crate::user::UserId;

    const HOUR: Duration = Duration::from_secs(3_600);
    const NOW: Timestamp = Timestamp::UNIX_EPOCH;
    const LIFETIMES: CartLifetimes =
        CartLifetimes { user: Duration::from_secs(24 * 3_600), guest: Duration::from_secs(7_200) };

    fn owners() -> [Owner; 2] {
        [Owner::User(UserId(uuid::Uuid::from_u128(7))), Owner::Guest("ana".into())]
    }

    fn hours_ahead(hours: u32) -> Cart {
        Cart { expires_at: later(NOW, HOUR * hours), ..cart(&[(1, 2)]) }
    }

    #[test]
    fn the_carts_of_guests_are_kept_for_a_shorter_time_and_never_longer_than_those_of_users() {
        let [user, guest] = owners();
        assert_eq!(LIFETIMES.expiry(&user, NOW), later(NOW, HOUR * 24));
        assert_eq!(LIFETIMES.expiry(&guest, NOW), later(NOW, HOUR * 2));
        let short = CartLifetimes { user: HOUR, ..LIFETIMES };
        assert_eq!((short.of(&user), short.of(&guest)), (HOUR, HOUR));
    }

    #[test]
    fn a_cart_of_a_guest_that_was_stored_for_a_day_expires_two_hours_after_its_last_change() {
        let [user, guest] = owners();
        for (ahead, user_expired, guest_expired) in [
            (0, true, true),
            (1, false, false),
            (2, false, false),
            (3, false, true),
            (22, false, true),
            (23, false, false),
            (24, false, false),
            (25, true, true),
        ] {
            let cart = hours_ahead(ahead);
            assert_eq!(LIFETIMES.is_expired(&user, &cart, NOW), user_expired, "{ahead}");
            assert_eq!(LIFETIMES.is_expired(&guest, &cart, NOW), guest_expired, "{ahead}");
        }
    }
}
