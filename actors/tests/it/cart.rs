//! Carts: parallel commands, failed commits, panics, passivation and expiry.

use std::time::Duration;

use actors::cart::GetCart;
use actors::cart::registry::ToCart;
use actors::failure::Failure;
use domain::cart::CartError;
use futures_util::future::join_all;

use crate::harness::{TestShop, eventually, guest, lamps};

/// Waits until no cart is active.
async fn await_passivation(test: &TestShop) {
    eventually(async || (test.shop.carts.observe().await?.active == 0).then_some(())).await;
}

#[actix::test]
async fn no_parallel_add_is_lost() {
    let test = TestShop::open().await;
    let ana = guest("ana");
    let adds = (0..99).map(|_| test.add_lamps(&ana, 1));
    assert!(join_all(adds).await.iter().all(Result::is_ok));
    let cart = test.cart(&ana).await;
    assert_eq!((cart.version, cart.item_count()), (99, 99));
    assert_eq!(test.add_lamps(&ana, 1).await, Err(Failure::Refused(CartError::TooManyUnits)));
}

#[actix::test]
async fn no_parallel_add_on_two_nodes_is_lost() {
    let test = TestShop::open().await;
    let second_node = test.second_node().await;
    let ana = guest("ana");
    let first_adds = (0..30).map(|_| test.add_lamps(&ana, 1));
    let second_adds = (0..30).map(|_| second_node.carts.ask(ToCart(ana.clone(), lamps(1))));
    let (first, second) = tokio::join!(join_all(first_adds), join_all(second_adds));
    assert!(first.iter().chain(&second).all(Result::is_ok), "{first:?} {second:?}");
    for shop in [&test.shop, &second_node] {
        let cart = eventually(async || {
            let cart = shop.carts.ask(ToCart(ana.clone(), GetCart)).await.unwrap();
            (cart.version == 60).then_some(cart)
        });
        assert_eq!(cart.await.item_count(), 60);
    }
}

#[actix::test]
async fn a_command_that_was_not_stored_leaves_the_cart_unchanged() {
    let test = TestShop::open().await;
    let ana = guest("ana");
    test.add_lamps(&ana, 2).await.unwrap();
    test.store.refuse_next_commit();
    assert!(matches!(test.add_lamps(&ana, 3).await, Err(Failure::Unavailable(_))));
    assert_eq!(test.add_lamps(&ana, 1).await.unwrap().item_count(), 3);
}

#[actix::test]
async fn a_cart_survives_a_panic_of_its_actor() {
    let test = TestShop::open().await;
    let ana = guest("ana");
    test.add_lamps(&ana, 2).await.unwrap();
    test.store.panic_on_next_commit();
    assert!(matches!(test.add_lamps(&ana, 3).await, Err(Failure::Unavailable(_))));
    assert_eq!(test.add_lamps(&ana, 1).await.unwrap().item_count(), 3);
}

#[actix::test]
async fn an_idle_cart_is_passivated_and_starts_again_with_its_items() {
    let test = TestShop::open().await;
    let ana = guest("ana");
    test.add_lamps(&ana, 2).await.unwrap();
    test.advance_clock(Duration::from_secs(1));
    await_passivation(&test).await;
    assert_eq!(test.add_lamps(&ana, 1).await.unwrap().item_count(), 3);
}

#[actix::test]
async fn a_cart_that_was_only_read_is_passivated_at_once() {
    let test = TestShop::open().await;
    let ana = guest("ana");
    test.cart(&ana).await;
    await_passivation(&test).await;
    assert_eq!(test.add_lamps(&ana, 1).await.unwrap().item_count(), 1);
}

#[actix::test]
async fn passivation_loses_no_command() {
    let test = TestShop::open().await;
    let ana = guest("ana");
    for _ in 0..99 {
        test.advance_clock(Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(2)).await;
        test.add_lamps(&ana, 1).await.unwrap();
    }
    assert_eq!(test.cart(&ana).await.version, 99);
}

#[actix::test]
async fn a_cart_that_was_not_changed_for_a_day_is_empty() {
    let test = TestShop::open().await;
    let ana = guest("ana");
    test.add_lamps(&ana, 2).await.unwrap();
    test.advance_clock(Duration::from_secs(24 * 60 * 60));
    assert_eq!(test.cart(&ana).await.item_count(), 0);
    assert_eq!(test.add_lamps(&ana, 1).await.unwrap().item_count(), 1);
}
