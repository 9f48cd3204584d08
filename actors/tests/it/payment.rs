//! The payment gateway and its breaker.

use std::time::Duration;

use actors::bank::{Answer, Bank, Charge};
use actors::failure::Failure;
use actors::payment::{Admit, Admitted, Call, Request, Wanted};
use actors::shop::Shop;
use domain::breaker::Rejected;
use domain::moment::Moment;
use domain::money::Cents;
use domain::order::{OrderError, OrderId};
use domain::payment::Outcome;
use futures_util::future::join_all;
use uuid::Uuid;

use crate::harness::bank::Reaction;
use crate::harness::{TestShop, eventually};

/// How long the breaker stays open.
pub(crate) const OPEN: Duration = Duration::from_secs(60);

/// Charges an amount once the breaker admits it.
pub(crate) async fn charge(shop: &Shop, key: &str) -> Result<Outcome, Failure<Rejected>> {
    let Admitted { permits, retry_after } = shop.payments.ask(Admit { calls: 1 }).await?;
    let Some(permit) = permits.into_iter().next() else {
        return Err(Failure::Refused(Rejected { retry_after: retry_after.unwrap() }));
    };
    let charge = charge_of(key);
    Ok(shop
        .payments
        .addr()
        .send(Call {
            permit,
            request: Request::Charge(charge),
            wanted: Wanted::until(Moment::NEVER),
        })
        .await
        .unwrap()
        .unwrap())
}

fn charge_of(key: &str) -> Charge {
    Charge { key: key.into(), order: OrderId(Uuid::nil()), amount: Cents(100) }
}

/// Waits until the breaker has a state: the verdict on a call arrives after its outcome.
pub(crate) async fn await_breaker(shop: &Shop, state: &str) {
    let has_state = async || {
        let observed = shop.payments.observe().await?;
        (observed.breaker.state.name() == state).then_some(())
    };
    eventually(has_state).await;
}

/// Opens the breaker with one failure of each kind.
pub(crate) async fn fail_three_times(test: &TestShop) {
    test.bank.script(&[Reaction::NotReached, Reaction::LoseAnswer, Reaction::Panic]);
    assert_eq!(charge(&test.shop, "a").await, Ok(Outcome::NotSent));
    assert_eq!(charge(&test.shop, "b").await, Ok(Outcome::Unknown));
    assert_eq!(charge(&test.shop, "c").await, Ok(Outcome::Unknown));
    await_breaker(&test.shop, "open").await;
}

#[actix::test]
async fn three_failures_of_any_kind_open_the_breaker() {
    let test = TestShop::open().await;
    fail_three_times(&test).await;
    let rejected = Rejected { retry_after: OPEN };
    assert_eq!(charge(&test.shop, "d").await, Err(Failure::Refused(rejected)));
    assert_eq!(test.bank.charges(), 3);
}

#[actix::test]
async fn a_declined_charge_is_no_failure() {
    let test = TestShop::open().await;
    test.bank.script(&[Reaction::Decline; 5]);
    for key in ["a", "b", "c", "d", "e"] {
        assert_eq!(charge(&test.shop, key).await, Ok(Outcome::Declined));
    }
    await_breaker(&test.shop, "closed").await;
}

#[actix::test]
async fn a_charge_that_was_voided_before_it_arrived_is_declined() {
    let test = TestShop::open().await;
    test.bank.void("a").await.unwrap();
    assert_eq!(charge(&test.shop, "a").await, Ok(Outcome::Declined));
    assert_eq!(test.bank.lookup(&charge_of("a")).await, Ok(Some(Answer::Voided)));
    assert!(test.bank.charged().is_empty());
}

#[actix::test]
async fn after_a_minute_exactly_one_of_a_hundred_callers_is_admitted() {
    let test = TestShop::open().await;
    fail_three_times(&test).await;
    test.advance_clock(OPEN);
    let permits = join_all((0..100).map(|_| test.shop.payments.ask(Admit { calls: 1 }))).await;
    let granted = permits.iter().flatten().map(|admitted| admitted.permits.len());
    assert_eq!(granted.sum::<usize>(), 1);
}

#[actix::test]
async fn after_a_minute_one_of_a_thousand_orders_is_placed_and_the_others_can_be_retried() {
    let test = TestShop::open_for_a_thousand().await;
    fail_three_times(&test).await;
    let mut buyers = Vec::new();
    for number in 0..1_000 {
        buyers.push(test.buyer(&format!("buyer {number}"), 1).await);
    }
    test.advance_clock(OPEN);
    test.bank.script(&[Reaction::Hold]);
    let orders = buyers.iter().map(|buyer| test.shop.orders.ask(test.order(*buyer, "k", 1)));
    let orders = join_all(orders).await;
    assert_eq!(orders.iter().filter(|order| order.is_ok()).count(), 1);
    for refused in orders.into_iter().filter_map(Result::err) {
        let Failure::Refused(OrderError::PaymentUnavailable { retry_after }) = refused else {
            panic!("not refused by the breaker: {refused:?}")
        };
        assert!(!retry_after.is_zero());
    }
    assert_eq!(test.stock(), (10, 1));
    test.bank.release();
    await_breaker(&test.shop, "closed").await;
    assert_eq!((test.bank.charges(), test.bank.charged().len()), (4, 2));
}

#[actix::test]
async fn an_unused_permit_is_returned() {
    let test = TestShop::open().await;
    fail_three_times(&test).await;
    test.advance_clock(OPEN);
    drop(test.shop.payments.ask(Admit { calls: 1 }).await.unwrap());
    eventually(async || charge(&test.shop, "d").await.ok()).await;
    await_breaker(&test.shop, "closed").await;
}

#[actix::test]
async fn the_breaker_is_shared_through_the_store() {
    let test = TestShop::open().await;
    fail_three_times(&test).await;
    let second_node = test.second_node().await;
    assert!(matches!(charge(&second_node, "d").await, Err(Failure::Refused(_))));
}
