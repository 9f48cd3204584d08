//! Events: what has happened in the shop, as recorded in the log.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::article::{Article, ArticleId};
use crate::bank::Behaviour;
use crate::breaker::{Breaker, State};
use crate::cart::{Cart, Owner};
use crate::order::Order;
use crate::session::{EndReason, Session, SessionId};
use crate::topic::{Channel, INTERRUPTIONS, Topic};
use crate::user::{Author, User, UserId};

pub mod article;
pub mod filter;
pub mod kind;

/// A change in the shop, written to the log by the commit that makes the change.
///
/// An event carries the new state, so that its subscribers need not read the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// The items of a cart changed.
    CartChanged {
        /// The owner of the cart.
        owner: Owner,
        /// The new state of the cart.
        cart: Cart,
    },
    /// An article was added.
    ArticleAdded(Article),
    /// The price, stock, texts or availability of an article changed.
    ArticleChanged(Article),
    /// An article was removed.
    ArticleRemoved {
        /// The number of the article.
        id: ArticleId,
    },
    /// An order was placed.
    OrderPlaced(Order),
    /// The status or the payment of an order changed.
    OrderChanged(Order),
    /// A user registered or was added.
    UserAdded(User),
    /// The role or the e-mail address of a user changed.
    UserChanged(User),
    /// A user was deleted.
    UserDeleted(User),
    /// A user signed in.
    SessionOpened(Session),
    /// A session ended.
    SessionEnded {
        /// The id of the session.
        session: SessionId,
        /// The user of the session.
        user: UserId,
        /// The reason for the end.
        reason: EndReason,
        /// When the last access token of the session expires at the latest; `None` in an event of
        /// an earlier version.
        #[serde(default)]
        until: Option<Timestamp>,
    },
    /// The state of the breaker changed.
    BreakerChanged(Breaker),
    /// A node started.
    ShopOpened {
        /// The version of the program.
        version: String,
    },
    /// A node is shutting down.
    ShopClosing,
    /// The behaviour of the simulated bank changed.
    BankChanged(Behaviour),
}

/// An event in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The position in the log. Positions are contiguous and begin at 1.
    pub id: u64,
    /// When the event happened.
    pub at: Timestamp,
    /// The event.
    pub event: Event,
    /// The administrator who caused it; `None` if a user, the shop or the bank did, and in the log
    /// of an earlier version.
    pub by: Option<Author>,
}

impl Event {
    /// Returns the article that the event is about, or `None` if there is none.
    pub fn article(&self) -> Option<ArticleId> {
        match self {
            Self::ArticleAdded(article) | Self::ArticleChanged(article) => Some(article.id),
            Self::ArticleRemoved { id } => Some(*id),
            _ => None,
        }
    }

    /// Returns the channels that the event is published to, the one with the most detail first.
    ///
    /// A subscriber of several of them receives the event once, on the first of its channels.
    pub fn channels(&self) -> Vec<Channel> {
        let own = |topic, owner: Owner| Channel { topic, owner: Some(owner) };
        let all = |topic| Channel { topic, owner: None };
        match self {
            Self::CartChanged { owner, .. } => vec![own(Topic::Cart, owner.clone())],
            Self::ArticleAdded(_) | Self::ArticleChanged(_) | Self::ArticleRemoved { .. } => {
                vec![all(Topic::Stock), all(Topic::Catalogue)]
            }
            Self::BankChanged(_) => vec![all(Topic::Payments)],
            Self::OrderPlaced(order) | Self::OrderChanged(order) => {
                vec![all(Topic::Payments), own(Topic::Orders, Owner::User(order.user))]
            }
            Self::UserAdded(_) | Self::UserChanged(_) | Self::UserDeleted(_) => {
                vec![all(Topic::Users)]
            }
            Self::SessionOpened(session) => vec![own(Topic::Session, Owner::User(session.user))],
            Self::SessionEnded { user, .. } => vec![own(Topic::Session, Owner::User(*user))],
            // A failure that is only counted interrupts nothing.
            Self::BreakerChanged(Breaker { state: State::Closed { failures: 1.. }, .. }) => {
                vec![all(Topic::Breaker)]
            }
            Self::BreakerChanged(_) => vec![all(Topic::Breaker), INTERRUPTIONS],
            Self::ShopOpened { .. } | Self::ShopClosing => vec![all(Topic::System)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::tests::lamp;
    use crate::order::checkout::tests::placed;
    use crate::session::tests::api;
    use crate::topic::Subscriber;
    use crate::user::{Role, Username};

    #[test]
    fn a_guest_receives_only_the_events_of_their_own_cart() {
        let guest = |name: &str| Subscriber { owner: Owner::Guest(name.into()), role: None };
        let cart = Cart::empty(Timestamp::UNIX_EPOCH);
        let channels = Event::CartChanged { owner: guest("ana").owner, cart }.channels();
        assert_eq!(channels, [guest("ana").channel(Topic::Cart).unwrap()]);
        assert_ne!(channels, [guest("bob").channel(Topic::Cart).unwrap()]);
    }

    #[test]
    fn an_event_about_an_article_has_its_number() {
        assert_eq!(Event::ArticleAdded(lamp()).article(), Some(ArticleId(1)));
        assert_eq!(Event::ArticleChanged(lamp()).article(), Some(ArticleId(1)));
        assert_eq!(Event::ArticleRemoved { id: ArticleId(7) }.article(), Some(ArticleId(7)));
        assert_eq!(Event::ShopClosing.article(), None);
    }

    #[test]
    fn every_event_is_published_to_administrators_or_to_its_owner_or_to_both() {
        let user = UserId(uuid::Uuid::nil());
        let ana = User {
            id: user,
            username: Username::new("ana").unwrap(),
            email: None,
            role: Role::Customer,
            created_at: Timestamp::UNIX_EPOCH,
        };
        let session = SessionId(uuid::Uuid::nil());
        let reason = EndReason::SignedOut;
        let ended = Event::SessionEnded { session, user, reason, until: None };
        let all = |topic| Channel { topic, owner: None };
        let own = |topic| Channel { topic, owner: Some(Owner::User(user)) };
        let articles = [all(Topic::Stock), all(Topic::Catalogue)];
        let orders = [all(Topic::Payments), own(Topic::Orders)];
        for (event, channels) in [
            (Event::ArticleAdded(lamp()), &articles[..]),
            (Event::ArticleChanged(lamp()), &articles),
            (Event::ArticleRemoved { id: ArticleId(1) }, &articles),
            (Event::OrderPlaced(placed()), &orders),
            (Event::OrderChanged(placed()), &orders),
            (Event::UserAdded(ana.clone()), &[all(Topic::Users)]),
            (Event::UserChanged(ana.clone()), &[all(Topic::Users)]),
            (Event::UserDeleted(ana), &[all(Topic::Users)]),
            (Event::SessionOpened(api(1)), &[own(Topic::Session)]),
            (ended, &[own(Topic::Session)]),
            (Event::BreakerChanged(Breaker::default()), &[all(Topic::Breaker), INTERRUPTIONS]),
            (Event::BankChanged(Behaviour::default()), &[all(Topic::Payments)]),
            (Event::ShopOpened { version: "1.0.0".into() }, &[all(Topic::System)]),
            (Event::ShopClosing, &[all(Topic::System)]),
        ] {
            assert_eq!(event.channels(), channels, "{event:?}");
        }
    }
}
