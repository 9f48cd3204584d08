//! Refunds, on an administrator's request or after a cancellation.

use actors::failure::Failure;
use actors::order::{CancelOrder, RefundOrder, ShipOrder};
use domain::order::{Order, OrderError, OrderStatus, Requested};

use super::LONGEST_PAUSE;
use crate::harness::bank::Reaction;
use crate::harness::order::idempotency_key;
use crate::harness::{TestShop, author, eventually};

fn refund(order: &Order) -> RefundOrder {
    RefundOrder {
        order: order.id,
        idempotency_key: idempotency_key("refund", ""),
        patience: None,
        by: author(),
    }
}

#[actix::test]
async fn a_refund_takes_effect_once_and_returns_the_items_to_stock() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 2).await;
    let placed = test.shop.orders.ask(test.order(ana, "k", 2)).await.unwrap();
    test.await_payment(&placed).await;
    for _ in 0..2 {
        test.shop.orders.ask(refund(&placed)).await.unwrap();
        assert_eq!(test.await_payment(&placed).await.status, OrderStatus::Refunded);
    }
    assert_eq!(test.stock().0, 10);
    assert!(test.bank.charged().is_empty());
}

#[actix::test]
async fn a_refund_whose_answer_was_lost_is_repeated() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 2).await;
    let placed = test.shop.orders.ask(test.order(ana, "k", 2)).await.unwrap();
    test.await_payment(&placed).await;
    test.bank.script(&[Reaction::LoseAnswer]);
    let requested = test.shop.orders.ask(refund(&placed)).await.unwrap();
    assert!(requested.needs_refund());
    assert_eq!(test.await_payment(&placed).await.status, OrderStatus::Paid);
    let shipped = test.shop.orders.ask(ShipOrder { order: placed.id, by: author() }).await;
    assert!(matches!(shipped, Err(Failure::Refused(OrderError::WrongState { .. }))));
    let second_node = test.second_node().await;
    test.advance_clock(LONGEST_PAUSE);
    test.await_status(&placed, OrderStatus::Refunded).await;
    second_node.orders.ask(refund(&placed)).await.unwrap();
    assert_eq!(test.stock().0, 10);
    assert!(test.bank.charged().is_empty());
}

#[actix::test]
async fn a_customer_can_not_cancel_an_order_that_an_administrator_refunds() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 2).await;
    let placed = test.shop.orders.ask(test.order(ana, "k", 2)).await.unwrap();
    test.await_payment(&placed).await;
    test.bank.script(&[Reaction::LoseAnswer]);
    test.shop.orders.ask(refund(&placed)).await.unwrap();
    test.await_payment(&placed).await;
    for status in [OrderStatus::Paid, OrderStatus::Refunded] {
        test.await_status(&placed, status).await;
        let cancelled = test.shop.orders.ask(CancelOrder { user: ana, order: placed.id }).await;
        assert!(matches!(cancelled, Err(Failure::Refused(OrderError::WrongState { .. }))));
        test.shop.orders.ask(refund(&placed)).await.unwrap();
        test.advance_clock(LONGEST_PAUSE);
    }
}

#[actix::test]
async fn an_order_cancelled_while_the_bank_charges_it_is_refunded() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 2).await;
    test.bank.script(&[Reaction::Hold]);
    let placed = test.shop.orders.ask(test.order(ana, "k", 2)).await.unwrap();
    eventually(async || (test.bank.charges() == 1).then_some(())).await;
    for _ in 0..2 {
        let cancel = CancelOrder { user: ana, order: placed.id };
        let cancelled = test.shop.orders.ask(cancel).await.unwrap();
        assert_eq!(
            (cancelled.status, cancelled.requested),
            (OrderStatus::PendingPayment, Requested::CancelledByCustomer)
        );
    }
    test.bank.release();
    test.await_status(&placed, OrderStatus::Refunded).await;
    assert_eq!(test.stock(), (10, 0));
    assert!(test.bank.charged().is_empty());
}
