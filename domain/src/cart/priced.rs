//! Carts at current prices, with the problems a buyer should see before checkout.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Cart, Item};
use crate::article::{Article, ArticleId, Articles};
use crate::money::{Cents, TooLarge};
use crate::quantity::Quantity;

/// A cart at current prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricedCart {
    /// The version of the cart.
    pub version: u64,
    /// The items, in the order in which they were added.
    pub items: Vec<PricedItem>,
    /// The number of units in the cart.
    pub item_count: u32,
    /// The price of all items.
    pub total: Cents,
    /// When the cart is deleted.
    pub expires_at: Timestamp,
}

/// An item at its current price and availability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricedItem {
    /// The article.
    pub article: ArticleId,
    /// The article's name.
    pub name: String,
    /// The article's name in the other language of the pages; empty if there is none.
    pub translated_name: String,
    /// The number of units.
    pub quantity: Quantity,
    /// The price of one unit.
    pub unit_price: Cents,
    /// The price of all units.
    pub line_total: Cents,
    /// The units of the article that can be ordered now.
    pub available: u32,
    /// What the buyer should see before checkout.
    pub problems: Vec<ItemProblem>,
}

/// A problem of an item that the buyer should see before checkout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemProblem {
    /// The price has changed since the last change of the item.
    PriceChanged,
    /// Fewer units are available than the item has.
    InsufficientStock,
    /// The article is no longer on sale.
    Unavailable,
}

impl Cart {
    /// Returns the cart at the current prices and availability of the given articles.
    ///
    /// An article that is missing or not on sale keeps the price stored in the cart, so that the
    /// item can still be shown.
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
}

impl Item {
    fn priced(&self, articles: &Articles) -> Result<PricedItem, TooLarge> {
        let article = articles.get(&self.article).filter(|article| article.active);
        let unit_price = article.map_or(self.unit_price, |article| article.price);
        Ok(PricedItem {
            article: self.article,
            name: article.map_or(&self.name, |article| &article.name).clone(),
            translated_name: article
                .map(|article| article.translation.name.clone())
                .unwrap_or_default(),
            quantity: self.quantity,
            unit_price,
            line_total: unit_price.times(self.quantity.get())?,
            available: article.map_or(0, Article::available),
            problems: self.problems(article),
        })
    }

    /// Returns the problems of the item with its article, which is `None` if it is not on sale.
    fn problems(&self, article: Option<&Article>) -> Vec<ItemProblem> {
        let Some(article) = article else { return vec![ItemProblem::Unavailable] };
        let mut problems = Vec::new();
        if article.available() < self.quantity.get() {
            problems.push(ItemProblem::InsufficientStock);
        }
        if article.price != self.unit_price {
            problems.push(ItemProblem::PriceChanged);
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::cart;
    use super::*;
    use crate::article::tests::lamp;
    use crate::article::texts::Texts;

    #[test]
    fn a_priced_cart_shows_what_has_changed_since_the_items_were_added() {
        let repriced = Article { price: Cents(1_300), on_hand: 4, ..lamp() };
        let current = Articles::from([(ArticleId(1), repriced)]);
        let priced = cart(&[(1, 5), (2, 1)]).priced(&current).unwrap();
        let problems: Vec<_> = priced.items.iter().map(|item| item.problems.clone()).collect();
        assert_eq!(
            problems,
            [
                vec![ItemProblem::InsufficientStock, ItemProblem::PriceChanged],
                vec![ItemProblem::Unavailable]
            ]
        );
        assert_eq!(priced.total, Cents(5 * 1_300 + 1_250));
    }

    #[test]
    fn a_priced_cart_has_the_current_names_prices_and_availability_of_its_articles() {
        let translation = Texts { name: "Torche".into(), ..Texts::default() };
        let name = "Torch".into();
        let renamed = Article { name, translation, on_hand: 9, reserved: 3, ..lamp() };
        let cart = cart(&[(1, 6), (2, 2)]);
        let priced = cart.priced(&Articles::from([(ArticleId(1), renamed)])).unwrap();
        let torch = PricedItem {
            article: ArticleId(1),
            name: "Torch".into(),
            translated_name: "Torche".into(),
            quantity: Quantity::new(6).unwrap(),
            unit_price: Cents(1_250),
            line_total: Cents(7_500),
            available: 6,
            problems: vec![],
        };
        let removed = PricedItem {
            article: ArticleId(2),
            name: "Lamp".into(),
            translated_name: String::new(),
            quantity: Quantity::new(2).unwrap(),
            unit_price: Cents(1_250),
            line_total: Cents(2_500),
            available: 0,
            problems: vec![ItemProblem::Unavailable],
        };
        let expected = PricedCart {
            version: 2,
            items: vec![torch, removed],
            item_count: 8,
            total: Cents(10_000),
            expires_at: cart.expires_at,
        };
        assert_eq!(priced, expected);
    }
}
