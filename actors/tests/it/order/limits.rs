//! The limits of unpaid orders: how many, for how long, and how many payment attempts.

use std::time::Duration;

use actors::cart::SetItem;
use actors::cart::registry::ToCart;
use actors::failure::Failure;
use actors::order::{CancelOrder, ListOrders, PayAgain, PlaceOrder};
use actors::shop::Shop;
use domain::cart::Owner;
use domain::money::Cents;
use domain::order::checkout::Checkout;
use domain::order::{Order, OrderError, OrderStatus};
use domain::payment::PaymentStatus;
use domain::quantity::Quantity;
use domain::user::UserId;
use futures_util::future::join_all;

use super::round::set_stock;
use crate::harness::bank::Reaction;
use crate::harness::order::idempotency_key;
use crate::harness::{LAMP, TestShop, eventually};

const MINUTE: Duration = Duration::from_secs(60);

type Reply = Result<Order, Failure<OrderError>>;

/// Puts one lamp into the user's cart on a node and orders the cart.
pub(super) async fn buy(test: &TestShop, node: &Shop, user: UserId, key: &str) -> Reply {
    let one = SetItem { article: LAMP, quantity: Quantity::ONE, expected: None };
    let cart = node.carts.ask(ToCart(Owner::User(user), one)).await.unwrap();
    let expected_total = Cents(1_250 * u64::from(cart.item_count()));
    let place = test.order(user, key, 1);
    let checkout = Checkout { cart_version: cart.version, expected_total, ..place.checkout };
    node.orders.ask(PlaceOrder { checkout, ..place }).await
}

/// Buys until an order is refused because too many are unpaid.
async fn buy_until_refused(test: &TestShop, node: &Shop, user: UserId, name: &str) {
    for number in 0.. {
        match buy(test, node, user, &format!("{name}-{number}")).await {
            Ok(_) => {}
            Err(Failure::Refused(OrderError::CartChanged | OrderError::EmptyCart)) => {}
            Err(Failure::Refused(OrderError::TooManyUnpaid { most: 3 })) => return,
            other => panic!("{other:?}"),
        }
    }
}

async fn orders(test: &TestShop, user: UserId) -> Vec<Order> {
    let list = ListOrders { user, status: None, after: None, limit: 100 };
    test.shop.orders.ask(list).await.unwrap()
}

async fn pay(test: &TestShop, order: &Order, key: &str) -> Reply {
    let idempotency_key = idempotency_key(key, "");
    let pay = PayAgain { user: order.user, order: order.id, idempotency_key, patience: None };
    test.shop.orders.ask(pay).await
}

/// Places an order whose payments the bank declines.
async fn declined(test: &TestShop) -> Order {
    test.bank.script(&[Reaction::Decline; 20]);
    let ana = test.buyer("ana", 2).await;
    let placed = test.shop.orders.ask(test.order(ana, "k", 2)).await.unwrap();
    let declined = test.await_payment(&placed).await;
    assert_eq!(declined.payment.status, PaymentStatus::Declined);
    declined
}

#[actix::test]
async fn twenty_parallel_checkouts_on_two_nodes_place_three_unpaid_orders() {
    let test = TestShop::open().await;
    let second_node = test.second_node().await;
    set_stock(&test, 1_000).await;
    test.bank.script(&[Reaction::Decline; 20]);
    let ana = test.buyer("ana", 1).await;
    join_all((0..20).map(async |number| {
        let node = if number % 2 == 0 { &test.shop } else { &second_node };
        buy_until_refused(&test, node, ana, &number.to_string()).await;
    }))
    .await;
    let placed = orders(&test, ana).await;
    assert!(placed.len() == 3 && placed.iter().all(Order::is_unpaid), "{placed:?}");
    let bob = test.buyer("bob", 1).await;
    assert!(buy(&test, &second_node, bob, "k").await.is_ok());
}

#[actix::test]
async fn an_order_that_is_paid_cancelled_or_expired_makes_room_for_another() {
    let test = TestShop::open().await;
    test.bank.script(&[Reaction::Decline; 3]);
    let ana = test.buyer("ana", 1).await;
    let buy = async |key: &str| buy(&test, &test.shop, ana, key).await;
    let mut placed = Vec::new();
    for key in ["a", "b", "c"] {
        let order = buy(key).await.unwrap();
        placed.push(test.await_payment(&order).await);
    }
    let is_refused = |reply: Reply| {
        matches!(reply, Err(Failure::Refused(OrderError::TooManyUnpaid { most: 3 })))
    };
    assert!(is_refused(buy("d").await));
    let cancel = CancelOrder { user: ana, order: placed[0].id };
    assert_eq!(test.shop.orders.ask(cancel).await.unwrap().status, OrderStatus::Cancelled);
    test.bank.script(&[Reaction::Decline]);
    let order = buy("e").await.unwrap();
    test.await_payment(&order).await;
    assert!(is_refused(buy("f").await));
    let paid = pay(&test, &placed[1], "again").await.unwrap();
    assert_eq!(test.await_payment(&paid).await.status, OrderStatus::Paid);
    let order = buy("g").await.unwrap();
    assert_eq!(test.await_payment(&order).await.status, OrderStatus::Paid);
    test.advance_clock(3 * MINUTE);
    test.await_status(&placed[2], OrderStatus::Expired).await;
    assert!(buy("h").await.is_ok());
}

#[actix::test]
async fn a_repeated_checkout_gets_its_order_however_many_are_unpaid() {
    let test = TestShop::open().await;
    test.bank.script(&[Reaction::Decline; 3]);
    let ana = test.buyer("ana", 1).await;
    let first = test.order(ana, "k", 1);
    let placed = test.shop.orders.ask(first.clone()).await.unwrap();
    for key in ["b", "c"] {
        buy(&test, &test.shop, ana, key).await.unwrap();
    }
    assert!(buy(&test, &test.shop, ana, "d").await.is_err());
    assert_eq!(test.shop.orders.ask(first).await.unwrap().id, placed.id);
}

#[actix::test]
async fn paid_orders_that_an_older_node_left_in_the_list_do_not_count_and_are_removed() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 1).await;
    for key in ["a", "b", "c"] {
        let order = buy(&test, &test.shop, ana, key).await.unwrap();
        test.await_status(&order, OrderStatus::Paid).await;
    }
    let tables = &test.shop.tables;
    let mut buyer = tables.buyers.get(ana).await.unwrap().unwrap();
    assert_eq!(buyer.value.unpaid, []);
    buyer.value.unpaid = orders(&test, ana).await.iter().map(|order| order.id).collect();
    let mut batch = tables.batch(jiff::Timestamp::UNIX_EPOCH);
    batch.put(&tables.buyers, ana, Some(buyer.version), &buyer.value).unwrap();
    tables.commit(batch).await.unwrap();
    let order = buy(&test, &test.shop, ana, "d").await.unwrap();
    test.await_status(&order, OrderStatus::Paid).await;
    assert_eq!(tables.buyers.get(ana).await.unwrap().unwrap().value.unpaid, []);
}

#[actix::test]
async fn a_declined_order_keeps_its_stock_for_three_minutes() {
    let test = TestShop::open().await;
    let declined = declined(&test).await;
    assert_eq!(test.stock(), (10, 2));
    test.advance_clock(3 * MINUTE);
    test.await_status(&declined, OrderStatus::Expired).await;
    assert_eq!(test.stock(), (10, 0));
    assert_eq!(test.cart(&Owner::User(declined.user)).await.item_count(), 2);
}

#[actix::test]
async fn another_attempt_keeps_the_stock_and_no_attempt_keeps_it_for_longer_than_the_expiry() {
    let test = TestShop::open().await;
    let first = declined(&test).await;
    let mut last = first.clone();
    for (number, minutes) in [(2, 4), (3, 6), (4, 8)] {
        test.advance_clock(2 * MINUTE);
        last = pay(&test, &first, &number.to_string()).await.unwrap();
        assert_eq!(last.expires_at, first.created_at + 15 * MINUTE);
        last = test.await_payment(&last).await;
        let expected = first.expires_at - 3 * MINUTE + (minutes - 2 + 3) * MINUTE;
        assert_eq!(last.expires_at, expected, "{number}");
    }
    test.advance_clock(3 * MINUTE);
    test.await_status(&last, OrderStatus::Expired).await;
}

#[actix::test]
async fn a_user_whose_orders_are_declined_again_and_again_has_to_wait() {
    let test = TestShop::open().await;
    test.bank.script(&[Reaction::Decline; 16]);
    let ana = test.buyer("ana", 1).await;
    for number in 0..15 {
        let order = buy(&test, &test.shop, ana, &number.to_string()).await.unwrap();
        test.await_payment(&order).await;
        test.shop.orders.ask(CancelOrder { user: ana, order: order.id }).await.unwrap();
    }
    let wait = |retry_after| Err(Failure::Refused(OrderError::TooManyAttempts { retry_after }));
    assert_eq!(buy(&test, &test.shop, ana, "refused").await, wait(MINUTE));
    test.advance_clock(MINUTE);
    let declined = buy(&test, &test.shop, ana, "16").await.unwrap();
    test.await_payment(&declined).await;
    assert_eq!(pay(&test, &declined, "refused").await, wait(2 * MINUTE));
    assert_eq!(test.bank.charges(), 16);
    test.advance_clock(2 * MINUTE);
    let paid = pay(&test, &declined, "paid").await.unwrap();
    assert_eq!(test.await_payment(&paid).await.status, OrderStatus::Paid);
    // One good card does not free the trial of many others.
    test.bank.script(&[Reaction::Decline]);
    let declined = buy(&test, &test.shop, ana, "declined").await.unwrap();
    test.await_payment(&declined).await;
    assert_eq!(pay(&test, &declined, "refused again").await, wait(4 * MINUTE));
}

#[actix::test]
async fn a_payment_that_is_declined_after_its_order_was_cancelled_counts_and_a_void_does_not() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 1).await;
    let cancel_while_paying = async |reaction: Reaction, key: &str| {
        test.bank.script(&[reaction]);
        let charges = test.bank.charges();
        let order = buy(&test, &test.shop, ana, key).await.unwrap();
        if reaction == Reaction::LoseRequest {
            test.await_payment(&order).await;
        } else {
            eventually(async || (test.bank.charges() > charges).then_some(())).await;
        }
        test.shop.orders.ask(CancelOrder { user: ana, order: order.id }).await.unwrap();
        test.bank.release();
        test.await_status(&order, OrderStatus::Cancelled).await;
    };
    for number in 0..14 {
        cancel_while_paying(Reaction::HoldDecline, &format!("declined-{number}")).await;
    }
    cancel_while_paying(Reaction::LoseRequest, "voided").await;
    cancel_while_paying(Reaction::HoldDecline, "declined-14").await;
    let refused = Failure::Refused(OrderError::TooManyAttempts { retry_after: MINUTE });
    assert_eq!(buy(&test, &test.shop, ana, "refused").await, Err(refused));
}

#[actix::test]
async fn five_attempts_follow_each_other_and_then_each_one_has_to_wait() {
    let test = TestShop::open().await;
    let order = declined(&test).await;
    for number in 2..=5 {
        let paid = pay(&test, &order, &number.to_string()).await.unwrap();
        assert_eq!(test.await_payment(&paid).await.payment.attempt, number);
    }
    let wait = |retry_after| Err(Failure::Refused(OrderError::TooManyAttempts { retry_after }));
    for _ in 0..100 {
        assert_eq!(pay(&test, &order, "6").await, wait(MINUTE));
    }
    assert_eq!(pay(&test, &order, "5").await.unwrap().payment.attempt, 5, "a repeated request");
    assert_eq!(test.bank.charges(), 5);
    test.advance_clock(MINUTE);
    let paid = pay(&test, &order, "6").await.unwrap();
    assert_eq!(test.await_payment(&paid).await.payment.attempt, 6);
    test.advance_clock(MINUTE);
    assert_eq!(pay(&test, &order, "7").await, wait(MINUTE));
    test.advance_clock(MINUTE);
    assert_eq!(pay(&test, &order, "7").await.unwrap().payment.attempt, 7);
}
