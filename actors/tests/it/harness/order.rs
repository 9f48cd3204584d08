//! Orders of lamps: the commands, and the wait for their result.

use std::time::Duration;

use actors::order::bank_calls::AwaitPayment;
use actors::order::{GetOrder, IdempotencyKey, PlaceOrder};
use domain::cart::Owner;
use domain::money::Cents;
use domain::order::checkout::Checkout;
use domain::order::{Contact, Order, OrderStatus};
use domain::user::{Email, UserId};

use super::{TestShop, eventually};

/// The longest wait for an answer of the bank.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

impl TestShop {
    /// Waits until the bank has decided on an order, and returns the order.
    pub(crate) async fn await_payment(&self, order: &Order) -> Order {
        let wait = AwaitPayment { order: order.id, patience: PATIENCE, request: None };
        self.shop.orders.ask(wait).await.unwrap();
        let get = GetOrder { user: order.user, order: order.id };
        self.shop.orders.ask(get).await.unwrap()
    }

    /// Waits until an order has a status, and returns the order.
    pub(crate) async fn await_status(&self, order: &Order, status: OrderStatus) -> Order {
        let get = GetOrder { user: order.user, order: order.id };
        eventually(async || {
            let order = self.shop.orders.ask(get.clone()).await.unwrap();
            (order.status == status).then_some(order)
        })
        .await
    }

    /// Returns the command that orders the first version of a user's cart, with lamps. The reply
    /// does not wait for the bank, and the fingerprint is the number of units.
    pub(crate) fn order(&self, user: UserId, key: &str, units: u64) -> PlaceOrder {
        let email = Email::new("ana@example.org").unwrap();
        let contact = Contact::new("Ana".into(), email, "1 Quay Street".into()).unwrap();
        let cart_version = self.first_version(&Owner::User(user));
        let expected_total = Cents(1_250 * units);
        PlaceOrder {
            user,
            checkout: Checkout { cart_version, expected_total, contact },
            idempotency_key: idempotency_key(key, &units.to_string()),
            patience: None,
        }
    }
}

/// Returns an idempotency key with the fingerprint of its request.
pub(crate) fn idempotency_key(key: &str, fingerprint: &str) -> IdempotencyKey {
    IdempotencyKey { key: key.into(), fingerprint: fingerprint.into() }
}
