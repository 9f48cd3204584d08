//! The payment gateway and its breaker.

use std::time::Duration;

use actors::bank::{Answer, Bank, Charge};
use actors::failure::Failure;
use actors::payment::{Admit, Admitted, Call, Manual, Request, SetBreaker, Wanted};
use actors::shop::Shop;
use domain::breaker::{Rejected, State};
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

/// How long the breaker waits for its probe.
const PROBE: Duration = Duration::from_secs(7);

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

/// Opens two more nodes on the store of a shop.
async fn three_nodes(test: &TestShop) -> [Shop; 3] {
    [test.shop.clone(), test.second_node().await, test.second_node().await]
}

/// Sets the breaker on a node.
async fn set(node: &Shop, to: Manual) {
    node.payments.ask(SetBreaker { to, by: None }).await.unwrap();
}

#[actix::test]
async fn failures_count_on_whatever_node_they_happen_and_open_the_breaker_of_all() {
    let test = TestShop::open().await;
    let nodes = three_nodes(&test).await;
    test.bank.script(&[Reaction::NotReached; 3]);
    for (count, node) in nodes.iter().enumerate() {
        assert_eq!(charge(node, "a").await, Ok(Outcome::NotSent));
        let is_counted = async || {
            let row = test.shop.tables.breaker.get("bank").await.unwrap()?;
            (row.value.generation > 0 || row.value.state == closed_after(count)).then_some(())
        };
        eventually(is_counted).await;
    }
    for node in &nodes {
        await_breaker(node, "open").await;
        assert!(matches!(charge(node, "d").await, Err(Failure::Refused(_))));
    }
}

/// The state after this many failures and another one.
fn closed_after(failures: usize) -> State {
    State::Closed { failures: u32::try_from(failures).unwrap() + 1 }
}

#[actix::test]
async fn a_success_on_one_node_ends_the_count_of_failures_on_all() {
    let test = TestShop::open().await;
    let [first, second, third] = three_nodes(&test).await;
    test.bank.script(&[Reaction::NotReached, Reaction::NotReached]);
    for node in [&first, &second] {
        assert_eq!(charge(node, "a").await, Ok(Outcome::NotSent));
    }
    await_failures(&third, 2).await;
    assert_eq!(charge(&third, "b").await, Ok(Outcome::Approved));
    await_failures(&first, 0).await;
}

/// Waits until a node knows of this many failures.
async fn await_failures(node: &Shop, failures: u32) {
    let counts = async || {
        let observed = node.payments.observe().await?;
        (observed.breaker.state == State::Closed { failures }).then_some(())
    };
    eventually(counts).await;
}

#[actix::test]
async fn one_call_of_three_nodes_probes_the_bank() {
    let test = TestShop::open().await;
    let nodes = three_nodes(&test).await;
    fail_three_times(&test).await;
    for node in &nodes {
        await_breaker(node, "open").await;
    }
    test.advance_clock(OPEN);
    let asked = (0..99).map(|call| nodes[call % 3].payments.ask(Admit { calls: 1 }));
    let admitted = join_all(asked).await;
    let permits = admitted.iter().flatten().map(|admitted| admitted.permits.len());
    assert_eq!(permits.sum::<usize>(), 1);

    // A node that starts in the meantime leaves the probe alone, until it is lost.
    let late = test.second_node().await;
    let calls = async || late.payments.ask(Admit { calls: 9 }).await.unwrap().permits.len();
    assert_eq!(calls().await, 0);
    test.advance_clock(PROBE);
    assert_eq!(calls().await, 1);
}

#[actix::test]
async fn isolating_and_resetting_the_breaker_hold_on_every_node_at_once() {
    let test = TestShop::open().await;
    let nodes = three_nodes(&test).await;
    let ana = test.buyer("ana", 1).await;
    for round in 0..20 {
        let [isolating, ordering, resetting] = [0, 1, 2].map(|node| &nodes[(round + node) % 3]);
        set(isolating, Manual::Isolated).await;
        let order = test.order(ana, &format!("k{round}"), 1);
        let refused = ordering.orders.ask(order).await;
        let Err(Failure::Refused(OrderError::PaymentUnavailable { .. })) = refused else {
            panic!("not refused: {refused:?}")
        };
        set(resetting, Manual::Reset).await;
        let admitted = ordering.payments.ask(Admit { calls: 1 }).await.unwrap();
        assert_eq!((admitted.permits.len(), admitted.retry_after), (1, None));
    }
    assert_eq!(test.bank.charges(), 0);
}
