//! Checks within one order.

use domain::order::{Order, OrderStatus};
use domain::payment::PaymentStatus;

/// Checks the total of each line and the total of the order.
pub(super) fn totals(order: &Order) -> Vec<String> {
    let id = order.id;
    let mut findings = Vec::new();
    for item in &order.items {
        let expected = item.unit_price.times(item.quantity.get());
        if expected != Ok(item.line_total) {
            findings.push(format!(
                "order {id}: {} units of {} cost {expected:?}, but the line total is {:?}",
                item.quantity.get(),
                item.name,
                item.line_total
            ));
        }
    }
    let sum: u64 = order.items.iter().map(|item| item.line_total.0).sum();
    let total = order.total.0;
    if sum != total {
        findings.push(format!("order {id}: its lines cost {sum}, but the total is {total}"));
    }
    findings
}

/// Checks that the order is paid if and only if its payment succeeded, and that no payment is open
/// after the order has ended.
pub(super) fn payment(order: &Order) -> Option<String> {
    let is_paid = match order.status {
        OrderStatus::Paid
        | OrderStatus::Shipped
        | OrderStatus::Delivered
        | OrderStatus::Refunded => true,
        OrderStatus::PendingPayment | OrderStatus::Cancelled | OrderStatus::Expired => false,
    };
    let succeeded = order.payment.status == PaymentStatus::Succeeded;
    let has_ended = matches!(order.status, OrderStatus::Cancelled | OrderStatus::Expired);
    let is_wrong = is_paid != succeeded || (has_ended && order.payment.is_open());
    is_wrong.then(|| {
        format!(
            "order {}: the status is {:?}, but the payment is {:?}",
            order.id, order.status, order.payment.status
        )
    })
}
