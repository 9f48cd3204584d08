//! Articles: what the shop sells, with price and stock.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::money::Cents;
use crate::quantity::Quantity;
use crate::text::{is_readable_line, length};
use picture::Picture;
use texts::Texts;

pub mod line;
pub mod picture;
pub mod stock;
pub mod texts;
pub mod typed;

/// The number of an article. The shop assigns it and never reuses it.
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

/// The largest number of units of one article in stock.
pub const MAX_ON_HAND: u32 = 1_000_000;

/// The largest price of one unit.
///
/// The total of a full cart, 100 articles with 99 units each, stays below [`Cents::MAX`].
pub const MAX_PRICE: Cents = Cents(100_000_000);

/// The file name of the picture of an article that is added without one.
pub const NEUTRAL_PICTURE: &str = "article.svg";

/// An article with its stock.
///
/// Invariant: `reserved <= on_hand`, so every reserved unit exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Article {
    /// The number of the article.
    pub id: ArticleId,
    /// The name in the language of the shop, also printed on orders.
    pub name: String,
    /// The description in the language of the shop, one or two sentences.
    pub description: String,
    /// The file name of the picture below `/static/pictures/`, unless one was uploaded.
    pub picture: String,
    /// The price of one unit.
    pub price: Cents,
    /// The units in stock, including the reserved ones.
    pub on_hand: u32,
    /// The units in stock that are reserved for unpaid orders.
    pub reserved: u32,
    /// Whether the article is on sale.
    pub active: bool,
    /// How often an administrator has changed the article. Orders change only its stock.
    #[serde(default)]
    pub revision: u32,
    /// The texts in the other language of the pages; each may be empty.
    #[serde(default)]
    pub translation: Texts,
    /// The uploaded picture, if there is one.
    #[serde(default)]
    pub uploaded: Option<Picture>,
}

/// What a client has seen of an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArticleVersion {
    /// The revision.
    pub revision: u32,
    /// The units that could be ordered.
    pub available: u32,
}

/// The fields of an article that an administrator may change. `None` keeps the current value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArticlePatch {
    /// The new name.
    pub name: Option<String>,
    /// The new description.
    pub description: Option<String>,
    /// The new name in the other language; an empty one removes it.
    pub translated_name: Option<String>,
    /// The new description in the other language.
    pub translated_description: Option<String>,
    /// The new price of one unit.
    pub price: Option<Cents>,
    /// The new number of units in stock.
    pub on_hand: Option<u32>,
    /// Whether the article is on sale from now on.
    pub active: Option<bool>,
}

/// The reason why an article or its stock is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArticleError {
    /// There is no article with this number.
    #[error("there is no such article")]
    Unknown,
    /// A field is outside its range.
    #[error("{field} {rule}")]
    Invalid {
        /// The name of the field.
        field: &'static str,
        /// The rule that the field breaks.
        rule: &'static str,
    },
    /// The article has changed since the client has seen it.
    #[error("the article has changed")]
    VersionMismatch {
        /// The current article.
        current: Box<Article>,
    },
    /// A line of a file adds an article whose name another one has.
    #[error("the article {id} has this name and differs in another field")]
    SameName {
        /// The other article.
        id: ArticleId,
    },
    /// Another article has been added since the client has seen the catalogue.
    #[error("another article was added in the meantime")]
    OtherNumber,
    /// The stock would fall below the units reserved for orders.
    #[error("on_hand must be at least {reserved}, the units reserved for orders")]
    BelowReserved {
        /// The units reserved for orders.
        reserved: u32,
    },
    /// Fewer units are available than requested.
    #[error("only {available} units of {name} are available")]
    InsufficientStock {
        /// The article's name.
        name: String,
        /// The units that are available.
        available: u32,
    },
}

impl fmt::Display for ArticleVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.revision, self.available)
    }
}

impl Article {
    /// Returns the number of units that can be ordered now.
    pub fn available(&self) -> u32 {
        self.on_hand.saturating_sub(self.reserved)
    }

    /// Returns the current version.
    pub fn version(&self) -> ArticleVersion {
        ArticleVersion { revision: self.revision, available: self.available() }
    }

    /// Returns an error if the client has seen none of the versions. `None` accepts every version.
    ///
    /// This prevents an administrator from overwriting the change of another. The stock counts
    /// only for a change `of_stock`: orders change it all the time, and would make every other
    /// change of an article in demand fail.
    pub fn expect_version(
        &self,
        versions: Option<&[ArticleVersion]>,
        of_stock: bool,
    ) -> Result<(), ArticleError> {
        let current = self.version();
        let is_current = |version: &ArticleVersion| {
            version.revision == current.revision && (!of_stock || *version == current)
        };
        match versions {
            Some(versions) if !versions.iter().any(is_current) => {
                Err(ArticleError::VersionMismatch { current: Box::new(self.clone()) })
            }
            _ => Ok(()),
        }
    }

    /// Returns the article with a patch applied, or an error if a new value is not valid.
    pub fn patched(&self, patch: ArticlePatch) -> Result<Self, ArticleError> {
        patch.name.as_deref().map_or(Ok(()), check_name)?;
        patch.description.as_deref().map_or(Ok(()), check_description)?;
        let translation =
            self.translation.patched(patch.translated_name, patch.translated_description)?;
        let patched = Self {
            name: patch.name.map_or_else(|| self.name.clone(), |name| name.trim().to_owned()),
            description: patch.description.unwrap_or_else(|| self.description.clone()),
            translation,
            price: patch.price.unwrap_or(self.price),
            on_hand: patch.on_hand.unwrap_or(self.on_hand),
            active: patch.active.unwrap_or(self.active),
            ..self.clone()
        };
        let revision = self.revision.wrapping_add(u32::from(patched != *self));
        Self { revision, ..patched }.with_valid_numbers()
    }

    /// Returns the article without spaces around its name, or an error if a field is not valid.
    pub fn validated(self) -> Result<Self, ArticleError> {
        check_name(&self.name)?;
        check_description(&self.description)?;
        let name = self.name.trim().to_owned();
        let translation = self.translation.validated()?;
        Self { name, translation, ..self }.with_valid_numbers()
    }

    /// Returns the article with an uploaded picture.
    pub fn with_picture(&self, picture: Picture) -> Self {
        let uploaded = Some(picture);
        let revision = self.revision.wrapping_add(u32::from(uploaded != self.uploaded));
        Self { uploaded, revision, ..self.clone() }
    }

    /// Returns a new article with the same texts, picture and price: off sale and without stock.
    pub fn duplicate(&self) -> Self {
        Self { on_hand: 0, reserved: 0, active: false, revision: 0, ..self.clone() }
    }

    /// Returns the article unchanged, or an error if its price or its stock is not valid.
    ///
    /// Keeps `reserved <= on_hand`: the stock can't be set below what orders have reserved.
    fn with_valid_numbers(self) -> Result<Self, ArticleError> {
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

    /// Reserves units for an order, or returns an error if fewer are available.
    ///
    /// Keeps `reserved <= on_hand`: no unit is reserved for two orders.
    pub fn reserve(&mut self, quantity: Quantity) -> Result<(), ArticleError> {
        if self.available() < quantity.get() {
            return Err(self.insufficient());
        }
        self.reserved += quantity.get();
        Ok(())
    }

    /// Releases units that were reserved for an order, so that they are available again.
    ///
    /// Returns an error if fewer units are reserved.
    pub fn release(&mut self, quantity: Quantity) -> Result<(), ArticleError> {
        self.reserved =
            self.reserved.checked_sub(quantity.get()).ok_or_else(|| self.insufficient())?;
        Ok(())
    }

    /// Removes reserved units from the stock, because their order is paid.
    ///
    /// Keeps `reserved <= on_hand`: both fall by the same number.
    pub fn sell(&mut self, quantity: Quantity) -> Result<(), ArticleError> {
        self.release(quantity)?;
        self.on_hand =
            self.on_hand.checked_sub(quantity.get()).ok_or_else(|| self.insufficient())?;
        Ok(())
    }

    /// Returns sold units to the stock, because their order is refunded before shipping.
    pub fn restock(&mut self, quantity: Quantity) {
        self.on_hand = self.on_hand.saturating_add(quantity.get());
    }

    fn insufficient(&self) -> ArticleError {
        ArticleError::InsufficientStock { name: self.name.clone(), available: self.available() }
    }
}

fn check_name(name: &str) -> Result<(), ArticleError> {
    let name = name.trim();
    if name.is_empty() || length(name) > 80 {
        return invalid("name", "must have 1 to 80 characters");
    }
    check_readable("name", name)
}

fn check_description(description: &str) -> Result<(), ArticleError> {
    if length(description) > 500 {
        return invalid("description", "must have at most 500 characters");
    }
    check_readable("description", description)
}

fn check_readable(field: &'static str, text: &str) -> Result<(), ArticleError> {
    if is_readable_line(text) {
        return Ok(());
    }
    invalid(field, "must have neither control characters nor invisible ones")
}

fn invalid<T>(field: &'static str, rule: &'static str) -> Result<T, ArticleError> {
    Err(ArticleError::Invalid { field, rule })
}

/// Articles by their numbers.
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
            revision: 0,
            translation: Texts::default(),
            uploaded: None,
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
    fn a_patch_cannot_lower_the_stock_below_the_reserved_units() {
        let mut lamp = lamp();
        lamp.reserve(Quantity::new(4).unwrap()).unwrap();
        let patch = ArticlePatch { on_hand: Some(3), ..ArticlePatch::default() };
        assert_eq!(lamp.patched(patch), Err(ArticleError::BelowReserved { reserved: 4 }));
    }

    #[test]
    fn a_change_expects_its_revision_and_a_change_of_the_stock_also_the_stock() {
        let seen = lamp().version();
        let mut ordered = lamp();
        ordered.reserve(Quantity::ONE).unwrap();
        let patch = ArticlePatch { price: Some(Cents(1)), ..ArticlePatch::default() };
        let changed = lamp().patched(patch).unwrap();
        for (article, of_stock, fits) in [
            (lamp(), false, true),
            (lamp(), true, true),
            (ordered.clone(), false, true),
            (ordered, true, false),
            (changed.clone(), false, false),
            (changed, true, false),
        ] {
            assert!(article.expect_version(None, of_stock).is_ok());
            assert!(article.expect_version(Some(&[]), of_stock).is_err());
            let other = ArticleVersion { revision: 9, ..seen };
            let listed = article.expect_version(Some(&[other, seen]), of_stock);
            assert_eq!(listed.is_ok(), fits, "{article:?} {of_stock}");
        }
    }

    #[test]
    fn a_price_of_zero_is_refused() {
        let patch = ArticlePatch { price: Some(Cents::ZERO), ..ArticlePatch::default() };
        assert!(matches!(
            lamp().patched(patch),
            Err(ArticleError::Invalid { field: "price_cents", .. })
        ));
    }

    #[test]
    fn a_patch_replaces_the_fields_it_has_and_keeps_the_others() {
        let patch = ArticlePatch {
            name: Some("Torch".into()),
            description: Some("It is bright.".into()),
            translated_name: Some(" Torche ".into()),
            translated_description: Some("Elle éclaire.".into()),
            price: Some(Cents(900)),
            on_hand: Some(7),
            active: Some(false),
        };
        let torch = Article {
            name: "Torch".into(),
            description: "It is bright.".into(),
            translation: Texts { name: "Torche".into(), description: "Elle éclaire.".into() },
            price: Cents(900),
            on_hand: 7,
            active: false,
            revision: 1,
            ..lamp()
        };
        assert_eq!(lamp().patched(patch), Ok(torch.clone()));
        assert_eq!(torch.patched(ArticlePatch::default()), Ok(torch));
    }

    #[test]
    fn a_name_has_no_spaces_at_its_ends() {
        let named = |name: &str| Article { name: name.into(), ..lamp() };
        for name in ["Torch", " Torch", "Torch  ", "\u{3000}Torch\u{A0}"] {
            let patch = ArticlePatch { name: Some(name.into()), ..ArticlePatch::default() };
            assert_eq!(lamp().patched(patch).unwrap().name, "Torch");
            assert_eq!(named(name).validated().unwrap().name, "Torch");
        }
        let patch = ArticlePatch { price: Some(Cents(900)), ..ArticlePatch::default() };
        assert_eq!(named(" Torch").patched(patch).unwrap().name, " Torch");
    }

    #[test]
    fn every_field_is_valid_up_to_its_limits_and_not_beyond() {
        let name = |count| Article { name: "é".repeat(count), ..lamp() };
        let description = |count| Article { description: "é".repeat(count), ..lamp() };
        let price = |cents| Article { price: Cents(cents), ..lamp() };
        let on_hand = |units| Article { on_hand: units, ..lamp() };
        let reserved = |units| Article { reserved: units, ..lamp() };
        for article in [
            name(1),
            name(80),
            description(0),
            description(500),
            price(1),
            price(100_000_000),
            on_hand(0),
            on_hand(1_000_000),
            reserved(5),
        ] {
            assert_eq!(article.clone().validated(), Ok(article));
        }
        for (article, message) in [
            (name(0), "name must have 1 to 80 characters"),
            (Article { name: " ".into(), ..lamp() }, "name must have 1 to 80 characters"),
            (name(81), "name must have 1 to 80 characters"),
            (description(501), "description must have at most 500 characters"),
            (price(0), "price_cents must be from 1 to 100000000"),
            (price(100_000_001), "price_cents must be from 1 to 100000000"),
            (on_hand(1_000_001), "on_hand must be at most 1000000"),
            (reserved(6), "on_hand must be at least 6, the units reserved for orders"),
        ] {
            assert_eq!(article.validated().unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn a_new_name_or_description_has_no_invisible_characters_and_a_stored_one_is_kept() {
        let named = |name: &str| Article { name: name.into(), ..lamp() };
        let described = |text: &str| Article { description: text.into(), ..lamp() };
        for text in ["\u{200B}", "La\u{AD}mp", "Lamp\u{202E}", "La\nmp", "La\tmp", "Lamp\u{FE0F}"] {
            let rule = "must have neither control characters nor invisible ones";
            let invalid = |field| Err(ArticleError::Invalid { field, rule });
            assert_eq!(named(text).validated(), invalid("name"), "{text:?}");
            assert_eq!(described(text).validated(), invalid("description"), "{text:?}");
            let name = ArticlePatch { name: Some(text.into()), ..ArticlePatch::default() };
            assert_eq!(lamp().patched(name), invalid("name"));
            let price = ArticlePatch { price: Some(Cents(900)), ..ArticlePatch::default() };
            assert_eq!(named(text).patched(price).unwrap().name, text);
        }
        assert!(described("Warm ☀\u{FE0F}, for 👩\u{200D}🚀").validated().is_ok());
    }

    #[test]
    fn every_unit_in_stock_can_be_reserved_and_only_reserved_units_are_released_or_sold() {
        let units = |count| Quantity::new(count).unwrap();
        let mut lamp = lamp();
        lamp.reserve(units(2)).unwrap();
        lamp.reserve(units(3)).unwrap();
        assert_eq!((lamp.on_hand, lamp.reserved), (5, 5));
        lamp.release(units(4)).unwrap();
        assert_eq!((lamp.on_hand, lamp.reserved), (5, 1));
        let before = lamp.clone();
        let refused = ArticleError::InsufficientStock { name: "Lamp".into(), available: 4 };
        assert_eq!(lamp.release(units(2)), Err(refused.clone()));
        assert_eq!(lamp.sell(units(2)), Err(refused));
        assert_eq!(lamp, before);
    }

    #[test]
    fn an_article_is_displayed_by_its_number() {
        assert_eq!(lamp().id.to_string(), "1");
    }
}
