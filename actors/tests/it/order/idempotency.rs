//! Repeated requests: with and without a stored answer.

use std::time::Duration;

use actors::failure::Failure;
use actors::handling::Reply;
use actors::order::{PlaceOrder, ShipOrder};
use domain::money::Cents;
use domain::order::{Order, OrderError, OrderStatus};
use domain::payment::PaymentStatus;
use domain::user::UserId;
use futures_util::future::join_all;

use crate::harness::bank::Reaction;
use crate::harness::order::{PATIENCE, idempotency_key};
use crate::harness::{TestShop, author, eventually};

/// Returns the command that orders lamps, and waits up to `patience` for the bank.
fn patient_order(test: &TestShop, user: UserId, units: u64, patience: Duration) -> PlaceOrder {
    PlaceOrder { patience: Some(patience), ..test.order(user, "k", units) }
}

async fn ask_patiently(test: &TestShop, place: PlaceOrder) -> Reply<Order, OrderError> {
    let patience = place.patience.unwrap();
    test.shop.orders.ask_patiently(place, patience).await
}

#[actix::test]
async fn the_same_key_and_the_same_cart_return_the_first_order() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 3).await;
    let requests = ["k", "k", "other"].map(|key| test.shop.orders.ask(test.order(ana, key, 3)));
    let orders: Vec<_> = join_all(requests).await.into_iter().map(Result::unwrap).collect();
    assert!(orders.iter().all(|order| order.id == orders[0].id));
    let reused = test.shop.orders.ask(test.order(ana, "k", 4)).await;
    assert_eq!(reused, Err(Failure::Refused(OrderError::KeyReused)));
    test.await_payment(&orders[0]).await;
    assert_eq!(test.bank.charged().len(), 1);
}

#[actix::test]
async fn a_key_returns_the_stored_answer_even_if_the_order_has_changed_since() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 3).await;
    let place = patient_order(&test, ana, 3, PATIENCE);
    let answer = ask_patiently(&test, place.clone()).await.unwrap();
    assert_eq!(answer.status, OrderStatus::Paid);
    assert_eq!(ask_patiently(&test, place.clone()).await.as_ref(), Ok(&answer));

    test.shop.orders.ask(ShipOrder { order: answer.id, by: author() }).await.unwrap();
    assert_eq!(test.await_payment(&answer).await.status, OrderStatus::Shipped);
    assert_eq!(ask_patiently(&test, place).await, Ok(answer));
    assert_eq!((test.bank.charges(), test.stock()), (1, (7, 0)));
}

#[actix::test]
async fn an_answer_without_a_decision_of_the_bank_is_not_stored() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 1).await;
    test.bank.script(&[Reaction::Hold]);
    let place = patient_order(&test, ana, 1, Duration::from_millis(20));
    let answer = ask_patiently(&test, place.clone()).await.unwrap();
    assert_eq!(answer.payment.status, PaymentStatus::Submitting);
    test.bank.release();
    let paid = test.await_status(&answer, OrderStatus::Paid).await;
    assert_eq!(ask_patiently(&test, place.clone()).await, Ok(paid.clone()));
    test.shop.orders.ask(ShipOrder { order: paid.id, by: author() }).await.unwrap();
    assert_eq!(ask_patiently(&test, place).await, Ok(paid));
}

#[actix::test]
async fn an_answered_key_is_refused_for_another_request() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 3).await;
    ask_patiently(&test, patient_order(&test, ana, 3, PATIENCE)).await.unwrap();
    let reused = ask_patiently(&test, patient_order(&test, ana, 4, PATIENCE)).await;
    assert_eq!(reused, Err(Failure::Refused(OrderError::KeyReused)));

    // Keys belong to a user: another user's request with the same key is a new one.
    let bob = test.buyer("bob", 1).await;
    let placed = ask_patiently(&test, patient_order(&test, bob, 1, PATIENCE)).await.unwrap();
    assert_eq!((placed.user, placed.status), (bob, OrderStatus::Paid));
}

#[actix::test]
async fn a_key_is_refused_while_its_request_is_in_progress() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 1).await;
    test.bank.script(&[Reaction::Hold]);
    let place = patient_order(&test, ana, 1, PATIENCE);
    let repeat_before_the_answer = async {
        eventually(async || (test.shop.orders.observe().await?.calling == 1).then_some(())).await;
        let repeated = ask_patiently(&test, place.clone()).await;
        test.bank.release();
        repeated
    };
    let (answer, repeated) =
        tokio::join!(ask_patiently(&test, place.clone()), repeat_before_the_answer);
    assert_eq!(repeated, Err(Failure::Refused(OrderError::KeyInUse)));
    assert_eq!(answer.as_ref().unwrap().status, OrderStatus::Paid);
    assert_eq!(ask_patiently(&test, place).await, answer);
    assert_eq!(test.bank.charges(), 1);
}

#[actix::test]
async fn the_key_of_a_failed_request_can_be_used_again() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 1).await;
    let place = patient_order(&test, ana, 1, PATIENCE);
    let mut refused = place.clone();
    refused.checkout.expected_total = Cents(1);
    refused.idempotency_key = idempotency_key("k", "another request");
    let total_changed = OrderError::TotalChanged { total: Cents(1_250) };
    assert_eq!(ask_patiently(&test, refused).await, Err(Failure::Refused(total_changed)));

    test.store.refuse_next_commit();
    let not_stored = ask_patiently(&test, place.clone()).await;
    assert!(matches!(not_stored, Err(Failure::Unavailable(_))));
    assert_eq!(ask_patiently(&test, place).await.unwrap().status, OrderStatus::Paid);
}

#[actix::test]
async fn conflicts_between_two_nodes_delay_a_patient_request_and_refuse_none() {
    let test = TestShop::open().await;
    let second = test.second_node().await;
    let mut buyers = Vec::new();
    for number in 0..10 {
        buyers.push(test.buyer(&format!("buyer {number}"), 1).await);
    }
    let nodes = [&test.shop, &second].into_iter().cycle();
    let requests = buyers.iter().zip(nodes).map(async |(buyer, node)| {
        node.orders.ask_patiently(patient_order(&test, *buyer, 1, PATIENCE), PATIENCE).await
    });
    for answer in join_all(requests).await {
        assert_eq!(answer.unwrap().status, OrderStatus::Paid);
    }
    assert_eq!((test.bank.charges(), test.bank.charged().len()), (10, 10));
}
