//! Carts: what somebody means to buy. A cart holds no stock.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::article::{Article, ArticleId, Articles};
use crate::money::{Cents, TooLarge};
use crate::user::UserId;

/// The largest number of different articles in one cart.
pub const MAX_ITEMS: usize = 100;

/// How many pieces of one article: 1 to 99.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "u32", into = "u32")]
#[schemars(extend("minimum" = 1, "maximum" = 99))]
pub struct Quantity(u32);

impl Quantity {
    /// One piece.
    pub const ONE: Self = Self(1);
    /// The most pieces of one article in a cart.
    pub const MAX: Self = Self(99);

    /// The quantity of that many pieces.
    pub fn new(pieces: u32) -> Result<Self, CartError> {
        if (Self::ONE.0..=Self::MAX.0).contains(&pieces) {
            Ok(Self(pieces))
        } else {
            Err(CartError::QuantityOutOfRange)
        }
    }

    /// The number of pieces.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Quantity {
    type Error = CartError;
    fn try_from(pieces: u32) -> Result<Self, CartError> {
        Self::new(pieces)
    }
}

impl From<Quantity> for u32 {
    fn from(quantity: Quantity) -> u32 {
        quantity.0
    }
}

/// Whose cart it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// A visitor who is not signed in, by the SHA-256 of the secret in the visitor's cookie, in hexadecimal.
    Guest(String),
    /// A user.
    User(UserId),
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guest(hash) => write!(f, "guest-{hash}"),
            Self::User(user) => write!(f, "user-{user}"),
        }
    }
}

/// An article in a cart, as it was when it was last touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The article.
    pub article: ArticleId,
    /// Its name then.
    pub name: String,
    /// The price of one piece then.
    pub unit_price: Cents,
    /// How many pieces.
    pub quantity: Quantity,
}

/// A cart. Invariant: at most [`MAX_ITEMS`] items, each article once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    /// Counts the changes.
    pub version: u64,
    /// In the order in which they were put in.
    pub items: Vec<Item>,
    /// When it is thrown away.
    pub expires_at: Timestamp,
}

/// Something the buyer should know of an item before checking out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// The price is another than when the item was last touched.
    PriceChanged,
    /// Fewer pieces are available than the cart asks for.
    InsufficientStock,
    /// The article is no longer on sale.
    Unavailable,
}

/// An item at today's price and availability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricedItem {
    /// The article.
    pub article: ArticleId,
    /// Its name.
    pub name: String,
    /// How many pieces.
    pub quantity: Quantity,
    /// The price of one piece.
    pub unit_price: Cents,
    /// The price of all pieces.
    pub line_total: Cents,
    /// Pieces that can be ordered now.
    pub available: u32,
    /// What the buyer should know.
    pub problems: Vec<Problem>,
}

/// A cart at today's prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricedCart {
    /// Counts the changes.
    pub version: u64,
    /// In the order in which they were put in.
    pub items: Vec<PricedItem>,
    /// Pieces in the cart.
    pub item_count: u32,
    /// The price of everything.
    pub total: Cents,
    /// When the cart is thrown away.
    pub expires_at: Timestamp,
}

/// Why a cart stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CartError {
    /// Not 1 to 99 pieces.
    #[error("a quantity must be from 1 to 99")]
    QuantityOutOfRange,
    /// More than 99 pieces of one article.
    #[error("a cart holds at most 99 pieces of an article")]
    TooManyPieces,
    /// More than a hundred different articles.
    #[error("a cart holds at most 100 articles")]
    TooManyArticles,
    /// There is no such article.
    #[error("there is no such article")]
    UnknownArticle,
    /// The article is not on sale.
    #[error("the article is not on sale")]
    Unavailable,
    /// The article is not in the cart.
    #[error("the article is not in the cart")]
    NotInCart,
    /// The cart is not at the version the command was meant for.
    #[error("the cart has changed")]
    VersionMismatch,
}

impl Cart {
    /// A cart nobody has touched.
    pub fn empty(expires_at: Timestamp) -> Self {
        Self { version: 0, items: Vec::new(), expires_at }
    }

    /// Whether the command is meant for this version of the cart; a command for no version always is.
    pub fn expect_version(&self, version: Option<u64>) -> Result<(), CartError> {
        match version {
            Some(version) if version != self.version => Err(CartError::VersionMismatch),
            _ => Ok(()),
        }
    }

    /// The cart with more pieces of an article.
    pub fn add(
        &self,
        article: &Article,
        quantity: Quantity,
        expires_at: Timestamp,
    ) -> Result<Self, CartError> {
        let present = self.quantity_of(article.id).map_or(0, Quantity::get);
        let pieces =
            Quantity::new(present + quantity.get()).map_err(|_| CartError::TooManyPieces)?;
        self.set(article, pieces, expires_at)
    }

    /// The cart with exactly that many pieces of an article.
    pub fn set(
        &self,
        article: &Article,
        quantity: Quantity,
        expires_at: Timestamp,
    ) -> Result<Self, CartError> {
        if !article.active {
            return Err(CartError::Unavailable);
        }
        let item = Item {
            article: article.id,
            name: article.name.clone(),
            unit_price: article.price,
            quantity,
        };
        let mut next = self.next(expires_at);
        match next.item_mut(article.id) {
            Some(present) => *present = item,
            None if self.items.len() == MAX_ITEMS => return Err(CartError::TooManyArticles),
            None => next.items.push(item),
        }
        Ok(next)
    }

    /// The cart without an article.
    pub fn remove(&self, article: ArticleId, expires_at: Timestamp) -> Result<Self, CartError> {
        self.quantity_of(article).ok_or(CartError::NotInCart)?;
        let mut next = self.next(expires_at);
        next.items.retain(|item| item.article != article);
        Ok(next)
    }

    /// The cart without anything in it.
    pub fn clear(&self, expires_at: Timestamp) -> Self {
        Self { items: Vec::new(), ..self.next(expires_at) }
    }

    /// The cart with the items of another: of each article the larger quantity, so merging again changes no item.
    ///
    /// Items beyond the hundredth article stay out.
    pub fn merge(&self, other: &Self, expires_at: Timestamp) -> Self {
        let mut next = self.next(expires_at);
        for item in &other.items {
            let full = next.items.len() == MAX_ITEMS;
            match next.item_mut(item.article) {
                Some(present) => present.quantity = present.quantity.max(item.quantity),
                None if full => {}
                None => next.items.push(item.clone()),
            }
        }
        next
    }

    /// The cart at the prices and availability of these articles.
    pub fn priced(&self, articles: &Articles) -> Result<PricedCart, TooLarge> {
        let items: Vec<_> =
            self.items.iter().map(|item| item.priced(articles)).collect::<Result<_, _>>()?;
        Ok(PricedCart {
            version: self.version,
            item_count: self.item_count(),
            total: items.iter().try_fold(Cents::ZERO, |total, item| total.plus(item.line_total))?,
            items,
            expires_at: self.expires_at,
        })
    }

    /// Pieces in the cart.
    pub fn item_count(&self) -> u32 {
        self.items.iter().map(|item| item.quantity.get()).sum()
    }

    fn quantity_of(&self, article: ArticleId) -> Option<Quantity> {
        self.items.iter().find(|item| item.article == article).map(|item| item.quantity)
    }

    fn item_mut(&mut self, article: ArticleId) -> Option<&mut Item> {
        self.items.iter_mut().find(|item| item.article == article)
    }

    fn next(&self, expires_at: Timestamp) -> Self {
        Self { version: self.version + 1, items: self.items.clone(), expires_at }
    }
}

impl Item {
    fn priced(&self, articles: &Articles) -> Result<PricedItem, TooLarge> {
        let article = articles.get(&self.article).filter(|article| article.active);
        let unit_price = article.map_or(self.unit_price, |article| article.price);
        let available = article.map_or(0, Article::available);
        let mut problems = Vec::new();
        if article.is_none() {
            problems.push(Problem::Unavailable);
        } else if available < self.quantity.get() {
            problems.push(Problem::InsufficientStock);
        }
        if unit_price != self.unit_price {
            problems.push(Problem::PriceChanged);
        }
        Ok(PricedItem {
            article: self.article,
            name: article.map_or(&self.name, |article| &article.name).clone(),
            quantity: self.quantity,
            unit_price,
            line_total: unit_price.times(self.quantity.get())?,
            available,
            problems,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::article::tests::lamp;

    const LATER: Timestamp = Timestamp::UNIX_EPOCH;

    fn article(id: u32) -> Article {
        Article { id: ArticleId(id), ..lamp() }
    }

    fn pieces(count: u32) -> Quantity {
        Quantity::new(count).unwrap()
    }

    #[test]
    fn the_hundredth_piece_is_refused() {
        let cart = Cart::empty(LATER).add(&lamp(), Quantity::MAX, LATER).unwrap();
        assert_eq!(cart.add(&lamp(), Quantity::ONE, LATER), Err(CartError::TooManyPieces));
        assert_eq!(cart.version, 1);
    }

    #[test]
    fn the_hundred_and_first_article_is_refused() {
        let full = (1..=100).fold(Cart::empty(LATER), |cart, id| {
            cart.add(&article(id), Quantity::ONE, LATER).unwrap()
        });
        assert_eq!(full.add(&article(101), Quantity::ONE, LATER), Err(CartError::TooManyArticles));
    }

    #[test]
    fn an_article_off_sale_can_not_be_added() {
        let retired = Article { active: false, ..lamp() };
        assert_eq!(
            Cart::empty(LATER).add(&retired, Quantity::ONE, LATER),
            Err(CartError::Unavailable)
        );
    }

    #[test]
    fn merging_takes_the_larger_quantity_and_merging_again_changes_no_item() {
        let guest = Cart::empty(LATER).add(&article(1), pieces(5), LATER).unwrap();
        let mine = Cart::empty(LATER)
            .add(&article(1), pieces(2), LATER)
            .unwrap()
            .add(&article(2), pieces(1), LATER)
            .unwrap();
        let once = mine.merge(&guest, LATER);
        assert_eq!(once.item_count(), 6);
        assert_eq!(once.merge(&guest, LATER).items, once.items);
    }

    #[test]
    fn a_priced_cart_tells_what_changed_since() {
        let cart = Cart::empty(LATER)
            .add(&lamp(), pieces(5), LATER)
            .unwrap()
            .add(&article(2), pieces(1), LATER)
            .unwrap();
        let now =
            Articles::from([(ArticleId(1), Article { price: Cents(1_300), on_hand: 4, ..lamp() })]);
        let priced = cart.priced(&now).unwrap();
        let problems: Vec<_> = priced.items.iter().map(|item| item.problems.clone()).collect();
        assert_eq!(
            problems,
            [vec![Problem::InsufficientStock, Problem::PriceChanged], vec![Problem::Unavailable]]
        );
        assert_eq!(priced.total, Cents(5 * 1_300 + 1_250));
    }

    proptest! {
        #[test]
        fn no_sequence_of_commands_breaks_the_limits(
            commands in prop::collection::vec((0..40_u8, 1..120_u32, 0..=100_u32), 0..250),
            guest in prop::collection::vec(1..120_u32, 0..100),
        ) {
            let shelf: Articles = (1..120).map(|id| (ArticleId(id), article(id))).collect();
            let put_in = |cart: Cart, id: u32| cart.add(&article(id), pieces(id % 99 + 1), LATER).unwrap_or(cart);
            let guest = guest.into_iter().fold(Cart::empty(LATER), put_in);
            let mut cart = Cart::empty(LATER);
            for (verb, id, count) in commands {
                let next = match (verb, Quantity::new(count)) {
                    (0, _) => Ok(cart.clear(LATER)),
                    (1, _) => Ok(cart.merge(&guest, LATER)),
                    (2..=9, _) => cart.remove(ArticleId(id), LATER),
                    (10..=19, Ok(quantity)) => cart.set(&article(id), quantity, LATER),
                    (_, Ok(quantity)) => cart.add(&article(id), quantity, LATER),
                    (_, Err(refused)) => Err(refused),
                };
                if let Ok(next) = next {
                    prop_assert_eq!(next.version, cart.version + 1);
                    cart = next;
                }
                prop_assert!(cart.items.len() <= MAX_ITEMS);
                prop_assert!(cart.items.iter().all(|item| (1..=99).contains(&item.quantity.get())));
                let ids: BTreeSet<_> = cart.items.iter().map(|item| item.article).collect();
                prop_assert_eq!(ids.len(), cart.items.len());
                let count: u32 = cart.items.iter().map(|item| item.quantity.get()).sum();
                let priced = cart.priced(&shelf).unwrap();
                prop_assert_eq!((priced.item_count, priced.total), (count, Cents(1_250 * u64::from(count))));
            }
        }
    }
}
