//! What a page shows, as the URL of its socket names it.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::article::ArticleId;
use crate::article::stock::StockPlace;
use crate::event::filter::Filter;
use crate::money::Cents;
use crate::order::OrderId;
use crate::order::stage::Stage;
use crate::search::Search;
use crate::topic::Topic;
use crate::user::UserId;

/// What a page shows besides the parts that all pages have.
///
/// The socket of the page keeps it up to date. Each value has one text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Shown {
    /// Nothing that changes.
    #[default]
    Nothing,
    /// A page of the articles on sale, which starts after an article.
    Articles(Option<ArticleId>),
    /// The cart.
    Cart,
    /// The cart as it would be ordered, and the total that the visitor has seen first.
    Checkout(Cents),
    /// A page of the user's orders, which starts after an order.
    Orders(Option<OrderId>),
    /// An order of the user.
    Order(OrderId),
    /// The user's account with its sessions.
    Account,
    /// A page of the users that a search finds, which starts after a user.
    Users(Option<UserId>, Search),
    /// A user, as administrators see them.
    User(UserId),
    /// The breaker, the simulated bank and the last calls to the bank.
    Payments,
    /// A page of the orders in a stage that a search finds, which starts after an order.
    DeskOrders(Option<Stage>, Option<OrderId>, Search),
    /// An order, as administrators see it.
    DeskOrder(OrderId),
    /// The figures of today and the last events.
    Today,
    /// The newest events of the log that a filter admits.
    Events(Filter),
    /// The actors, sockets, store and process of the node.
    System,
    /// A page of the articles with their stock that a search finds, which starts after a place.
    Stock(Option<StockPlace>, Search),
    /// An article with its stock and its last changes.
    Article(ArticleId),
}

/// The error for a text that names nothing that a page can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no page shows this")]
pub struct UnknownShown;

impl Shown {
    /// Returns the topics of which events may change what is shown.
    pub fn topics(self) -> &'static [Topic] {
        match self {
            Self::Nothing => &[],
            Self::Articles(_) => &[Topic::Catalogue],
            Self::Cart | Self::Checkout(_) => &[Topic::Catalogue, Topic::Cart],
            Self::Orders(_) | Self::Order(_) => &[Topic::Orders],
            Self::Account => &[Topic::Session],
            Self::Users(..) | Self::User(_) => &[Topic::Users],
            Self::Payments => &[Topic::Payments, Topic::Breaker],
            Self::DeskOrders(..) | Self::DeskOrder(_) => &[Topic::Payments],
            Self::System => &[Topic::System],
            // The events of carts and sessions are pushed to their owners only; these pages and
            // those of users look for them every second.
            Self::Today | Self::Events(_) => {
                &[Topic::Payments, Topic::Breaker, Topic::Stock, Topic::Users, Topic::System]
            }
            Self::Stock(..) | Self::Article(_) => &[Topic::Stock],
        }
    }

    /// Returns what the page shows without saying which: the text up to the first colon.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Articles(_) => "articles",
            Self::Cart => "cart",
            Self::Checkout(_) => "checkout",
            Self::Orders(_) => "orders",
            Self::Order(_) => "order",
            Self::Account => "account",
            Self::Users(..) => "users",
            Self::User(_) => "user",
            Self::Payments => "payments",
            Self::DeskOrders(..) => "desk-orders",
            Self::DeskOrder(_) => "desk-order",
            Self::Today => "today",
            Self::Events(_) => "events",
            Self::System => "system",
            Self::Stock(..) => "stock",
            Self::Article(_) => "article",
        }
    }

    /// Returns whether this is a page of a list other than the first.
    pub fn is_continued(self) -> bool {
        matches!(
            self,
            Self::Articles(Some(_))
                | Self::Orders(Some(_))
                | Self::Users(Some(_), _)
                | Self::DeskOrders(_, Some(_), _)
                | Self::Stock(Some(_), _)
        )
    }

    /// Reads a text in any spelling of its parts.
    fn read(text: &str) -> Option<Self> {
        let (name, id) = text.split_once(':').map_or((text, None), |(name, id)| (name, Some(id)));
        let uuid = || Uuid::parse_str(id?).ok();
        Some(match name {
            "nothing" => Self::Nothing,
            "articles" => Self::Articles(id.and_then(|id| id.parse().ok()).map(ArticleId)),
            "cart" => Self::Cart,
            "checkout" => Self::Checkout(Cents(id?.parse().ok()?)),
            "orders" => Self::Orders(uuid().map(OrderId)),
            "order" => Self::Order(OrderId(uuid()?)),
            "account" => Self::Account,
            "users" => {
                let (after, search) = id?.split_once(':')?;
                let after = Uuid::parse_str(after).ok().map(UserId);
                Self::Users(after, Search::from_hex(search)?)
            }
            "user" => Self::User(UserId(uuid()?)),
            "payments" => Self::Payments,
            "desk-orders" => {
                let (stage, rest) = id?.split_once(':')?;
                let (after, search) = rest.split_once(':')?;
                let after = Uuid::parse_str(after).ok().map(OrderId);
                Self::DeskOrders(Stage::from_name(stage), after, Search::from_hex(search)?)
            }
            "desk-order" => Self::DeskOrder(OrderId(uuid()?)),
            "today" => Self::Today,
            "system" => Self::System,
            "events" => Self::Events(id.map_or(Some(Filter::default()), Filter::parse)?),
            "stock" => {
                let (after, search) = id.unwrap_or_default().split_once(':').unwrap_or_default();
                Self::Stock(after.parse().ok(), Search::from_hex(search)?)
            }
            "article" => Self::Article(ArticleId(id?.parse().ok()?)),
            _ => return None,
        })
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        let id: &dyn fmt::Display = match self {
            Self::Articles(Some(after)) => after,
            Self::Checkout(seen) => &seen.0,
            Self::Orders(Some(id)) | Self::Order(id) | Self::DeskOrder(id) => id,
            Self::Users(after, search) => {
                let after = after.map(|after| after.to_string()).unwrap_or_default();
                return write!(f, ":{after}:{}", search.hex());
            }
            Self::User(id) => id,
            Self::DeskOrders(stage, after, search) => {
                let stage = stage.map_or("", Stage::name);
                let after = after.map(|after| after.to_string()).unwrap_or_default();
                return write!(f, ":{stage}:{after}:{}", search.hex());
            }
            Self::Events(filter) if *filter != Filter::default() => filter,
            Self::Stock(after, search) => {
                let after = after.map(|after| after.to_string()).unwrap_or_default();
                return write!(f, ":{after}:{}", search.hex());
            }
            Self::Article(id) => id,
            _ => return Ok(()),
        };
        write!(f, ":{id}")
    }
}

impl TryFrom<String> for Shown {
    type Error = UnknownShown;

    fn try_from(text: String) -> Result<Self, UnknownShown> {
        // A number or an id can be written in several ways, of which `Display` writes one.
        Self::read(&text).filter(|shown| shown.to_string() == text).ok_or(UnknownShown)
    }
}

impl From<Shown> for String {
    fn from(shown: Shown) -> Self {
        shown.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::event::filter::Subject;
    use crate::event::kind::Kind;

    const ORDER_ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    #[test]
    fn everything_that_a_page_shows_has_one_text_and_topics_that_change_it() {
        let id = OrderId(Uuid::parse_str(ORDER_ID).unwrap());
        let desk = [Topic::Payments, Topic::Breaker, Topic::Stock, Topic::Users, Topic::System];
        let subject = Some(Subject::Article(ArticleId(7)));
        for (shown, text, topics) in [
            (Shown::Nothing, "nothing", &[][..]),
            (Shown::Articles(None), "articles", &[Topic::Catalogue]),
            (Shown::Articles(Some(ArticleId(24))), "articles:24", &[Topic::Catalogue]),
            (Shown::Cart, "cart", &[Topic::Catalogue, Topic::Cart]),
            (Shown::Checkout(Cents(5980)), "checkout:5980", &[Topic::Catalogue, Topic::Cart]),
            (Shown::Orders(None), "orders", &[Topic::Orders]),
            (Shown::Orders(Some(id)), &format!("orders:{ORDER_ID}"), &[Topic::Orders]),
            (Shown::Order(id), &format!("order:{ORDER_ID}"), &[Topic::Orders]),
            (Shown::Account, "account", &[Topic::Session]),
            (Shown::System, "system", &[Topic::System]),
            (Shown::Payments, "payments", &[Topic::Payments, Topic::Breaker]),
            (Shown::Today, "today", &desk),
            (Shown::Events(Filter::default()), "events", &desk),
            (
                Shown::Events(Filter { kind: Some(Kind::CartChanged), subject }),
                "events:cart.changed:7",
                &desk,
            ),
            (Shown::Events(Filter { kind: None, subject }), "events::7", &desk),
            (Shown::User(UserId(id.0)), &format!("user:{ORDER_ID}"), &[Topic::Users]),
        ] {
            assert_eq!(serde_json::to_value(shown).unwrap(), text);
            assert_eq!(serde_json::from_value::<Shown>(text.into()).unwrap(), shown);
            assert_eq!(shown.topics(), topics, "{text}");
            assert_eq!(Some(shown.name()), text.split(':').next());
            let is_continued = text.contains("s:") && !text.starts_with("events");
            assert_eq!(shown.is_continued(), is_continued, "{text}");
        }
    }

    #[test]
    fn a_page_of_all_orders_has_one_text_with_its_stage_its_start_and_its_search() {
        let id = OrderId(Uuid::parse_str(ORDER_ID).unwrap());
        let ana = Search::new("Ana");
        for (shown, text) in [
            (Shown::DeskOrders(None, None, Search::default()), "desk-orders:::"),
            (Shown::DeskOrders(Some(Stage::ToShip), None, ana), "desk-orders:to_ship::416e61"),
            (
                Shown::DeskOrders(None, Some(id), Search::default()),
                &format!("desk-orders::{ORDER_ID}:"),
            ),
            (Shown::DeskOrder(id), &format!("desk-order:{ORDER_ID}")),
        ] {
            assert_eq!(shown.to_string(), text);
            assert_eq!(Shown::try_from(text.to_owned()), Ok(shown));
            assert_eq!(shown.topics(), [Topic::Payments]);
            assert_eq!(shown.is_continued(), matches!(shown, Shown::DeskOrders(_, Some(_), _)));
        }
    }

    #[test]
    fn a_page_of_users_has_one_text_with_its_start_and_its_search() {
        let id = UserId(Uuid::parse_str(ORDER_ID).unwrap());
        for (shown, text) in [
            (Shown::Users(None, Search::default()), "users::"),
            (Shown::Users(None, Search::new("Ana")), "users::416e61"),
            (Shown::Users(Some(id), Search::default()), &format!("users:{ORDER_ID}:")),
        ] {
            assert_eq!(shown.to_string(), text);
            assert_eq!(Shown::try_from(text.to_owned()), Ok(shown));
            assert_eq!(shown.topics(), [Topic::Users]);
            assert_eq!(shown.is_continued(), text.contains(ORDER_ID));
        }
    }

    #[test]
    fn a_page_of_the_stock_has_one_text_with_its_place_and_its_search() {
        let place = |text: &str| Some(text.parse().unwrap());
        for (shown, text) in [
            (Shown::Stock(None, Search::default()), "stock::"),
            (Shown::Stock(place("low-24"), Search::default()), "stock:low-24:"),
            (Shown::Stock(place("24"), Search::new("A&b")), "stock:24:412662"),
            (Shown::Article(ArticleId(3)), "article:3"),
        ] {
            assert_eq!(shown.to_string(), text);
            assert_eq!(Shown::try_from(text.to_owned()), Ok(shown));
            assert_eq!(shown.topics(), [Topic::Stock]);
            assert_eq!(shown.is_continued(), text.contains("24"));
        }
    }

    #[test]
    fn a_text_in_another_spelling_names_nothing() {
        let upper_case = format!("order:{}", ORDER_ID.to_uppercase());
        let simple = format!("order:{}", ORDER_ID.replace('-', ""));
        let more = format!("order:{ORDER_ID}:1");
        for text in [
            "",
            "Cart",
            " cart",
            "cart,orders",
            "order",
            "order:",
            "order:1",
            "articles:",
            "articles:024",
            "articles:-1",
            "orders:24",
            "users",
            "users:",
            "users:1:",
            "user",
            "cart:1",
            "events:",
            "events::",
            "events:cart.changed",
            "events:cart.eaten:",
            "events::ana",
            "account:",
            "desk-orders",
            "desk-orders:to_ship:",
            "desk-orders:paid::",
            "desk-orders::1:",
            "desk-orders:::4G",
            "desk-order:1",
            "stock",
            "stock:24",
            "stock:024:",
            "stock::6G",
            "article",
            "article:03",
            &upper_case,
            &simple,
            &more,
        ] {
            assert_eq!(Shown::try_from(text.to_owned()), Err(UnknownShown), "{text}");
        }
    }
}
