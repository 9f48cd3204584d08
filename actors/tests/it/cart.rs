//! Carts: parallel commands, failed commits, panics, passivation and expiry.

use std::time::Duration;

use actors::cart::registry::ToCart;
use actors::cart::{AddItem, CartReply, GetCart};
use actors::failure::Failure;
use actors::store::Store;
use actors::tables::codec::entry;
use domain::cart::{Cart, CartError, Owner};
use domain::event::Event;
use futures_util::StreamExt;
use futures_util::future::join_all;

use crate::harness::{TestShop, eventually, guest, lamps};

mod bounds;

/// How long a cart is kept after its last change.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Waits until no cart is active.
async fn await_passivation(test: &TestShop) {
    eventually(async || (test.shop.carts.observe().await?.active == 0).then_some(())).await;
}

/// Returns the last version of replies that must all be carts, each at a version of its own and
/// with none in between missing.
fn last_of_contiguous_versions(replies: impl IntoIterator<Item = CartReply>) -> u64 {
    let mut versions: Vec<_> = replies.into_iter().map(|reply| reply.unwrap().version).collect();
    versions.sort_unstable();
    assert!(versions.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{versions:?}");
    *versions.last().unwrap()
}

/// Returns the carts of an owner that the log has published, in order.
async fn published(test: &TestShop, owner: &Owner) -> Vec<Cart> {
    let last = test.store.last_event().await.unwrap();
    let log = test.store.tail(0).take(usize::try_from(last).unwrap());
    let events = log.map(|logged| entry(&logged.unwrap()).unwrap().event);
    let carts = events.filter_map(async |event| match event {
        Event::CartChanged { owner: changed, cart } if changed == *owner => Some(cart),
        _ => None,
    });
    carts.collect().await
}

#[actix::test]
async fn no_parallel_add_is_lost() {
    let test = TestShop::open().await;
    let ana = guest("ana");
    let adds = (0..99).map(|_| test.add_lamps(&ana, 1));
    let last_version = last_of_contiguous_versions(join_all(adds).await);
    let cart = test.cart(&ana).await;
    assert_eq!((cart.version, cart.item_count()), (last_version, 99));
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
    let last_version = last_of_contiguous_versions(first.into_iter().chain(second));
    for shop in [&test.shop, &second_node] {
        let cart = eventually(async || {
            let cart = shop.carts.ask(ToCart(ana.clone(), GetCart)).await.unwrap();
            (cart.version == last_version).then_some(cart)
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
    let cart = test.cart(&ana).await;
    assert_eq!((cart.version, cart.item_count()), (test.first_version(&ana) + 98, 99));
}

#[actix::test]
async fn a_cart_that_was_not_changed_for_a_day_is_empty_and_that_is_published_once() {
    let test = TestShop::open().await;
    let ana = guest("ana");
    let added = test.add_lamps(&ana, 2).await.unwrap();
    test.advance_clock(A_DAY);
    for _ in 0..2 {
        let cart = test.cart(&ana).await;
        assert_eq!((cart.version, cart.item_count()), (0, 0));
    }
    let published = published(&test, &ana).await;
    let last = published.last().unwrap();
    assert_eq!((published.len(), last.version, last.item_count()), (2, added.version + 1, 0));
    let row = test.shop.tables.carts.get(&ana).await.unwrap().unwrap();
    assert_eq!((row.version, row.value.version, row.value.item_count()), (2, 0, 0));
}

#[actix::test]
async fn no_version_of_the_key_of_a_cart_names_two_contents() {
    let test = TestShop::open().await;
    let ana = guest("ana");
    let mut versions = Vec::new();
    for units in 1..4 {
        test.add_lamps(&ana, units).await.unwrap();
        versions.push(test.shop.tables.carts.get(&ana).await.unwrap().unwrap().version);
        test.advance_clock(A_DAY);
    }
    assert_eq!(versions, [1, 3, 5]);
}

#[actix::test]
async fn the_store_forgets_an_expired_cart_of_an_owner_who_does_not_return() {
    let test = TestShop::open().await;
    let ana = guest("ana");
    test.add_lamps(&ana, 1).await.unwrap();
    test.advance_clock(A_DAY);
    assert_eq!(test.cart(&ana).await.item_count(), 0);
    test.advance_clock(A_DAY);
    assert_eq!(test.shop.tables.carts.get(&ana).await.unwrap().map(|row| row.version), None);
    assert_eq!(test.add_lamps(&ana, 1).await.unwrap().item_count(), 1);
}

#[actix::test]
async fn a_passivated_cart_expires_without_a_command() {
    let test = TestShop::open().await;
    let ana = guest("ana");
    test.add_lamps(&ana, 2).await.unwrap();
    test.advance_clock(Duration::from_secs(1));
    await_passivation(&test).await;
    test.advance_clock(A_DAY);
    let carts = eventually(async || Some(published(&test, &ana).await).filter(|all| all.len() > 1));
    assert_eq!(carts.await[1].item_count(), 0);
    await_passivation(&test).await;
}

#[actix::test]
async fn a_cart_that_two_nodes_have_in_memory_expires_once() {
    let test = TestShop::open().await;
    let second_node = test.second_node().await;
    let ana = guest("ana");
    test.add_lamps(&ana, 2).await.unwrap();
    let get = || second_node.carts.ask(ToCart(ana.clone(), GetCart));
    assert_eq!(get().await.unwrap().item_count(), 2);
    test.advance_clock(A_DAY);
    let (first, second) = tokio::join!(test.cart(&ana), get());
    assert_eq!((first.item_count(), second.unwrap().item_count()), (0, 0));
    assert_eq!(published(&test, &ana).await.len(), 2);
}

#[actix::test]
async fn a_new_cart_starts_above_every_version_that_its_owner_has_seen() {
    let test = TestShop::open().await;
    let ana = guest("ana");
    for _ in 0..3 {
        test.add_lamps(&ana, 1).await.unwrap();
        test.advance_clock(A_DAY);
    }
    let versions: Vec<_> =
        published(&test, &ana).await.into_iter().map(|cart| cart.version).collect();
    assert!(versions.len() >= 5 && versions.is_sorted_by(|one, next| one < next), "{versions:?}");
}

#[actix::test]
async fn a_command_for_a_version_of_an_expired_cart_is_refused() {
    let test = TestShop::open().await;
    let ana = guest("ana");
    let seen = test.add_lamps(&ana, 1).await.unwrap().version;
    test.advance_clock(A_DAY);
    let for_old_cart = AddItem { expected: Some(vec![seen]), ..lamps(1) };
    for _ in 0..2 {
        let reply = test.shop.carts.ask(ToCart(ana.clone(), for_old_cart.clone())).await;
        assert_eq!(reply, Err(Failure::Refused(CartError::VersionMismatch)));
        test.add_lamps(&ana, 1).await.unwrap();
    }
    test.advance_clock(A_DAY);
    let for_no_cart = AddItem { expected: Some(vec![0]), ..lamps(1) };
    assert!(test.shop.carts.ask(ToCart(ana.clone(), for_no_cart)).await.is_ok());
}
