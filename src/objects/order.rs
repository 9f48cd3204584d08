//! An order as JSON.

use domain::article::ArticleId;
use domain::money::{CURRENCY, Cents};
use domain::order::{Contact, Order, OrderId, OrderItem, OrderStatus};
use domain::payment::Payment;
use domain::quantity::Quantity;
use domain::user::Email;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::example;
use crate::answer::{Example, Resource};

/// An order as JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Order")]
pub struct OrderJson {
    id: OrderId,
    status: OrderStatus,
    items: Vec<OrderItemJson>,
    total_cents: Cents,
    currency: &'static str,
    /// The recipient's name; the contact is `null` after the user has been deleted.
    name: Option<String>,
    email: Option<Email>,
    address: Option<String>,
    payment: Payment,
    created_at: Timestamp,
    /// When the order expires if it is unpaid.
    expires_at: Timestamp,
    /// When the next payment attempt may begin; `null` if it may begin at once.
    pay_after: Option<Timestamp>,
    /// Whether the order is cancelled or refunded once the bank has decided.
    called_off: bool,
}

/// What was ordered of an article, at its price then.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OrderItem")]
struct OrderItemJson {
    article_id: ArticleId,
    name: String,
    quantity: Quantity,
    unit_price_cents: Cents,
    line_total_cents: Cents,
}

impl Resource for OrderJson {
    const ONE: &'static str = "order";
    const MANY: &'static str = "orders";
}

impl Example for OrderJson {
    fn example() -> Value {
        example::order().map(|order| json!(order_json(&order))).unwrap_or_default()
    }
}

/// Converts an order into the JSON that its buyer receives.
pub fn order_json(order: &Order) -> OrderJson {
    let (name, email, address) = match order.contact.clone() {
        Some(Contact { name, email, address }) => (Some(name), Some(email), Some(address)),
        None => (None, None, None),
    };
    OrderJson {
        id: order.id,
        status: order.status,
        items: order.items.iter().map(item_json).collect(),
        total_cents: order.total,
        currency: CURRENCY,
        name,
        email,
        address,
        payment: order.payment.clone(),
        created_at: order.created_at,
        expires_at: order.expires_at,
        pay_after: order.pay_after,
        called_off: order.is_called_off(),
    }
}

fn item_json(item: &OrderItem) -> OrderItemJson {
    OrderItemJson {
        article_id: item.article,
        name: item.name.clone(),
        quantity: item.quantity,
        unit_price_cents: item.unit_price,
        line_total_cents: item.line_total,
    }
}
