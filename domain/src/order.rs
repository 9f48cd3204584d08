//! Orders: what somebody bought, at which price, and where it stands.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::article::{ArticleError, ArticleId, Articles};
use crate::cart::{Cart, Quantity};
use crate::money::{Cents, TooLarge};
use crate::payment::{Payment, PaymentStatus};
use crate::user::{Email, UserId};

pub use steps::{Step, StockMove, TRANSITIONS};

#[cfg(test)]
mod property;
mod steps;

/// The id of an order.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct OrderId(pub Uuid);

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Placed; its stock is reserved.
    PendingPayment,
    /// Paid; its stock is sold.
    Paid,
    /// On its way.
    Shipped,
    /// Arrived.
    Delivered,
    /// Called off before it was paid.
    Cancelled,
    /// Not paid in time.
    Expired,
    /// Paid back.
    Refunded,
}

/// Who gets the goods, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The recipient's name.
    pub name: String,
    /// Where to write to.
    pub email: Email,
    /// Where to send the goods.
    pub address: String,
}

/// An article of an order, at the price agreed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderItem {
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
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Which one.
    pub id: OrderId,
    /// Whose.
    pub user: UserId,
    /// Where it stands.
    pub status: OrderStatus,
    /// What was bought.
    pub items: Vec<OrderItem>,
    /// What is to be paid for everything.
    pub total: Cents,
    /// Who gets the goods; none once the user is gone and nobody needs to know any more.
    pub contact: Option<Contact>,
    /// Its payment.
    pub payment: Payment,
    /// The version of the cart it was placed from.
    pub cart_version: u64,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it expires if it is still unpaid.
    pub expires_at: Timestamp,
    /// Whether it is to be cancelled or paid back as soon as the bank has said what has happened.
    #[serde(default)]
    pub called_off: bool,
}

/// What a buyer says when placing an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The version of the cart that was shown.
    pub cart_version: u64,
    /// The total that was shown.
    pub expected_total: Cents,
    /// Who gets the goods.
    pub contact: Contact,
}

/// Why an order can't be placed or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// The user has no such order.
    #[error("there is no such order")]
    Unknown,
    /// The idempotency key was used for something else.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The first request with the idempotency key is not answered yet.
    #[error("a request with that idempotency key is under way")]
    KeyInUse,
    /// The buyer is no user any more.
    #[error("there is no such user")]
    NoBuyer,
    /// No payment can be made now.
    #[error("no payment can be made now")]
    PaymentUnavailable {
        /// When to try again.
        retry_after: Duration,
    },
    /// Nothing to buy.
    #[error("the cart is empty")]
    EmptyCart,
    /// The cart is another than the buyer saw.
    #[error("the cart has changed")]
    CartChanged,
    /// The price is another than the buyer saw.
    #[error("the total is now {total} cents", total = .total.0)]
    TotalChanged {
        /// The total as it is.
        total: Cents,
    },
    /// An article is not on sale any more.
    #[error("{name} is not on sale")]
    Unavailable {
        /// The article's name.
        name: String,
    },
    /// Not enough pieces.
    #[error(transparent)]
    Stock(#[from] ArticleError),
    /// More than the shop can account for.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The recipient's name or address is missing or too long.
    #[error("{field} must have 1 to {max} characters")]
    InvalidContact {
        /// The field.
        field: &'static str,
        /// The most characters it may have.
        max: usize,
    },
    /// The order does not allow that where it stands.
    #[error("the order does not allow that")]
    WrongState {
        /// Where it stands.
        status: OrderStatus,
        /// What is known of its payment.
        payment: PaymentStatus,
    },
}

impl Contact {
    /// The contact, if the fields are filled and not too long.
    pub fn new(name: String, email: Email, address: String) -> Result<Self, OrderError> {
        let filled = |field, text: &str, max| match text.trim().chars().count() {
            count if (1..=max).contains(&count) => Ok(()),
            _ => Err(OrderError::InvalidContact { field, max }),
        };
        filled("name", &name, 100)?;
        filled("address", &address, 500)?;
        Ok(Self { name, email, address })
    }
}

impl Order {
    /// The order that a cart becomes, and the articles with its stock reserved.
    pub fn place(
        id: OrderId,
        user: UserId,
        cart: &Cart,
        mut articles: Articles,
        checkout: Checkout,
        now: Timestamp,
        expires_after: Duration,
    ) -> Result<(Self, Articles), OrderError> {
        if cart.items.is_empty() {
            return Err(OrderError::EmptyCart);
        }
        if cart.version != checkout.cart_version {
            return Err(OrderError::CartChanged);
        }
        let (items, total) = freeze(cart, &articles)?;
        if total != checkout.expected_total {
            return Err(OrderError::TotalChanged { total });
        }
        for item in &items {
            articles
                .get_mut(&item.article)
                .ok_or_else(|| item.unavailable())?
                .reserve(item.quantity)?;
        }
        let order = Self {
            id,
            user,
            status: OrderStatus::PendingPayment,
            items,
            total,
            contact: Some(checkout.contact),
            payment: Payment::submitting(1),
            cart_version: cart.version,
            created_at: now,
            expires_at: now + expires_after,
            called_off: false,
        };
        Ok((order, articles))
    }
}

impl OrderItem {
    fn unavailable(&self) -> OrderError {
        OrderError::Unavailable { name: self.name.clone() }
    }
}

/// The items of a cart at the prices of now, and their total.
fn freeze(cart: &Cart, articles: &Articles) -> Result<(Vec<OrderItem>, Cents), OrderError> {
    let mut total = Cents::ZERO;
    let mut items = Vec::with_capacity(cart.items.len());
    for item in &cart.items {
        let article = articles.get(&item.article).filter(|article| article.active);
        let article = article.ok_or_else(|| OrderError::Unavailable { name: item.name.clone() })?;
        let line_total = article.price.times(item.quantity.get())?;
        total = total.plus(line_total)?;
        items.push(OrderItem {
            article: article.id,
            name: article.name.clone(),
            quantity: item.quantity,
            unit_price: article.price,
            line_total,
        });
    }
    Ok((items, total))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::article::Article;
    use crate::article::tests::lamp;

    pub(crate) const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn shelf() -> Articles {
        Articles::from([(ArticleId(1), lamp())])
    }

    fn cart(pieces: u32) -> Cart {
        Cart::empty(NOW).add(&lamp(), Quantity::new(pieces).unwrap(), NOW).unwrap()
    }

    fn checkout(total: u64) -> Checkout {
        let email = Email::new("ana@example.org").unwrap();
        let contact = Contact::new("Ana".into(), email, "1 Quay Street".into()).unwrap();
        Checkout { cart_version: 1, expected_total: Cents(total), contact }
    }

    fn place(pieces: u32, total: u64, articles: Articles) -> Result<(Order, Articles), OrderError> {
        let minutes = Duration::from_secs(15 * 60);
        Order::place(
            OrderId(Uuid::nil()),
            UserId(Uuid::nil()),
            &cart(pieces),
            articles,
            checkout(total),
            NOW,
            minutes,
        )
    }

    pub(crate) fn placed() -> Order {
        place(2, 2_500, shelf()).unwrap().0
    }

    #[test]
    fn placing_freezes_prices_and_reserves_stock() {
        let (order, articles) = place(2, 2_500, shelf()).unwrap();
        assert_eq!(order.total, Cents(2_500));
        assert_eq!(order.payment, Payment::submitting(1));
        assert_eq!(articles[&ArticleId(1)].reserved, 2);
    }

    #[test]
    fn another_total_than_shown_is_refused() {
        assert_eq!(place(2, 2_499, shelf()), Err(OrderError::TotalChanged { total: Cents(2_500) }));
    }

    #[test]
    fn more_than_available_or_off_sale_is_refused() {
        assert!(matches!(place(6, 7_500, shelf()), Err(OrderError::Stock(_))));
        let retired = Articles::from([(ArticleId(1), Article { active: false, ..lamp() })]);
        assert_eq!(place(2, 2_500, retired), Err(OrderError::Unavailable { name: "Lamp".into() }));
    }
}
