//! The kinds of events, by their names in the protocol.

use super::Event;

/// The kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the events have the same names")]
pub enum Kind {
    CartChanged,
    ArticleAdded,
    ArticleChanged,
    ArticleRemoved,
    OrderPlaced,
    OrderChanged,
    UserAdded,
    UserChanged,
    UserDeleted,
    SessionOpened,
    SessionEnded,
    BreakerChanged,
    BankChanged,
    ShopOpened,
    ShopClosing,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::CartChanged,
        Self::ArticleAdded,
        Self::ArticleChanged,
        Self::ArticleRemoved,
        Self::OrderPlaced,
        Self::OrderChanged,
        Self::UserAdded,
        Self::UserChanged,
        Self::UserDeleted,
        Self::SessionOpened,
        Self::SessionEnded,
        Self::BreakerChanged,
        Self::BankChanged,
        Self::ShopOpened,
        Self::ShopClosing,
    ];

    /// Returns the name of the kind in the protocol.
    pub fn name(self) -> &'static str {
        match self {
            Self::CartChanged => "cart.changed",
            Self::ArticleAdded => "article.added",
            Self::ArticleChanged => "article.changed",
            Self::ArticleRemoved => "article.removed",
            Self::OrderPlaced => "order.placed",
            Self::OrderChanged => "order.changed",
            Self::UserAdded => "user.added",
            Self::UserChanged => "user.changed",
            Self::UserDeleted => "user.deleted",
            Self::SessionOpened => "session.opened",
            Self::SessionEnded => "session.ended",
            Self::BreakerChanged => "breaker.changed",
            Self::BankChanged => "bank.changed",
            Self::ShopOpened => "shop.opened",
            Self::ShopClosing => "shop.closing",
        }
    }

    /// Returns the kind with a name; `None` if there is none.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl Event {
    /// Returns the kind of the event.
    pub fn kind(&self) -> Kind {
        match self {
            Self::CartChanged { .. } => Kind::CartChanged,
            Self::ArticleAdded(_) => Kind::ArticleAdded,
            Self::ArticleChanged(_) => Kind::ArticleChanged,
            Self::ArticleRemoved { .. } => Kind::ArticleRemoved,
            Self::OrderPlaced(_) => Kind::OrderPlaced,
            Self::OrderChanged(_) => Kind::OrderChanged,
            Self::UserAdded(_) => Kind::UserAdded,
            Self::UserChanged(_) => Kind::UserChanged,
            Self::UserDeleted(_) => Kind::UserDeleted,
            Self::SessionOpened(_) => Kind::SessionOpened,
            Self::SessionEnded { .. } => Kind::SessionEnded,
            Self::BreakerChanged(_) => Kind::BreakerChanged,
            Self::BankChanged(_) => Kind::BankChanged,
            Self::ShopOpened { .. } => Kind::ShopOpened,
            Self::ShopClosing => Kind::ShopClosing,
        }
    }
}
