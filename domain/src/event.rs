//! Events: what happened, as everybody who listens hears it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::article::{Article, ArticleId};
use crate::breaker::Breaker;
use crate::cart::{Cart, Owner};
use crate::order::Order;
use crate::session::{EndReason, Session, SessionId};
use crate::user::{Role, User, UserId};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A cart has other items.
    CartChanged {
        /// Whose.
        owner: Owner,
        /// The cart as it is now.
        cart: Cart,
    },
    /// An article is new.
    ArticleAdded(Article),
    /// An article has another price, stock or text, or is on sale or off.
    ArticleChanged(Article),
    /// An article is gone.
    ArticleRemoved {
        /// Which one.
        id: ArticleId,
    },
    /// An order was placed.
    OrderPlaced(Order),
    /// An order or its payment stands elsewhere.
    OrderChanged(Order),
    /// A user registered or was added.
    UserAdded(User),
    /// A user has another role or address.
    UserChanged(User),
    /// A user is gone.
    UserDeleted(User),
    /// Somebody signed in.
    SessionOpened(Session),
    /// Somebody was signed out.
    SessionEnded {
        /// Which session.
        session: SessionId,
        /// Whose.
        user: UserId,
        /// Why.
        reason: EndReason,
    },
    /// The breaker lets through something else.
    BreakerChanged(Breaker),
    /// A server has opened the shop.
    ShopOpened {
        /// The server's version.
        version: String,
    },
    /// A server is about to close.
    ShopClosing,
}

/// An event in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place: contiguous, beginning at 1.
    pub id: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// What one can listen to.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Articles, their prices and stock: for anyone.
    Catalogue,
    /// One's own cart.
    Cart,
    /// One's own orders and their payments.
    Orders,
    /// One's own sessions.
    Session,
    /// Every user: for administrators.
    Users,
    /// Every article with all that is known of its stock: for administrators.
    Stock,
    /// Every order and its payment: for administrators.
    Payments,
    /// The breaker: for administrators.
    Breaker,
    /// Servers that open and close: for administrators.
    System,
}

impl Topic {
    /// Its name, as clients say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Catalogue => "catalogue",
            Self::Cart => "cart",
            Self::Orders => "orders",
            Self::Session => "session",
            Self::Users => "users",
            Self::Stock => "stock",
            Self::Payments => "payments",
            Self::Breaker => "breaker",
            Self::System => "system",
        }
    }

    /// Whether it is about how something is, so that whoever knows the newest needs nothing older; else every event counts.
    pub fn is_state(self) -> bool {
        matches!(self, Self::Catalogue | Self::Cart | Self::Stock | Self::Breaker)
    }
}

/// Where events of one kind are told: a topic, and whose own it is if everybody hears only of their own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Channel {
    /// What it is about.
    pub topic: Topic,
    /// Whose own.
    pub owner: Option<Owner>,
}

/// Who listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Whose cart is the listener's own.
    pub owner: Owner,
    /// What the listener may do, if signed in.
    pub role: Option<Role>,
}

/// Where the pages that show orders hear that payments are interrupted or go on; programs are not told.
pub const INTERRUPTIONS: Channel = Channel { topic: Topic::Orders, owner: None };

impl Listener {
    /// Where the listener hears of a topic, if allowed to.
    pub fn channel(&self, topic: Topic) -> Option<Channel> {
        let (allowed, own) = match topic {
            Topic::Catalogue => (true, false),
            Topic::Cart => (true, true),
            Topic::Orders | Topic::Session => (self.role.is_some(), true),
            Topic::Users | Topic::Stock | Topic::Payments | Topic::Breaker | Topic::System => {
                (self.role == Some(Role::Admin), false)
            }
        };
        allowed.then(|| Channel { topic, owner: own.then(|| self.owner.clone()) })
    }
}

impl Event {
    /// Which article it is about, if it is about one.
    pub fn article(&self) -> Option<ArticleId> {
        match self {
            Self::ArticleAdded(article) | Self::ArticleChanged(article) => Some(article.id),
            Self::ArticleRemoved { id } => Some(*id),
            _ => None,
        }
    }

    /// Where it is told, where most is told of it first: whoever listens to several of these hears it there, once.
    pub fn channels(&self) -> Vec<Channel> {
        let own = |topic, owner: Owner| Channel { topic, owner: Some(owner) };
        let all = |topic| Channel { topic, owner: None };
        match self {
            Self::CartChanged { owner, .. } => vec![own(Topic::Cart, owner.clone())],
            Self::ArticleAdded(_) | Self::ArticleChanged(_) | Self::ArticleRemoved { .. } => {
                vec![all(Topic::Stock), all(Topic::Catalogue)]
            }
            Self::OrderPlaced(order) | Self::OrderChanged(order) => {
                vec![all(Topic::Payments), own(Topic::Orders, Owner::User(order.user))]
            }
            Self::UserAdded(_) | Self::UserChanged(_) | Self::UserDeleted(_) => {
                vec![all(Topic::Users)]
            }
            Self::SessionOpened(session) => vec![own(Topic::Session, Owner::User(session.user))],
            Self::SessionEnded { user, .. } => vec![own(Topic::Session, Owner::User(*user))],
            Self::BreakerChanged(_) => vec![all(Topic::Breaker), INTERRUPTIONS],
            Self::ShopOpened { .. } | Self::ShopClosing => vec![all(Topic::System)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest(name: &str) -> Listener {
        Listener { owner: Owner::Guest(name.into()), role: None }
    }

    #[test]
    fn everybody_hears_only_of_their_own_cart() {
        let cart = Cart::empty(Timestamp::UNIX_EPOCH);
        let told = Event::CartChanged { owner: Owner::Guest("ana".into()), cart }.channels();
        assert_eq!(told, [guest("ana").channel(Topic::Cart).unwrap()]);
        assert_ne!(told, [guest("bob").channel(Topic::Cart).unwrap()]);
    }

    #[test]
    fn only_administrators_hear_of_users() {
        assert_eq!(guest("ana").channel(Topic::Users), None);
        assert_eq!(
            Listener { role: Some(Role::Customer), ..guest("ana") }.channel(Topic::Users),
            None
        );
        assert!(
            Listener { role: Some(Role::Admin), ..guest("ana") }.channel(Topic::Users).is_some()
        );
    }
}
