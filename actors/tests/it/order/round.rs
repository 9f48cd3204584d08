//! Rounds of the order desk, and the line in front of the bank.

use std::time::Duration;

use actors::article::ChangeArticle;
use actors::failure::Failure;
use actors::order::{ListOrders, PlaceOrder};
use actors::payment::{Manual, SetBreaker};
use domain::article::ArticlePatch;
use domain::cart::Owner;
use domain::money::Cents;
use domain::order::{Order, OrderError, OrderStatus};
use domain::user::UserId;
use futures_util::future::join_all;

use super::LONGEST_PAUSE;
use crate::harness::bank::Reaction;
use crate::harness::{LAMP, TestShop, eventually};

/// How many calls to the bank may run at once.
pub(super) const CALLS: usize = 16;

/// Opens a shop with a stock of lamps, and buyers with one lamp each in their carts.
async fn shop_with_buyers(stock: u32, buyers: usize) -> (TestShop, Vec<UserId>) {
    let test = TestShop::open().await;
    set_stock(&test, stock).await;
    let mut users = Vec::new();
    for number in 0..buyers {
        users.push(test.buyer(&format!("buyer {number}"), 1).await);
    }
    (test, users)
}

pub(super) async fn set_stock(test: &TestShop, on_hand: u32) {
    let patch = ArticlePatch { on_hand: Some(on_hand), ..ArticlePatch::default() };
    test.shop
        .catalogue
        .ask(ChangeArticle { id: LAMP, patch, expected: None, by: None })
        .await
        .unwrap();
}

/// Places the order of each buyer, one after the other.
async fn place_in_turn(test: &TestShop, buyers: &[UserId]) -> Vec<Order> {
    let mut orders = Vec::new();
    for buyer in buyers {
        orders.push(test.shop.orders.ask(test.order(*buyer, "k", 1)).await.unwrap());
    }
    orders
}

#[actix::test]
async fn commands_that_wait_share_one_commit() {
    let (test, buyers) = shop_with_buyers(10, 12).await;
    test.bank.script(&[Reaction::Hold; 12]);
    test.store.hold_next_commit();
    let before = test.store.commits();
    let place = |buyer: &UserId| -> PlaceOrder { test.order(*buyer, "k", 1) };
    let first = test.shop.orders.ask(place(&buyers[0]));
    let others = async {
        eventually(async || test.store.holds_a_commit().then_some(())).await;
        let others = buyers[1..].iter().map(|buyer| test.shop.orders.ask(place(buyer)));
        let release = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            test.store.release_commit().await;
        };
        futures_util::join!(join_all(others), release).0
    };
    let (first, others) = futures_util::join!(first, others);
    first.unwrap();
    let (placed, refused): (Vec<_>, Vec<_>) = others.into_iter().partition(Result::is_ok);
    assert_eq!((placed.len(), refused.len()), (9, 2));
    for refusal in refused {
        assert!(matches!(refusal, Err(Failure::Refused(OrderError::Stock(_)))), "{refusal:?}");
    }
    assert_eq!((test.store.commits() - before, test.stock()), (2, (10, 10)));
}

#[actix::test]
async fn a_request_repeated_in_one_round_places_one_order() {
    let (test, buyers) = shop_with_buyers(10, 2).await;
    test.store.hold_next_commit();
    let first = test.shop.orders.ask(test.order(buyers[0], "k", 1));
    let repeated = async {
        eventually(async || test.store.holds_a_commit().then_some(())).await;
        let twice = ["k", "k", "other"].map(|key| test.order(buyers[1], key, 1));
        let requests = join_all(twice.map(|place| test.shop.orders.ask(place)));
        let release = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            test.store.release_commit().await;
        };
        futures_util::join!(requests, release).0
    };
    let (first, repeated) = futures_util::join!(first, repeated);
    let orders: Vec<_> = repeated.into_iter().map(Result::unwrap).collect();
    assert!(orders.iter().all(|order| order.id == orders[0].id));
    test.await_status(&first.unwrap(), OrderStatus::Paid).await;
    test.await_status(&orders[0], OrderStatus::Paid).await;
    assert_eq!((test.stock(), test.bank.charges()), ((8, 0), 2));
}

#[actix::test]
async fn a_command_whose_caller_has_given_up_does_not_start() {
    let (test, buyers) = shop_with_buyers(10, 2).await;
    test.store.hold_next_commit();
    let places = buyers.iter().map(|buyer| test.shop.orders.ask(test.order(*buyer, "k", 1)));
    let replies = join_all(places).await;
    assert!(replies.iter().all(|reply| matches!(reply, Err(Failure::Unavailable(_)))));
    // The desk's own deadlines began a moment after those of the callers.
    tokio::time::sleep(Duration::from_millis(500)).await;
    test.store.release_commit().await;
    let list = |user| ListOrders { user, status: None, after: None, limit: 1 };
    eventually(async || {
        let placed = test.shop.orders.ask(list(buyers[0])).await.unwrap();
        (placed.first()?.status == OrderStatus::Paid).then_some(())
    })
    .await;
    assert_eq!(test.shop.orders.ask(list(buyers[1])).await, Ok(Vec::new()));
    assert_eq!((test.stock(), test.bank.charges()), ((9, 0), 1));
}

#[actix::test]
async fn a_round_with_a_conflict_is_decided_again() {
    let (test, buyers) = shop_with_buyers(10, 1).await;
    test.store.hold_next_commit();
    let place = test.shop.orders.ask(test.order(buyers[0], "k", 1));
    let change = async {
        eventually(async || test.store.holds_a_commit().then_some(())).await;
        set_stock(&test, 20).await;
        test.store.release_commit().await;
    };
    let (placed, ()) = futures_util::join!(place, change);
    test.await_status(&placed.unwrap(), OrderStatus::Paid).await;
    assert_eq!((test.stock(), test.bank.charges()), ((19, 0), 1));
}

#[actix::test]
async fn a_row_that_changes_all_the_time_fails_only_the_command_that_needs_it() {
    let (test, buyers) = shop_with_buyers(10, 5).await;
    test.store.contend(format!("cart/{}", Owner::User(buyers[2])));
    let places = buyers.iter().map(|buyer| test.shop.orders.ask(test.order(*buyer, "k", 1)));
    let replies = join_all(places).await;
    for (number, reply) in replies.into_iter().enumerate() {
        assert_eq!(reply.is_ok(), number != 2, "buyer {number}: {reply:?}");
    }
}

#[actix::test]
async fn the_outcome_of_a_call_is_kept_until_it_is_stored() {
    let (test, buyers) = shop_with_buyers(10, 1).await;
    test.bank.script(&[Reaction::Hold]);
    let placed = place_in_turn(&test, &buyers).await;
    eventually(async || (test.bank.charges() == 1).then_some(())).await;
    test.store.refuse_next_commit();
    test.bank.release();
    test.await_status(&placed[0], OrderStatus::Paid).await;
    assert_eq!((test.bank.charges(), test.bank.charged().len()), (1, 1));
}

#[actix::test]
async fn a_rush_waits_in_line_and_is_served_in_its_order() {
    let (test, buyers) = shop_with_buyers(20, CALLS + 4).await;
    test.bank.script(&[Reaction::Hold; CALLS + 4]);
    let placed = place_in_turn(&test, &buyers).await;
    eventually(async || (test.bank.charges() == CALLS).then_some(())).await;
    let state = test.shop.orders.observe().await.unwrap();
    assert_eq!((state.calling, test.stock()), (CALLS + 4, (20, 20)));
    for _ in &placed {
        test.bank.release();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for order in &placed {
        test.await_status(order, OrderStatus::Paid).await;
    }
    let keys: Vec<_> = placed.iter().map(|order| format!("{}-1", order.id)).collect();
    assert_eq!(test.bank.charged(), keys);
}

#[actix::test]
async fn a_call_in_line_is_not_made_after_the_breaker_has_opened() {
    let (test, buyers) = shop_with_buyers(20, CALLS + 4).await;
    test.bank.script(&[Reaction::Hold; CALLS]);
    let placed = place_in_turn(&test, &buyers).await;
    eventually(async || (test.bank.charges() == CALLS).then_some(())).await;
    test.shop.payments.ask(SetBreaker { to: Manual::Isolated, by: None }).await.unwrap();
    for _ in 0..CALLS {
        test.bank.release();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for order in &placed[..CALLS] {
        test.await_status(order, OrderStatus::Paid).await;
    }
    eventually(async || (test.shop.orders.observe().await?.calling == 0).then_some(())).await;
    assert_eq!(test.bank.charges(), CALLS);
    test.shop.payments.ask(SetBreaker { to: Manual::Reset, by: None }).await.unwrap();
    test.advance_clock(LONGEST_PAUSE);
    for order in &placed[CALLS..] {
        test.await_status(order, OrderStatus::Paid).await;
    }
    assert_eq!(test.bank.charges(), CALLS + 4);
}

#[actix::test]
async fn a_refused_checkout_does_not_probe_the_bank() {
    let (test, buyers) = shop_with_buyers(10, 4).await;
    test.bank.script(&[Reaction::NotReached; 3]);
    place_in_turn(&test, &buyers[..3]).await;
    let state = async || Some(test.shop.payments.observe().await?.breaker.state.name());
    eventually(async || (state().await? == "open").then_some(())).await;
    test.advance_clock(Duration::from_secs(60));
    let mut wrong_total = test.order(buyers[3], "other", 1);
    wrong_total.checkout.expected_total = Cents(1);
    let refused = test.shop.orders.ask(wrong_total).await;
    assert!(matches!(refused, Err(Failure::Refused(OrderError::TotalChanged { .. }))));
    assert_eq!(state().await, Some("open"));
    let placed = place_in_turn(&test, &buyers[3..]).await;
    test.await_status(&placed[0], OrderStatus::Paid).await;
}
