//! Orders: what a user bought, at which price, and the status of the order.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::article::{ArticleError, ArticleId};
use crate::money::{Cents, TooLarge};
use crate::payment::{Payment, PaymentStatus};
use crate::quantity::Quantity;
use crate::text::{is_readable, is_readable_line, length, with_plain_line_breaks};
use crate::user::{Author, Email, UserId};
use steps::Step;

pub mod checkout;
pub mod declines;
pub mod limits;
#[cfg(test)]
mod property;
pub mod search;
pub mod stage;
pub mod steps;
mod stored;
pub mod transitions;
pub mod unknown;

/// The largest number of characters of a note.
const LONGEST_NOTE: usize = 1_000;

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

/// The status of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Placed and not yet paid. Its units are reserved.
    PendingPayment,
    /// Paid. Its units have left the stock.
    Paid,
    /// Sent to the recipient.
    Shipped,
    /// Received by the recipient.
    Delivered,
    /// Cancelled before it was paid.
    Cancelled,
    /// Expired before it was paid.
    Expired,
    /// Refunded after it was paid.
    Refunded,
}

impl OrderStatus {
    /// Returns the name of the status in JSON and in stored keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::PendingPayment => "pending_payment",
            Self::Paid => "paid",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Refunded => "refunded",
        }
    }
}

/// The recipient of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The recipient's name.
    pub name: String,
    /// The e-mail address for messages about the order.
    pub email: Email,
    /// The address to ship to.
    pub address: String,
}

/// An article of an order, with its name and price at checkout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderItem {
    /// The article.
    pub article: ArticleId,
    /// The article's name.
    pub name: String,
    /// The number of units.
    pub quantity: Quantity,
    /// The price of one unit.
    pub unit_price: Cents,
    /// The price of all units.
    pub line_total: Cents,
}

/// What was requested for an order and is done as soon as the bank's answer is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requested {
    /// Nothing.
    #[default]
    None,
    /// The customer has cancelled the order while its payment was open. It is cancelled, or
    /// refunded if the bank has charged.
    CancelledByCustomer,
    /// An administrator refunds the paid order.
    RefundedByAdmin,
}

/// An order. Its items and its total never change after checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The id of the order.
    pub id: OrderId,
    /// The user who placed the order.
    pub user: UserId,
    /// The status of the order.
    pub status: OrderStatus,
    /// The articles.
    pub items: Vec<OrderItem>,
    /// The price of all items.
    pub total: Cents,
    /// The recipient; `None` after the user was deleted and no goods remain to be shipped.
    pub contact: Option<Contact>,
    /// The payment.
    pub payment: Payment,
    /// The version of the cart that became the order.
    pub cart_version: u64,
    /// When the order was placed.
    pub created_at: Timestamp,
    /// When the order expires if it is still unpaid.
    pub expires_at: Timestamp,
    /// What was requested: a cancellation, a refund, or nothing. The first request is kept.
    pub requested: Requested,
    /// When the next payment attempt may begin; `None` if it may begin at once.
    pub pay_after: Option<Timestamp>,
    /// What has happened to the order, in that order. Steps that an earlier version has taken are
    /// missing.
    pub steps: Vec<Step>,
    /// What administrators have noted about the order.
    pub note: Option<Note>,
    /// The node that wrote the order last while it waited for the bank, and so looks after it.
    /// `None` before that, and if an earlier version wrote it.
    pub node: Option<NodeId>,
}

/// A running node of the shop; one that is started again is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NodeId(pub Uuid);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A note that only administrators see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// The text.
    pub text: String,
    /// When it was written.
    pub at: Timestamp,
    /// The administrator who wrote it.
    pub by: Author,
}

/// The reason why an order is not placed or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// The user has no order with this id.
    #[error("there is no such order")]
    Unknown,
    /// The idempotency key was used with another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The first request with the idempotency key is still in progress.
    #[error("a request with this idempotency key is in progress")]
    KeyInUse,
    /// The buyer was deleted.
    #[error("there is no such user")]
    NoBuyer,
    /// The bank can't be called now.
    #[error("payments are currently unavailable")]
    PaymentUnavailable {
        /// How long to wait before the next try.
        retry_after: Duration,
    },
    /// The user has too many unpaid orders.
    #[error("a user may have at most {most} unpaid orders")]
    TooManyUnpaid {
        /// The largest number of unpaid orders.
        most: usize,
    },
    /// The order had too many payment attempts, or the user too many declined ones.
    #[error("there were too many payment attempts")]
    TooManyAttempts {
        /// How long to wait before the next attempt.
        retry_after: Duration,
    },
    /// The cart has no items.
    #[error("the cart is empty")]
    EmptyCart,
    /// The cart has another version than the buyer saw.
    #[error("the cart has changed")]
    CartChanged,
    /// The total differs from the one the buyer saw.
    #[error("the total is now {total} cents", total = .total.0)]
    TotalChanged {
        /// The total at current prices.
        total: Cents,
    },
    /// An article is no longer on sale.
    #[error("{name} is not on sale")]
    Unavailable {
        /// The article's name.
        name: String,
    },
    /// The stock of an article does not allow the change.
    #[error(transparent)]
    Stock(#[from] ArticleError),
    /// The total is above the largest amount.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// A field of the contact is empty, too long, or has invisible characters.
    #[error("{field} must have 1 to {max} characters, all of them visible")]
    InvalidContact {
        /// The name of the field.
        field: &'static str,
        /// The largest number of characters.
        max: usize,
    },
    /// The note is too long, or has invisible characters.
    #[error("a note may have up to {max} characters, all of them visible")]
    InvalidNote {
        /// The largest number of characters.
        max: usize,
    },
    /// The change is not possible in the order's current status.
    #[error("the status of the order does not allow this change")]
    WrongState {
        /// The status of the order.
        status: OrderStatus,
        /// The status of its payment.
        payment: PaymentStatus,
    },
}

impl Contact {
    /// Returns the contact without spaces at the ends of its fields, or an error if the name or the
    /// address is empty, too long or not readable. Only the address may have line breaks.
    pub fn new(name: String, email: Email, address: String) -> Result<Self, OrderError> {
        let name = name.trim().to_owned();
        let address = with_plain_line_breaks(address.trim());
        let check = |field, count, max, is_readable| match (1..=max).contains(&count) {
            true if is_readable => Ok(()),
            _ => Err(OrderError::InvalidContact { field, max }),
        };
        check("name", length(&name), 100, is_readable_line(&name))?;
        check("address", length(&address), 500, is_readable(&address))?;
        Ok(Self { name, email, address })
    }
}

impl Note {
    /// Returns a note without spaces at the ends; `None` if nothing is left, an error if the text
    /// is too long or not readable.
    pub fn new(text: &str, at: Timestamp, by: Author) -> Result<Option<Self>, OrderError> {
        let text = with_plain_line_breaks(text.trim());
        if length(&text) > LONGEST_NOTE || !is_readable(&text) && !text.is_empty() {
            return Err(OrderError::InvalidNote { max: LONGEST_NOTE });
        }
        Ok((!text.is_empty()).then_some(Self { text, at, by }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_displayed_by_its_id() {
        let id = Uuid::from_u128(7);
        assert_eq!(OrderId(id).to_string(), id.to_string());
    }

    #[test]
    fn every_status_has_its_name_from_json() {
        let names =
            ["pending_payment", "paid", "shipped", "delivered", "cancelled", "expired", "refunded"];
        for name in names {
            let status: OrderStatus = serde_json::from_value(name.into()).unwrap();
            assert_eq!(status.name(), name);
        }
    }

    #[test]
    fn a_name_and_an_address_are_valid_up_to_their_limits_and_not_beyond() {
        let contact = |name: usize, address: usize| {
            let email = Email::new("ana@example.org").unwrap();
            Contact::new("é".repeat(name), email, "é".repeat(address))
        };
        assert!(contact(1, 1).is_ok() && contact(100, 500).is_ok());
        for (name, address, field, max) in [
            (0, 1, "name", 100),
            (101, 1, "name", 100),
            (1, 0, "address", 500),
            (1, 501, "address", 500),
        ] {
            assert_eq!(contact(name, address), Err(OrderError::InvalidContact { field, max }));
        }
    }

    #[test]
    fn a_contact_is_counted_as_a_page_counts_it_and_has_no_invisible_characters() {
        let contact = |name: &str, address: &str| {
            Contact::new(name.into(), Email::new("ana@example.org").unwrap(), address.into())
        };
        let lines = |count: usize| vec!["x".repeat(99); 5].join("\r\n") + &"x".repeat(count);
        let longest = contact(" Ana\u{3000}", &lines(1)).unwrap();
        assert_eq!((longest.name.as_str(), length(&longest.address)), ("Ana", 500));
        assert!(!longest.address.contains('\r') && contact("Ana", &lines(2)).is_err());
        assert!(contact(&"😀".repeat(50), "Q").is_ok() && contact(&"😀".repeat(51), "Q").is_err());
        for (name, address) in [
            ("\u{200B}", "Q"),
            ("A\u{202E}na", "Q"),
            ("A\nna", "Q"),
            ("Ana", "\u{3164}"),
            ("Ana", "1\tQuay"),
            ("Ana", "1 Qu\u{AD}ay"),
        ] {
            assert!(contact(name, address).is_err(), "{name:?} {address:?}");
        }
    }
}
