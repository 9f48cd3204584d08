//! Carts.

use std::time::Duration;

use actors::ask::Failure;
use actors::cart::{GetCart, ToCart};
use domain::cart::{CartError, Owner};
use futures_util::future::join_all;

use crate::harness::{TestShop, lamps, until};

fn guest() -> Owner {
    Owner::Guest("ana".into())
}

#[actix::test]
async fn no_parallel_add_is_lost() {
    let test = TestShop::open().await;
    let replies = join_all((0..99).map(|_| test.shop.carts.ask(ToCart(guest(), lamps(1))))).await;
    assert!(replies.iter().all(Result::is_ok));
    let cart = test.shop.carts.ask(ToCart(guest(), GetCart)).await.unwrap();
    assert_eq!((cart.version, cart.item_count()), (99, 99));
    assert_eq!(test.adds_lamps(&guest(), 1).await, Err(Failure::Refused(CartError::TooManyPieces)));
}

#[actix::test]
async fn two_processes_lose_nothing_between_them() {
    let test = TestShop::open().await;
    let neighbour = test.neighbour().await;
    let here = (0..30).map(|_| test.shop.carts.ask(ToCart(guest(), lamps(1))));
    let there = (0..30).map(|_| neighbour.carts.ask(ToCart(guest(), lamps(1))));
    let (here, there) = tokio::join!(join_all(here), join_all(there));
    assert!(here.iter().chain(&there).all(Result::is_ok), "{here:?} {there:?}");
    for shop in [&test.shop, &neighbour] {
        let seen = until(async || {
            let cart = shop.carts.ask(ToCart(guest(), GetCart)).await.unwrap();
            (cart.version == 60).then_some(cart)
        });
        assert_eq!(seen.await.item_count(), 60);
    }
}

#[actix::test]
async fn a_command_that_could_not_be_stored_is_not_in_the_cart() {
    let test = TestShop::open().await;
    test.adds_lamps(&guest(), 2).await.unwrap();
    test.store.kept.refuse_next(1);
    assert!(matches!(test.adds_lamps(&guest(), 3).await, Err(Failure::Unavailable(_))));
    assert_eq!(test.adds_lamps(&guest(), 1).await.unwrap().item_count(), 3);
}

#[actix::test]
async fn a_cart_whose_actor_died_is_there_again() {
    let test = TestShop::open().await;
    test.adds_lamps(&guest(), 2).await.unwrap();
    test.store.panic_once();
    assert!(matches!(test.adds_lamps(&guest(), 3).await, Err(Failure::Unavailable(_))));
    assert_eq!(test.adds_lamps(&guest(), 1).await.unwrap().item_count(), 3);
}

#[actix::test]
async fn a_cart_goes_to_sleep_and_wakes_as_it_was() {
    let test = TestShop::open().await;
    test.adds_lamps(&guest(), 2).await.unwrap();
    test.wait(Duration::from_secs(1));
    until(async || (test.shop.carts.observe().await?["awake"] == 0).then_some(())).await;
    assert_eq!(test.adds_lamps(&guest(), 1).await.unwrap().item_count(), 3);
}

#[actix::test]
async fn a_cart_that_was_only_looked_at_goes_to_sleep_at_once() {
    let test = TestShop::open().await;
    test.shop.carts.ask(ToCart(guest(), GetCart)).await.unwrap();
    until(async || (test.shop.carts.observe().await?["awake"] == 0).then_some(())).await;
    assert_eq!(test.adds_lamps(&guest(), 1).await.unwrap().item_count(), 1);
}

#[actix::test]
async fn falling_asleep_loses_no_command() {
    let test = TestShop::open().await;
    for _ in 0..99 {
        test.wait(Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(2)).await;
        test.adds_lamps(&guest(), 1).await.unwrap();
    }
    assert_eq!(test.shop.carts.ask(ToCart(guest(), GetCart)).await.unwrap().version, 99);
}

#[actix::test]
async fn a_cart_nobody_touched_for_a_day_is_empty() {
    let test = TestShop::open().await;
    test.adds_lamps(&guest(), 2).await.unwrap();
    test.wait(Duration::from_secs(24 * 60 * 60));
    assert_eq!(test.shop.carts.ask(ToCart(guest(), GetCart)).await.unwrap().item_count(), 0);
    assert_eq!(test.adds_lamps(&guest(), 1).await.unwrap().item_count(), 1);
}
