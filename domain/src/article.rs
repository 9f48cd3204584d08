//! Articles: what the shop sells, at which price, and how many there are.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cart::Quantity;
use crate::money::Cents;

/// The number of an article, given by the shop and never used again.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct ArticleId(pub u32);

impl fmt::Display for ArticleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The largest number of pieces of one article in stock.
pub const MAX_ON_HAND: u32 = 1_000_000;

/// The largest price of one piece, so that no cart can exceed [`Cents::MAX`].
pub const MAX_PRICE: Cents = Cents(100_000_000);

/// One article with its stock.
///
/// Invariant: `reserved <= on_hand`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Article {
    /// Its number.
    pub id: ArticleId,
    /// Its name, as it stands on the order.
    pub name: String,
    /// What it is, in a sentence or two.
    pub description: String,
    /// The file name of its picture below `/static/pictures/`.
    pub picture: String,
    /// The price of one piece.
    pub price: Cents,
    /// Pieces in the house.
    pub on_hand: u32,
    /// Pieces in the house that belong to orders not yet paid.
    pub reserved: u32,
    /// Whether it is on sale.
    pub active: bool,
}

/// What an administrator may say of an article; a field left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArticlePatch {
    /// A new name.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<String>,
    /// A new price of one piece.
    pub price: Option<Cents>,
    /// A new count of the pieces in the house.
    pub on_hand: Option<u32>,
    /// Whether it is to be on sale.
    pub active: Option<bool>,
}

/// Why an article or its stock stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArticleError {
    /// There is no such article.
    #[error("there is no such article")]
    Unknown,
    /// A field is outside what the shop accepts.
    #[error("{field} {rule}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// Fewer pieces would be in the house than orders have reserved.
    #[error("{reserved} pieces are reserved by orders")]
    BelowReserved {
        /// Pieces that orders have reserved.
        reserved: u32,
    },
    /// Fewer pieces are available than asked for.
    #[error("only {available} pieces of {name} are available")]
    InsufficientStock {
        /// The article's name.
        name: String,
        /// Pieces that are available.
        available: u32,
    },
}

impl Article {
    /// Pieces that can be ordered now.
    pub fn available(&self) -> u32 {
        self.on_hand.saturating_sub(self.reserved)
    }

    /// The article as a patch leaves it.
    pub fn patched(&self, patch: ArticlePatch) -> Result<Self, ArticleError> {
        Self {
            name: patch.name.unwrap_or_else(|| self.name.clone()),
            description: patch.description.unwrap_or_else(|| self.description.clone()),
            price: patch.price.unwrap_or(self.price),
            on_hand: patch.on_hand.unwrap_or(self.on_hand),
            active: patch.active.unwrap_or(self.active),
            ..self.clone()
        }
        .validated()
    }

    /// The article itself, if every field is within what the shop accepts.
    pub fn validated(self) -> Result<Self, ArticleError> {
        let invalid = |field, rule| Err(ArticleError::Invalid { field, rule });
        if self.name.trim().is_empty() || self.name.chars().count() > 80 {
            return invalid("name", "must have 1 to 80 characters");
        }
        if self.description.chars().count() > 500 {
            return invalid("description", "must have at most 500 characters");
        }
        if self.price == Cents::ZERO || self.price > MAX_PRICE {
            return invalid("price_cents", "must be from 1 to 100000000");
        }
        if self.on_hand > MAX_ON_HAND {
            return invalid("on_hand", "must be at most 1000000");
        }
        if self.on_hand < self.reserved {
            return Err(ArticleError::BelowReserved { reserved: self.reserved });
        }
        Ok(self)
    }

    /// Sets pieces aside for an order.
    pub fn reserve(&mut self, quantity: Quantity) -> Result<(), ArticleError> {
        if self.available() < quantity.get() {
            return Err(self.insufficient());
        }
        self.reserved += quantity.get();
        Ok(())
    }

    /// Gives back pieces that an order had set aside.
    pub fn release(&mut self, quantity: Quantity) -> Result<(), ArticleError> {
        self.reserved =
            self.reserved.checked_sub(quantity.get()).ok_or_else(|| self.insufficient())?;
        Ok(())
    }

    /// Takes reserved pieces out of the house, because their order is paid.
    pub fn sell(&mut self, quantity: Quantity) -> Result<(), ArticleError> {
        self.release(quantity)?;
        self.on_hand =
            self.on_hand.checked_sub(quantity.get()).ok_or_else(|| self.insufficient())?;
        Ok(())
    }

    /// Puts pieces back in the house, because their order is refunded before it left.
    pub fn restock(&mut self, quantity: Quantity) {
        self.on_hand = self.on_hand.saturating_add(quantity.get());
    }

    fn insufficient(&self) -> ArticleError {
        ArticleError::InsufficientStock { name: self.name.clone(), available: self.available() }
    }
}

/// Every article by its number.
pub type Articles = BTreeMap<ArticleId, Article>;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn lamp() -> Article {
        Article {
            id: ArticleId(1),
            name: "Lamp".into(),
            description: String::new(),
            picture: "lamp.svg".into(),
            price: Cents(1_250),
            on_hand: 5,
            reserved: 0,
            active: true,
        }
    }

    #[test]
    fn stock_moves_keep_reserved_within_on_hand() {
        let mut lamp = lamp();
        let three = Quantity::new(3).unwrap();
        lamp.reserve(three).unwrap();
        assert_eq!(lamp.available(), 2);
        assert!(matches!(
            lamp.reserve(three),
            Err(ArticleError::InsufficientStock { available: 2, .. })
        ));
        lamp.sell(three).unwrap();
        assert_eq!((lamp.on_hand, lamp.reserved), (2, 0));
        lamp.restock(three);
        assert_eq!(lamp.on_hand, 5);
    }

    #[test]
    fn a_patch_can_not_take_what_orders_have_reserved() {
        let mut lamp = lamp();
        lamp.reserve(Quantity::new(4).unwrap()).unwrap();
        let patch = ArticlePatch { on_hand: Some(3), ..ArticlePatch::default() };
        assert_eq!(lamp.patched(patch), Err(ArticleError::BelowReserved { reserved: 4 }));
    }

    #[test]
    fn a_price_of_nothing_is_refused() {
        let patch = ArticlePatch { price: Some(Cents::ZERO), ..ArticlePatch::default() };
        assert!(matches!(
            lamp().patched(patch),
            Err(ArticleError::Invalid { field: "price_cents", .. })
        ));
    }
}
