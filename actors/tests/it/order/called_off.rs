//! Orders that are cancelled or overdue while the bank may still charge: a charge never starts for
//! them.

use std::time::Duration;

use actors::order::CancelOrder;
use domain::order::{Order, OrderStatus};
use domain::payment::PaymentStatus;

use super::round::{CALLS, set_stock};
use crate::harness::bank::Reaction;
use crate::harness::{TestShop, eventually};

/// How long an order may stay unpaid.
const EXPIRY: Duration = Duration::from_secs(15 * 60);

/// Places an order of two lamps whose first call to the bank ends in a reaction.
async fn placed_with(test: &TestShop, reaction: Reaction) -> Order {
    let ana = test.buyer("ana", 2).await;
    test.bank.script(&[reaction]);
    test.shop.orders.ask(test.order(ana, "k", 2)).await.unwrap()
}

async fn cancel(test: &TestShop, order: &Order) -> Order {
    let cancel = CancelOrder { user: order.user, order: order.id };
    test.shop.orders.ask(cancel).await.unwrap()
}

/// Checks that an order has ended without a charge, and that its stock is released.
async fn assert_uncharged(test: &TestShop, order: &Order, status: OrderStatus) {
    test.await_status(order, status).await;
    assert_eq!((test.stock(), test.bank.charged().len()), ((10, 0), 0));
}

#[actix::test]
async fn a_cancelled_order_whose_request_was_lost_is_never_charged() {
    let test = TestShop::open().await;
    let placed = placed_with(&test, Reaction::LoseRequest).await;
    assert_eq!(test.await_payment(&placed).await.payment.status, PaymentStatus::Unknown);
    cancel(&test, &placed).await;
    assert_uncharged(&test, &placed, OrderStatus::Cancelled).await;
    assert_eq!(test.bank.charges(), 1);
}

#[actix::test]
async fn a_cancelled_order_whose_answer_was_lost_is_voided() {
    let test = TestShop::open().await;
    let placed = placed_with(&test, Reaction::LoseAnswer).await;
    assert_eq!(test.await_payment(&placed).await.payment.status, PaymentStatus::Unknown);
    cancel(&test, &placed).await;
    assert_uncharged(&test, &placed, OrderStatus::Cancelled).await;
    assert_eq!(test.bank.charges(), 1);
}

#[actix::test]
async fn an_order_cancelled_while_it_waits_in_line_is_never_charged() {
    let test = TestShop::open().await;
    set_stock(&test, CALLS as u32 + 2).await;
    test.bank.script(&[Reaction::Hold; CALLS]);
    for number in 0..CALLS {
        let buyer = test.buyer(&format!("buyer {number}"), 1).await;
        test.shop.orders.ask(test.order(buyer, "k", 1)).await.unwrap();
    }
    eventually(async || (test.bank.charges() == CALLS).then_some(())).await;
    let placed = placed_with(&test, Reaction::Approve).await;
    cancel(&test, &placed).await;
    for _ in 0..CALLS {
        test.bank.release();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    test.await_status(&placed, OrderStatus::Cancelled).await;
    assert_eq!((test.bank.charges(), test.bank.charged().len()), (CALLS, CALLS));
}

#[actix::test]
async fn an_overdue_order_whose_request_was_lost_is_never_charged() {
    let test = TestShop::open().await;
    let placed = placed_with(&test, Reaction::LoseRequest).await;
    assert_eq!(test.await_payment(&placed).await.payment.status, PaymentStatus::Unknown);
    test.advance_clock(EXPIRY);
    assert_uncharged(&test, &placed, OrderStatus::Expired).await;
    assert_eq!(test.bank.charges(), 1);
}

#[actix::test]
async fn an_overdue_order_that_was_charged_in_time_is_paid() {
    let test = TestShop::open().await;
    let placed = placed_with(&test, Reaction::LoseAnswer).await;
    assert_eq!(test.await_payment(&placed).await.payment.status, PaymentStatus::Unknown);
    test.advance_clock(EXPIRY);
    test.await_status(&placed, OrderStatus::Paid).await;
    assert_eq!((test.stock(), test.bank.charges()), ((8, 0), 1));
}

#[actix::test]
async fn a_reused_key_is_a_decline_and_no_failure_of_the_bank() {
    let test = TestShop::open().await;
    test.bank.script(&[Reaction::KeyReused; 3]);
    for number in 0..3 {
        let buyer = test.buyer(&format!("buyer {number}"), 1).await;
        let placed = test.shop.orders.ask(test.order(buyer, "k", 1)).await.unwrap();
        let answered = test.await_payment(&placed).await;
        assert_eq!(answered.payment.status, PaymentStatus::Declined);
    }
    let gateway = test.shop.payments.observe().await.unwrap();
    assert_eq!(gateway.breaker.state.name(), "closed");
}
