//! Carts: what a visitor intends to buy. A cart reserves no stock.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::article::{Article, ArticleId};
use crate::moment::is_due;
use crate::money::Cents;
use crate::quantity::Quantity;
use crate::time::later;
use crate::user::UserId;

pub mod lifetimes;
pub mod priced;
#[cfg(test)]
mod property;

/// The largest number of different articles in one cart.
pub const MAX_ITEMS: usize = 100;

/// How long the store keeps an expired cart, so that the shop expires it first and publishes that.
const KEPT_AFTER_EXPIRY: Duration = Duration::from_secs(24 * 3_600);

/// The owner of a cart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// A visitor who is not signed in, by the hexadecimal SHA-256 of the secret in their cookie.
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

impl Owner {
    /// Returns the owner that `text` displays; `None` if it displays none.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, id) = text.split_once('-')?;
        match kind {
            "guest" => Some(Self::Guest(id.to_owned())),
            "user" => Some(Self::User(UserId(id.parse().ok()?))),
            _ => None,
        }
    }
}

/// An article in a cart, with its name and price at the last change of the item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The article.
    pub article: ArticleId,
    /// The article's name at that time.
    pub name: String,
    /// The price of one unit at that time.
    pub unit_price: Cents,
    /// The number of units.
    pub quantity: Quantity,
}

/// A cart.
///
/// Invariant: at most [`MAX_ITEMS`] items, and no two items of the same article. Every method
/// returns a new cart, so a refused command leaves the current one unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    /// The version, which every change increments by one. No two carts of one owner have a version
    /// in common.
    pub version: u64,
    /// The items, in the order in which they were added.
    pub items: Vec<Item>,
    /// When the cart expires unless it is changed before.
    pub expires_at: Timestamp,
}

/// The reason why a cart is not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CartError {
    /// The cart would hold more than 99 units of one article.
    #[error("a cart holds at most 99 units of an article")]
    TooManyUnits,
    /// The cart would hold more than 100 different articles.
    #[error("a cart holds at most 100 articles")]
    TooManyArticles,
    /// There is no article with this number.
    #[error("there is no such article")]
    UnknownArticle,
    /// The article is not on sale.
    #[error("the article is not on sale")]
    Unavailable,
    /// The article is not in the cart.
    #[error("the article is not in the cart")]
    NotInCart,
    /// The cart has another version than the command expects.
    #[error("the cart has changed")]
    VersionMismatch,
}

impl Cart {
    /// Returns the cart of an owner who has none: it is empty, at version 0.
    pub fn empty(expires_at: Timestamp) -> Self {
        Self { version: 0, items: Vec::new(), expires_at }
    }

    /// Returns the empty cart that becomes the first version of an owner's new cart.
    ///
    /// `last_event` is the position of the log after the owner's last cart was deleted, if there
    /// was one. Every change of a cart appends an event, so no version is above the position of its
    /// event, and the new cart starts above every version that its owner has seen.
    pub fn new(last_event: u64, expires_at: Timestamp) -> Self {
        Self { version: last_event, ..Self::empty(expires_at) }
    }

    /// Returns an error if a command expects other versions. `None` accepts every version.
    ///
    /// This prevents a client that shows an old version from overwriting a later change.
    pub fn expect_version(&self, versions: Option<&[u64]>) -> Result<(), CartError> {
        match versions {
            Some(versions) if !versions.contains(&self.version) => Err(CartError::VersionMismatch),
            _ => Ok(()),
        }
    }

    /// Returns the cart with more units of an article.
    pub fn add(
        &self,
        article: &Article,
        quantity: Quantity,
        expires_at: Timestamp,
    ) -> Result<Self, CartError> {
        let present = self.quantity_of(article.id).map_or(0, Quantity::get);
        let sum = Quantity::new(present + quantity.get()).map_err(|_| CartError::TooManyUnits)?;
        self.set(article, sum, expires_at)
    }

    /// Returns the cart with exactly the given quantity of an article.
    ///
    /// Keeps the invariant of a cart: an item of the same article is replaced, and an item of
    /// another article is refused if the cart is full.
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
        let mut next = self.next_version(expires_at);
        match next.item_mut(article.id) {
            Some(present) => *present = item,
            None if self.items.len() == MAX_ITEMS => return Err(CartError::TooManyArticles),
            None => next.items.push(item),
        }
        Ok(next)
    }

    /// Returns the cart without an article.
    pub fn remove(&self, article: ArticleId, expires_at: Timestamp) -> Result<Self, CartError> {
        self.quantity_of(article).ok_or(CartError::NotInCart)?;
        let mut next = self.next_version(expires_at);
        next.items.retain(|item| item.article != article);
        Ok(next)
    }

    /// Returns the cart without any items.
    pub fn clear(&self, expires_at: Timestamp) -> Self {
        Self { items: Vec::new(), ..self.next_version(expires_at) }
    }

    /// Returns the cart with the items of another cart added, such as a guest's after signing in.
    ///
    /// Takes the larger quantity of each article rather than the sum, so that a repeated merge
    /// changes no item. Keeps the limit of a cart: articles beyond the hundredth are dropped.
    pub fn merge(&self, other: &Self, expires_at: Timestamp) -> Self {
        let mut next = self.next_version(expires_at);
        for item in &other.items {
            let is_full = next.items.len() == MAX_ITEMS;
            match next.item_mut(item.article) {
                Some(present) => present.quantity = present.quantity.max(item.quantity),
                None if is_full => {}
                None => next.items.push(item.clone()),
            }
        }
        next
    }

    /// Returns whether the time of the cart is over, or ends later than a cart's time can.
    pub fn is_expired(&self, now: Timestamp, ttl: Duration) -> bool {
        is_due(self.expires_at, ttl, now)
    }

    /// Returns when the store deletes the cart if the shop has not done so before.
    pub fn kept_until(&self) -> Timestamp {
        later(self.expires_at, KEPT_AFTER_EXPIRY)
    }

    /// Returns the number of units in the cart.
    pub fn item_count(&self) -> u32 {
        self.items.iter().map(|item| item.quantity.get()).sum()
    }

    fn quantity_of(&self, article: ArticleId) -> Option<Quantity> {
        self.items.iter().find(|item| item.article == article).map(|item| item.quantity)
    }

    fn item_mut(&mut self, article: ArticleId) -> Option<&mut Item> {
        self.items.iter_mut().find(|item| item.article == article)
    }

    fn next_version(&self, expires_at: Timestamp) -> Self {
        Self { version: self.version + 1, items: self.items.clone(), expires_at }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::article::tests::lamp;

    pub(crate) const LATER: Timestamp = Timestamp::UNIX_EPOCH;

    pub(crate) fn article(id: u32) -> Article {
        Article { id: ArticleId(id), ..lamp() }
    }

    pub(crate) fn units(count: u32) -> Quantity {
        Quantity::new(count).unwrap()
    }

    /// Returns a cart with the given numbers of units of articles.
    pub(crate) fn cart(items: &[(u32, u32)]) -> Cart {
        items.iter().fold(Cart::empty(LATER), |cart, (id, count)| {
            cart.add(&article(*id), units(*count), LATER).unwrap()
        })
    }

    #[test]
    fn the_hundredth_unit_of_an_article_is_refused() {
        let cart = cart(&[(1, 99)]);
        assert_eq!(cart.add(&lamp(), Quantity::ONE, LATER), Err(CartError::TooManyUnits));
        assert_eq!(cart.version, 1);
    }

    #[test]
    fn the_hundred_and_first_article_is_refused() {
        let items: Vec<_> = (1..=100).map(|id| (id, 1)).collect();
        let full = cart(&items);
        assert_eq!(full.add(&article(101), Quantity::ONE, LATER), Err(CartError::TooManyArticles));
    }

    #[test]
    fn an_article_that_is_not_on_sale_cannot_be_added() {
        let retired = Article { active: false, ..lamp() };
        let refused = Cart::empty(LATER).add(&retired, Quantity::ONE, LATER);
        assert_eq!(refused, Err(CartError::Unavailable));
    }

    #[test]
    fn a_new_cart_continues_above_the_position_of_the_log() {
        let new = Cart::new(41, LATER).add(&lamp(), Quantity::ONE, LATER).unwrap();
        assert_eq!((new.version, new.item_count()), (42, 1));
        assert_eq!(Cart::empty(LATER).version, 0);
    }

    #[test]
    fn a_cart_is_expired_from_its_expiry_on_and_is_kept_a_day_longer() {
        let cart = Cart::empty(LATER + Duration::from_secs(60));
        let ttl = Duration::from_secs(60);
        assert!(!cart.is_expired(LATER + Duration::from_secs(59), ttl));
        assert!(cart.is_expired(cart.expires_at, ttl));
        assert!(!cart.is_expired(LATER - ttl, ttl));
        assert!(cart.is_expired(LATER - ttl - Duration::from_secs(1), ttl));
        assert_eq!(cart.kept_until(), cart.expires_at + Duration::from_secs(24 * 3_600));
    }

    #[test]
    fn an_owner_is_parsed_from_the_text_that_displays_it() {
        let user = Owner::User(UserId(uuid::Uuid::from_u128(7)));
        for owner in [Owner::Guest("4f-2a".into()), user] {
            assert_eq!(Owner::parse(&owner.to_string()), Some(owner));
        }
        for text in ["", "guest", "user-ana", "ana-7"] {
            assert_eq!(Owner::parse(text), None, "{text}");
        }
    }

    #[test]
    fn merging_takes_the_larger_quantity_and_merging_again_changes_no_item() {
        let guest = cart(&[(1, 5)]);
        let once = cart(&[(1, 2), (2, 1)]).merge(&guest, LATER);
        assert_eq!(once.item_count(), 6);
        assert_eq!(once.merge(&guest, LATER).items, once.items);
    }

    #[test]
    fn adding_units_increases_the_quantity_and_setting_replaces_it() {
        let cart = cart(&[(1, 2), (2, 4)]);
        let dearer = Article { name: "Torch".into(), price: Cents(1_300), ..article(2) };
        let added = cart.add(&dearer, units(3), LATER).unwrap();
        let set = cart.set(&dearer, units(3), LATER).unwrap();
        for (changed, quantity) in [(added, 7), (set, 3)] {
            let item = Item {
                article: ArticleId(2),
                name: "Torch".into(),
                unit_price: Cents(1_300),
                quantity: units(quantity),
            };
            assert_eq!(changed.items, [cart.items[0].clone(), item]);
        }
    }

    #[test]
    fn removing_an_article_keeps_the_others_and_clearing_a_cart_keeps_none() {
        let cart = cart(&[(1, 2), (2, 4)]);
        assert_eq!(cart.remove(ArticleId(1), LATER).unwrap().items, cart.items[1..]);
        assert_eq!(cart.remove(ArticleId(3), LATER), Err(CartError::NotInCart));
        assert_eq!(cart.clear(LATER).items, []);
    }

    #[test]
    fn every_change_increments_the_version_by_one_and_extends_the_expiry() {
        let end = LATER + Duration::from_secs(60);
        let cart = Cart { version: 7, ..cart(&[(1, 2)]) };
        for changed in [
            cart.add(&article(2), Quantity::ONE, end).unwrap(),
            cart.set(&article(1), Quantity::ONE, end).unwrap(),
            cart.remove(ArticleId(1), end).unwrap(),
            cart.clear(end),
            cart.merge(&cart, end),
        ] {
            assert_eq!((changed.version, changed.expires_at), (8, end));
        }
    }

    #[test]
    fn a_command_that_expects_another_version_is_refused() {
        let cart = Cart { version: 7, ..cart(&[(1, 2)]) };
        assert_eq!(cart.expect_version(None), Ok(()));
        assert_eq!(cart.expect_version(Some(&[7])), Ok(()));
        assert_eq!(cart.expect_version(Some(&[6, 7])), Ok(()));
        for versions in [&[6][..], &[8], &[6, 8], &[]] {
            assert_eq!(cart.expect_version(Some(versions)), Err(CartError::VersionMismatch));
        }
    }

    #[test]
    fn in_a_full_cart_a_present_article_can_change_and_merging_adds_no_other_one() {
        let items: Vec<_> = (1..=100).map(|id| (id, 1)).collect();
        let full = cart(&items);
        assert_eq!(full.set(&article(100), units(5), LATER).unwrap().item_count(), 104);
        let merged = full.merge(&cart(&[(101, 1), (1, 9), (102, 1)]), LATER);
        assert_eq!((merged.items.len(), merged.item_count()), (100, 108));
        let almost = full.remove(ArticleId(100), LATER).unwrap();
        let merged = almost.merge(&cart(&[(101, 1), (102, 1)]), LATER);
        assert_eq!(merged.items[99], cart(&[(101, 1)]).items[0]);
        assert_eq!(merged.items.len(), 100);
    }
}
