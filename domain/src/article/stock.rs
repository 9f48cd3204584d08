//! What administrators see of the stock: which articles run out, and those that a search finds.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Article, ArticleId};
use crate::search::Search;

/// An article on sale with fewer available units runs out.
pub const FEW: u32 = 5;

/// The place of an article in the list of the stock: those that run out first, then by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StockPlace {
    has_enough: bool,
    id: ArticleId,
}

/// The error for a text that is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no article has this place")]
pub struct UnknownPlace;

impl Article {
    /// Whether the article is on sale and nearly sold out.
    pub fn runs_out(&self) -> bool {
        self.active && self.available() < FEW
    }

    /// Returns the place in the list of the stock.
    pub fn stock_place(&self) -> StockPlace {
        StockPlace { has_enough: !self.runs_out(), id: self.id }
    }

    /// Whether a search finds the article: by its number or by a part of its names.
    pub fn is_found_by(&self, search: &Search) -> bool {
        let text = search.text().to_lowercase();
        let contains = |name: &str| name.to_lowercase().contains(&text);
        self.id.to_string() == text || contains(&self.name) || contains(&self.translation.name)
    }
}

impl fmt::Display for StockPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = if self.has_enough { "" } else { "low-" };
        write!(f, "{start}{}", self.id)
    }
}

impl FromStr for StockPlace {
    type Err = UnknownPlace;

    fn from_str(text: &str) -> Result<Self, UnknownPlace> {
        let low = text.strip_prefix("low-");
        let id = low.unwrap_or(text).parse().map(ArticleId).map_err(|_| UnknownPlace)?;
        Ok(Self { has_enough: low.is_none(), id })
    }
}

impl TryFrom<String> for StockPlace {
    type Error = UnknownPlace;

    fn try_from(text: String) -> Result<Self, UnknownPlace> {
        text.parse()
    }
}

impl From<StockPlace> for String {
    fn from(place: StockPlace) -> Self {
        place.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::lamp;
    use super::super::texts::Texts;
    use super::*;

    #[test]
    fn articles_that_run_out_come_first() {
        let lamp = |id, on_hand, active| Article { id: ArticleId(id), on_hand, active, ..lamp() };
        let mut places: Vec<_> = [lamp(1, 5, true), lamp(2, 4, true), lamp(3, 0, false)]
            .iter()
            .map(Article::stock_place)
            .collect();
        places.sort();
        let texts: Vec<_> = places.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["low-2", "1", "3"]);
        let read: Vec<StockPlace> = texts.iter().map(|text| text.parse().unwrap()).collect();
        assert_eq!(places, read);
        for wrong in ["", "low-", "x", "-1"] {
            assert_eq!(wrong.parse::<StockPlace>(), Err(UnknownPlace));
        }
    }

    #[test]
    fn a_search_finds_numbers_and_parts_of_names_in_both_languages() {
        let translation = Texts { name: "Lampe à huile".into(), ..Texts::default() };
        let lamp = Article { id: ArticleId(12), translation, ..lamp() };
        for found in ["", " ", "12", "LAM", "À h"] {
            assert!(lamp.is_found_by(&Search::new(found)), "{found:?}");
        }
        for missed in ["1", "13", "torch"] {
            assert!(!lamp.is_found_by(&Search::new(missed)), "{missed:?}");
        }
    }
}
