//! Payments of orders: retries, expiry, and a restart of the order desk.

use std::time::Duration;

use actors::failure::Failure;
use actors::order::{ListUnknown, PayAgain};
use domain::cart::Owner;
use domain::order::OrderStatus;
use domain::payment::PaymentStatus;

use super::LONGEST_PAUSE;
use crate::harness::bank::Reaction;
use crate::harness::order::idempotency_key;
use crate::harness::{TestShop, eventually};

#[actix::test]
async fn a_charge_whose_answer_was_lost_is_repeated_and_takes_effect_once() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 1).await;
    test.bank.script(&[Reaction::LoseAnswer, Reaction::Panic]);
    let placed = test.shop.orders.ask(test.order(ana, "k", 1)).await.unwrap();
    assert_eq!(test.await_payment(&placed).await.payment.status, PaymentStatus::Unknown);
    for _ in 0..2 {
        let charges = test.bank.charges();
        test.advance_clock(LONGEST_PAUSE);
        eventually(async || (test.bank.charges() > charges).then_some(())).await;
        eventually(async || (test.shop.orders.observe().await?.calling == 0).then_some(())).await;
    }
    test.await_status(&placed, OrderStatus::Paid).await;
    assert_eq!(test.bank.charged(), [format!("{}-1", placed.id)]);
}

#[actix::test]
async fn an_unknown_payment_is_listed_with_its_next_try_until_the_bank_has_answered() {
    let test = TestShop::open().await;
    let (ana, bob) = (test.buyer("ana", 1).await, test.buyer("bob", 1).await);
    let listed = async |limit| test.shop.orders.ask(ListUnknown { limit }).await.unwrap();
    test.bank.script(&[Reaction::LoseAnswer, Reaction::Decline]);
    let placed = test.shop.orders.ask(test.order(ana, "k", 1)).await.unwrap();
    test.await_payment(&placed).await;
    let declined = test.shop.orders.ask(test.order(bob, "k", 1)).await.unwrap();
    test.await_payment(&declined).await;
    let now = test.shop.clock.now();
    let (count, payments) = listed(9).await;
    let [payment] = payments.as_slice() else { panic!("{payments:?}") };
    assert_eq!((count, payment.order_id, payment.attempt), (1, placed.id, 1));
    assert_eq!((payment.total_cents, payment.since), (placed.total, now));
    let next = payment.next_try_at.unwrap();
    assert!(next > now && next <= now + LONGEST_PAUSE, "{next}");
    assert_eq!(listed(0).await, (1, Vec::new()));
    test.advance_clock(LONGEST_PAUSE);
    test.await_status(&placed, OrderStatus::Paid).await;
    assert_eq!(listed(9).await, (0, Vec::new()));
}

#[actix::test]
async fn a_declined_payment_is_repeated_with_another_key() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 1).await;
    test.bank.script(&[Reaction::Decline]);
    let placed = test.shop.orders.ask(test.order(ana, "k", 1)).await.unwrap();
    assert_eq!(test.await_payment(&placed).await.payment.status, PaymentStatus::Declined);
    let pay_again = PayAgain {
        user: ana,
        order: placed.id,
        idempotency_key: idempotency_key("again", ""),
        patience: None,
    };
    for _ in 0..2 {
        test.shop.orders.ask(pay_again.clone()).await.unwrap();
    }
    let paid = test.await_payment(&placed).await;
    assert_eq!(paid.status, OrderStatus::Paid);
    assert_eq!(test.bank.charged(), [format!("{}-2", placed.id)]);
    let charges = test.bank.charges();
    let third = PayAgain { idempotency_key: idempotency_key("third", ""), ..pay_again };
    assert_eq!(test.shop.orders.ask(third).await, Ok(paid));
    assert_eq!(test.bank.charges(), charges);
}

#[actix::test]
async fn an_unpaid_order_expires_and_its_items_return_to_the_cart() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 4).await;
    test.bank.script(&[Reaction::Decline]);
    let placed = test.shop.orders.ask(test.order(ana, "k", 4)).await.unwrap();
    test.await_payment(&placed).await;
    assert_eq!(test.stock(), (10, 4));
    test.advance_clock(Duration::from_secs(15 * 60));
    test.await_status(&placed, OrderStatus::Expired).await;
    assert_eq!(test.stock(), (10, 0));
    assert_eq!(test.cart(&Owner::User(ana)).await.item_count(), 4);
}

#[actix::test]
async fn a_restarted_order_desk_completes_open_payments() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 1).await;
    let bob = test.buyer("bob", 1).await;
    test.bank.script(&[Reaction::LoseAnswer]);
    let placed = test.shop.orders.ask(test.order(ana, "k", 1)).await.unwrap();
    test.await_payment(&placed).await;
    test.store.panic_on_next_commit();
    let lost = test.shop.orders.ask(test.order(bob, "k", 1)).await;
    assert!(matches!(lost, Err(Failure::Unavailable(_))));
    test.shop.tick();
    test.advance_clock(Duration::from_secs(2));
    test.await_status(&placed, OrderStatus::Paid).await;
    let repeated = test.shop.orders.ask(test.order(bob, "k", 1)).await.unwrap();
    assert_eq!(test.await_payment(&repeated).await.status, OrderStatus::Paid);
    assert_eq!(test.stock().0, 8);
}
