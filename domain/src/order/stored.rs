//! How an order is serialized: its fields in the order in which they are stored.
//!
//! Stores of earlier versions hold one flag, `called_off`, in place of [`Requested`]. The flag
//! keeps its position and the request comes after it. Later versions add fields at the end only, so
//! that all of these rows can be read.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::steps::Step;
use super::{Contact, NodeId, Note, Order, OrderId, OrderItem, OrderStatus, Requested};
use crate::money::Cents;
use crate::payment::Payment;
use crate::user::UserId;

/// The serialized fields of an order.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Order")]
struct StoredOrder {
    id: OrderId,
    user: UserId,
    status: OrderStatus,
    items: Vec<OrderItem>,
    total: Cents,
    contact: Option<Contact>,
    payment: Payment,
    cart_version: u64,
    created_at: Timestamp,
    expires_at: Timestamp,
    /// Whether a cancellation or a refund was requested.
    #[serde(default, getter = "Order::is_called_off")]
    called_off: bool,
    #[serde(default)]
    requested: Requested,
    #[serde(default)]
    pay_after: Option<Timestamp>,
    #[serde(default)]
    steps: Vec<Step>,
    #[serde(default)]
    note: Option<Note>,
    #[serde(default)]
    node: Option<NodeId>,
}

impl Serialize for Order {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        StoredOrder::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Order {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        StoredOrder::deserialize(deserializer)
    }
}

impl From<StoredOrder> for Order {
    fn from(stored: StoredOrder) -> Self {
        Self {
            requested: stored.requested(),
            id: stored.id,
            user: stored.user,
            status: stored.status,
            items: stored.items,
            total: stored.total,
            contact: stored.contact,
            payment: stored.payment,
            cart_version: stored.cart_version,
            created_at: stored.created_at,
            expires_at: stored.expires_at,
            pay_after: stored.pay_after,
            steps: stored.steps,
            note: stored.note,
            node: stored.node,
        }
    }
}

impl StoredOrder {
    /// Returns the stored request, or the request that the flag of an older row stands for.
    ///
    /// A payment that is not decided, and an order that ended unpaid, were marked only by the
    /// customer. Shipped goods were marked only by an administrator, because a cancelled order is
    /// not shipped. A paid or refunded order may have been marked by either. It counts as
    /// cancelled by the customer, because then every request that the earlier version accepted
    /// can still be repeated.
    fn requested(&self) -> Requested {
        match (self.requested, self.status) {
            (Requested::None, _) if !self.called_off => Requested::None,
            (Requested::None, OrderStatus::Shipped | OrderStatus::Delivered) => {
                Requested::RefundedByAdmin
            }
            (Requested::None, _) => Requested::CancelledByCustomer,
            (requested, _) => requested,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::checkout::tests::placed;
    use super::*;
    use crate::payment::Outcome;

    /// The fields of a row of the version that stored only the flag, in their order.
    const FIELDS_BEFORE: [&str; 11] = [
        "id",
        "user",
        "status",
        "items",
        "total",
        "contact",
        "payment",
        "cart_version",
        "created_at",
        "expires_at",
        "called_off",
    ];

    /// Writes a row of the earlier version, which has no field names, and reads an order from it.
    fn read_back(order: &Order) -> Order {
        let fields = serde_json::to_value(order).unwrap();
        let row: Vec<_> = FIELDS_BEFORE.iter().map(|name| fields[name].clone()).collect();
        serde_json::from_value(Value::Array(row)).unwrap()
    }

    #[test]
    fn the_fields_of_an_order_keep_their_positions_and_later_ones_follow() {
        let stored = serde_json::to_string(&placed()).unwrap();
        let positions = FIELDS_BEFORE.map(|name| stored.find(&format!("\"{name}\":")).unwrap());
        assert!(positions.is_sorted(), "{stored}");
        let last = concat!(
            r#""called_off":false,"requested":"none","pay_after":null,"steps":[],"#,
            r#""note":null,"node":null}"#,
        );
        assert!(stored.ends_with(last), "{stored}");
    }

    #[test]
    fn a_stored_order_has_the_request_with_which_it_was_stored() {
        for requested in
            [Requested::None, Requested::CancelledByCustomer, Requested::RefundedByAdmin]
        {
            let order = Order { requested, ..placed() };
            let stored = serde_json::to_value(&order).unwrap();
            assert_eq!(stored["called_off"], json!(requested != Requested::None));
            assert_eq!(serde_json::from_value::<Order>(stored).unwrap(), order);
        }
    }

    #[test]
    fn an_older_row_with_the_flag_has_the_request_that_the_flag_stands_for() {
        let pending = placed();
        let paid = placed().settle(1, Outcome::Approved).unwrap().0;
        let declined = placed().settle(1, Outcome::Declined).unwrap().0;
        for (order, status, requested) in [
            (&pending, OrderStatus::PendingPayment, Requested::CancelledByCustomer),
            (&declined, OrderStatus::Cancelled, Requested::CancelledByCustomer),
            (&paid, OrderStatus::Paid, Requested::CancelledByCustomer),
            (&paid, OrderStatus::Shipped, Requested::RefundedByAdmin),
            (&paid, OrderStatus::Delivered, Requested::RefundedByAdmin),
            (&paid, OrderStatus::Refunded, Requested::CancelledByCustomer),
        ] {
            let unmarked = Order { status, ..order.clone() };
            assert_eq!(read_back(&unmarked), unmarked);
            let marked = Order { requested: Requested::RefundedByAdmin, ..unmarked };
            assert_eq!(read_back(&marked), Order { requested, ..marked });
        }
    }
}
