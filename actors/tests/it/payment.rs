//! The payment gateway and its breaker.

use std::sync::atomic::Ordering;
use std::time::Duration;

use actors::ask::Failure;
use actors::bank::{Answer, Bank, Charge};
use actors::payment::{Admit, Call, Request};
use actors::shop::Shop;
use domain::breaker::Rejected;
use domain::money::Cents;
use domain::order::{OrderError, OrderId};
use domain::payment::Outcome;
use futures_util::future::join_all;
use uuid::Uuid;

use crate::harness::{TestShop, Told, order, until};

async fn pay(shop: &Shop, key: &str) -> Result<Outcome, Failure<Rejected>> {
    let permit = shop.payments.ask(Admit).await?;
    let charge = Charge { key: key.into(), order: OrderId(Uuid::nil()), amount: Cents(100) };
    Ok(shop.payments.addr().send(Call { permit, request: Request::Charge(charge) }).await.unwrap())
}

/// Waits until the breaker has heard how the last call ended.
async fn state(shop: &Shop, state: &str) {
    until(async || {
        (shop.payments.observe().await?["breaker"]["state"]["state"] == state).then_some(())
    })
    .await;
}

async fn fails_three_times(test: &TestShop) {
    test.bank.will(&[Told::Refuse, Told::LoseAnswer, Told::Panic]);
    let outcomes =
        [pay(&test.shop, "a").await, pay(&test.shop, "b").await, pay(&test.shop, "c").await];
    assert_eq!(outcomes, [Ok(Outcome::NotSent), Ok(Outcome::Unknown), Ok(Outcome::Unknown)]);
    state(&test.shop, "open").await;
}

#[actix::test]
async fn three_failures_open_the_breaker_whatever_they_are() {
    let test = TestShop::open().await;
    fails_three_times(&test).await;
    let rejected = Rejected { retry_after: Duration::from_secs(60) };
    assert_eq!(pay(&test.shop, "d").await, Err(Failure::Refused(rejected)));
    assert_eq!(test.bank.calls.load(Ordering::SeqCst), 3);
}

#[actix::test]
async fn a_refusal_of_the_bank_is_no_failure() {
    let test = TestShop::open().await;
    test.bank.will(&[Told::Decline; 5]);
    for key in ["a", "b", "c", "d", "e"] {
        assert_eq!(pay(&test.shop, key).await, Ok(Outcome::Declined));
    }
    state(&test.shop, "closed").await;
}

#[actix::test]
async fn a_charge_that_was_called_off_before_it_came_is_declined() {
    let test = TestShop::open().await;
    test.bank.void("a").await.unwrap();
    assert_eq!(pay(&test.shop, "a").await, Ok(Outcome::Declined));
    assert_eq!(test.bank.lookup("a").await, Ok(Some(Answer::Voided)));
    assert!(test.bank.charged().is_empty());
}

#[actix::test]
async fn after_a_minute_exactly_one_of_a_hundred_may_try() {
    let test = TestShop::open().await;
    fails_three_times(&test).await;
    test.wait(Duration::from_secs(60));
    let permits = join_all((0..100).map(|_| test.shop.payments.ask(Admit))).await;
    assert_eq!(permits.iter().filter(|permit| permit.is_ok()).count(), 1);
}

#[actix::test]
async fn of_a_thousand_buyers_who_come_when_the_minute_is_over_one_is_tried_and_the_others_told_to_wait()
 {
    let test = TestShop::open().await;
    fails_three_times(&test).await;
    let mut buyers = Vec::new();
    for number in 0..1_000 {
        buyers.push(test.buyer(&format!("buyer {number}"), 1).await);
    }
    test.wait(Duration::from_secs(60));
    test.bank.will(&[Told::Held]);
    let orders =
        join_all(buyers.iter().map(|buyer| test.shop.orders.ask(order(*buyer, "k", 1)))).await;
    let (placed, refused): (Vec<_>, Vec<_>) = orders.into_iter().partition(Result::is_ok);
    assert_eq!((placed.len(), refused.len()), (1, 999));
    let waits = |refusal: &_| matches!(refusal, Err(Failure::Refused(OrderError::PaymentUnavailable { retry_after })) if !retry_after.is_zero());
    assert!(refused.iter().all(waits), "{refused:?}");
    assert_eq!((test.lamp().on_hand, test.lamp().reserved), (10, 1));
    test.bank.lets_go.notify_one();
    state(&test.shop, "closed").await;
    assert_eq!((test.bank.calls.load(Ordering::SeqCst), test.bank.charged().len()), (4, 2));
}

#[actix::test]
async fn a_permit_that_nobody_used_is_not_lost() {
    let test = TestShop::open().await;
    fails_three_times(&test).await;
    test.wait(Duration::from_secs(60));
    drop(test.shop.payments.ask(Admit).await.unwrap());
    until(async || pay(&test.shop, "d").await.ok()).await;
    state(&test.shop, "closed").await;
}

#[actix::test]
async fn the_breaker_outlives_its_process() {
    let test = TestShop::open().await;
    fails_three_times(&test).await;
    let neighbour = test.neighbour().await;
    assert!(matches!(pay(&neighbour, "d").await, Err(Failure::Refused(_))));
}
