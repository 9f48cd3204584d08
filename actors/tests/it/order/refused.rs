//! Requests that the bank refuses for good: no repetition would change its answer.

use actors::order::{CancelOrder, PayAgain, RefundOrder};
use domain::order::{Order, OrderStatus};
use domain::payment::PaymentStatus;

use super::LONGEST_PAUSE;
use crate::harness::bank::Reaction;
use crate::harness::order::idempotency_key;
use crate::harness::{TestShop, author, eventually};

/// Places an order of one lamp for a new buyer, and waits for the answer of the bank.
async fn ordered(test: &TestShop, name: &str) -> Order {
    let buyer = test.buyer(name, 1).await;
    let placed = test.shop.orders.ask(test.order(buyer, "k", 1)).await.unwrap();
    test.await_payment(&placed).await
}

async fn pay_again(test: &TestShop, order: &Order) -> Order {
    let pay = PayAgain {
        user: order.user,
        order: order.id,
        idempotency_key: idempotency_key("again", ""),
        patience: None,
    };
    test.await_payment(&test.shop.orders.ask(pay).await.unwrap()).await
}

/// Waits until the charge of an order is repeated and its payment has a status.
async fn await_repetition(test: &TestShop, order: &Order, status: PaymentStatus) {
    test.advance_clock(LONGEST_PAUSE);
    let has_status =
        async || (test.await_payment(order).await.payment.status == status).then_some(());
    eventually(has_status).await;
}

async fn assert_breaker_is_closed(test: &TestShop) {
    let gateway = test.shop.payments.observe().await.unwrap();
    assert_eq!((gateway.breaker.state.name(), gateway.breaker.generation), ("closed", 0));
}

#[actix::test]
async fn a_refused_charge_is_a_decline_that_can_be_paid_again_and_no_failure_of_the_bank() {
    let test = TestShop::open().await;
    // Each charge is refused, and then its void.
    test.bank.script(&[Reaction::Refuse; 6]);
    let mut orders = Vec::new();
    for name in ["ana", "bob", "eve"] {
        let order = ordered(&test, name).await;
        assert_eq!(order.payment.status, PaymentStatus::Declined);
        orders.push(order);
    }
    assert_breaker_is_closed(&test).await;
    assert_eq!(test.bank.charges(), 3);
    for order in &orders {
        let paid = pay_again(&test, order).await;
        assert_eq!((paid.status, paid.payment.attempt), (OrderStatus::Paid, 2));
    }
}

#[actix::test]
async fn a_refused_repetition_does_not_hide_that_the_first_call_has_charged() {
    let test = TestShop::open().await;
    test.bank.script(&[Reaction::LoseAnswer, Reaction::Refuse]);
    let order = ordered(&test, "ana").await;
    await_repetition(&test, &order, PaymentStatus::Succeeded).await;
    assert_eq!(test.bank.charged().len(), 1);
}

#[actix::test]
async fn a_refused_repetition_of_a_lost_request_is_voided_before_it_is_a_decline() {
    let test = TestShop::open().await;
    test.bank.script(&[Reaction::LoseRequest, Reaction::Refuse]);
    let order = ordered(&test, "ana").await;
    await_repetition(&test, &order, PaymentStatus::Declined).await;
    assert!(test.bank.charged().is_empty());
    assert_eq!(pay_again(&test, &order).await.status, OrderStatus::Paid);
    assert_eq!(test.bank.charged().len(), 1);
}

#[actix::test]
async fn a_payment_of_which_the_bank_refuses_every_request_stays_unknown_until_it_confirms() {
    let test = TestShop::open().await;
    test.bank.script(&[Reaction::LoseRequest, Reaction::Refuse, Reaction::Refuse]);
    let order = ordered(&test, "ana").await;
    test.advance_clock(LONGEST_PAUSE);
    eventually(async || (test.bank.charges() == 2).then_some(())).await;
    assert_eq!(test.await_payment(&order).await.payment.status, PaymentStatus::Unknown);
    test.bank.script(&[Reaction::Refuse, Reaction::Refuse]);
    let cancel = CancelOrder { user: order.user, order: order.id };
    let cancelled = test.shop.orders.ask(cancel).await.unwrap();
    let waiting = test.await_payment(&cancelled).await;
    assert_eq!((waiting.status, test.stock()), (OrderStatus::PendingPayment, (10, 1)));
    let is_cancelled = async || {
        test.advance_clock(LONGEST_PAUSE);
        (test.await_payment(&order).await.status == OrderStatus::Cancelled).then_some(())
    };
    eventually(is_cancelled).await;
    assert_breaker_is_closed(&test).await;
    assert_eq!(test.stock(), (10, 0));
}

#[actix::test]
async fn a_refused_refund_stays_requested_and_is_repeated_without_opening_the_breaker() {
    let test = TestShop::open().await;
    let order = ordered(&test, "ana").await;
    test.bank.script(&[Reaction::Refuse; 4]);
    let refund = RefundOrder {
        order: order.id,
        idempotency_key: idempotency_key("refund", ""),
        patience: None,
        by: author(),
    };
    test.shop.orders.ask(refund).await.unwrap();
    let refused = test.await_payment(&order).await;
    assert!(refused.status == OrderStatus::Paid && refused.needs_refund());
    let is_refunded = async || {
        test.advance_clock(LONGEST_PAUSE);
        (test.await_payment(&order).await.status == OrderStatus::Refunded).then_some(())
    };
    eventually(is_refunded).await;
    assert_breaker_is_closed(&test).await;
    assert!(test.bank.charged().is_empty());
}
