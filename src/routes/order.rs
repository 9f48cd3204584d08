//! The operations of orders.

use crate::api::{admin, order};
use crate::error::code::Code;
use crate::operation::{Operation, get, post, put};

/// Returns the operations.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        get(
            "/api/orders",
            order::list_orders,
            "Lists one page of the user's orders, or of those with a status, newest first",
        ),
        post("/api/orders", order::place_order, "Places an order for the cart and pays it")
            .answers(&[201, 202])
            .refuses(&[
                Code::MissingIdempotencyKey,
                Code::PaymentDeclined,
                Code::ArticleUnavailable,
                Code::CartChanged,
                Code::EmptyCart,
                Code::TotalChanged,
                Code::InsufficientStock,
                Code::TooManyUnpaidOrders,
                Code::InvalidContact,
                Code::InvalidEmail,
                Code::TotalTooLarge,
                Code::TooManyPaymentAttempts,
                Code::PaymentNotSent,
                Code::PaymentUnavailable,
            ]),
        get("/api/orders/{id}", order::get_order, "Returns one of the user's orders")
            .refuses(&[Code::OrderNotFound]),
        post(
            "/api/orders/{id}/pay",
            order::pay_order,
            "Starts another payment attempt, or returns the paid order",
        )
        .answers(&[200, 202])
        .refuses(&[
            Code::MissingIdempotencyKey,
            Code::PaymentDeclined,
            Code::OrderNotFound,
            Code::WrongState,
            Code::TooManyPaymentAttempts,
            Code::PaymentNotSent,
            Code::PaymentUnavailable,
        ]),
        post(
            "/api/orders/{id}/cancel",
            order::cancel_order,
            "Cancels an unpaid order; 202 if the bank has to decide first",
        )
        .answers(&[200, 202])
        .refuses(&[Code::OrderNotFound, Code::WrongState]),
        post("/api/orders/{id}/ship", order::ship_order, "Marks a paid order as shipped")
            .refuses(&[Code::OrderNotFound, Code::WrongState]),
        post(
            "/api/orders/{id}/deliver",
            order::deliver_order,
            "Marks a shipped order as delivered",
        )
        .refuses(&[Code::OrderNotFound, Code::WrongState]),
        post(
            "/api/orders/{id}/refund",
            order::refund_order,
            "Refunds an order; 202 until the bank has confirmed it",
        )
        .answers(&[200, 202])
        .refuses(&[
            Code::MissingIdempotencyKey,
            Code::OrderNotFound,
            Code::WrongState,
            Code::PaymentUnavailable,
        ]),
        get(
            "/api/admin/orders",
            admin::order::list_orders,
            "Lists one page of all orders, newest first",
        ),
        post(
            "/api/admin/orders/ship",
            admin::order::ship_orders,
            "Marks up to 100 orders as shipped, and says for each whether that worked",
        ),
        get(
            "/api/admin/orders/{id}",
            admin::order::get_order,
            "Returns any order with its steps and its note",
        )
        .refuses(&[Code::OrderNotFound]),
        post(
            "/api/admin/orders/{id}/cancel",
            admin::order::cancel_order,
            "Cancels any unpaid order; 202 if the bank has to decide first",
        )
        .answers(&[200, 202])
        .refuses(&[Code::OrderNotFound, Code::WrongState]),
        put(
            "/api/admin/orders/{id}/note",
            admin::order::note_order,
            "Replaces the note about an order; an empty text removes it",
        )
        .refuses(&[Code::OrderNotFound, Code::InvalidNote]),
    ]
}
