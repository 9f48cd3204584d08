//! An article and an order for the tests.

use std::time::Duration;

use actors::order::index::{staged_keys, status_keys, word_keys};
use actors::tables::Tables;
use actors::tables::batch::WriteBatch;
use domain::article::texts::Texts;
use domain::article::{Article, ArticleId, Articles};
use domain::cart::Cart;
use domain::money::Cents;
use domain::order::checkout::Checkout;
use domain::order::{Contact, Order, OrderId};
use domain::quantity::Quantity;
use domain::user::{Email, UserId};
use jiff::Timestamp;
use uuid::Uuid;

/// The time of everything in the tests.
pub(super) const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// Returns a lamp, of which ten units are available.
pub(super) fn lamp() -> Article {
    Article {
        id: ArticleId(1),
        name: "Lamp".into(),
        description: String::new(),
        picture: String::new(),
        price: Cents(1_250),
        on_hand: 10,
        reserved: 0,
        active: true,
        revision: 0,
        translation: Texts::default(),
        uploaded: None,
    }
}

/// Returns an unpaid order of two lamps, and the articles with its reservation.
pub(super) fn order_of_two_lamps() -> (Order, Articles) {
    let cart = Cart::empty(NOW).add(&lamp(), Quantity::new(2).unwrap(), NOW).unwrap();
    let email = Email::new("ana@example.org").unwrap();
    let contact = Contact::new("Ana".into(), email, "1 Quay Street".into()).unwrap();
    let checkout = Checkout { cart_version: cart.version, expected_total: Cents(2_500), contact };
    let articles = Articles::from([(ArticleId(1), lamp())]);
    let order = OrderId(Uuid::from_u128(1));
    let user = UserId(Uuid::from_u128(2));
    Order::place(order, user, &cart, articles, checkout, NOW, Duration::from_secs(900)).unwrap()
}

/// Puts an order into a batch, with its rows in the index.
pub(super) fn put_order(batch: &mut WriteBatch, tables: &Tables, order: &Order) {
    batch.put(&tables.orders, order.id, None, order).unwrap();
    for key in staged_keys(order) {
        batch.put(&tables.staged_orders, key, None, &order.id).unwrap();
    }
    for key in status_keys(order) {
        batch.put(&tables.status_orders, key, None, &order.id).unwrap();
    }
    for key in word_keys(order) {
        batch.put(&tables.order_words, key, None, &order.id).unwrap();
    }
}
