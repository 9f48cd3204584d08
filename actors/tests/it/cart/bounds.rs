//! What bounds carts: how many are in memory, and how long those of guests are kept.

use std::time::Duration;

use actors::cart::ClearCart;
use actors::cart::registry::ToCart;
use actors::rules::Rules;
use domain::cart::lifetimes::CartLifetimes;
use domain::cart::{Cart, Owner};
use futures_util::future::join_all;

use super::{A_DAY, published};
use crate::harness::{TestShop, eventually, guest, lamps, rules};

const HOUR: Duration = Duration::from_secs(3_600);

/// Opens a shop with few carts in memory, none of which becomes idle.
async fn shop_with_carts_in_memory(most: usize) -> TestShop {
    let rules = Rules { carts_in_memory: most, cart_sleep_after: A_DAY, ..rules() };
    TestShop::open_with(rules).await
}

async fn active_carts(test: &TestShop) -> usize {
    test.shop.carts.observe().await.unwrap().active
}

#[actix::test]
async fn no_more_carts_are_in_memory_than_the_limit_and_none_is_lost() {
    let test = shop_with_carts_in_memory(10).await;
    for number in 0..200 {
        test.add_lamps(&guest(&number.to_string()), 1).await.unwrap();
        assert!(active_carts(&test).await <= 10);
    }
    assert_eq!(active_carts(&test).await, 10);
    for number in 0..200 {
        assert_eq!(test.cart(&guest(&number.to_string())).await.item_count(), 1, "{number}");
    }
}

#[actix::test]
async fn the_cart_that_was_not_used_for_the_longest_time_is_passivated_first() {
    let test = shop_with_carts_in_memory(2).await;
    let [ana, bob, eve] = ["ana", "bob", "eve"].map(guest);
    for owner in [&ana, &bob, &ana, &eve] {
        test.add_lamps(owner, 1).await.unwrap();
    }
    let reads = test.store.reads();
    test.cart(&ana).await;
    test.cart(&eve).await;
    assert_eq!(test.store.reads(), reads, "both carts are in memory");
    test.cart(&bob).await;
    assert!(test.store.reads() > reads);
}

#[actix::test]
async fn a_cart_that_is_passivated_for_another_loses_no_command() {
    let test = shop_with_carts_in_memory(2).await;
    let owners: Vec<_> = (0..20).map(|number| guest(&number.to_string())).collect();
    let adds = (0..20).flat_map(|_| &owners).map(|owner| test.add_lamps(owner, 1));
    assert!(join_all(adds).await.iter().all(Result::is_ok));
    for owner in &owners {
        assert_eq!(test.cart(owner).await.item_count(), 20);
    }
    eventually(async || (active_carts(&test).await <= 2).then_some(())).await;
}

#[actix::test]
async fn clearing_a_cart_that_does_not_exist_stores_nothing() {
    let test = TestShop::open().await;
    let clear = ToCart(guest("ana"), ClearCart { expected: None });
    assert_eq!(test.shop.carts.ask(clear).await.unwrap().version, 0);
    assert_eq!(published(&test, &guest("ana")).await, []);
    assert!(test.shop.tables.carts.all().await.unwrap().is_empty());
}

/// Opens a shop that keeps the carts of guests for two hours.
async fn shop_with_guests() -> TestShop {
    let carts = CartLifetimes { user: A_DAY, guest: 2 * HOUR };
    TestShop::open_with(Rules { carts, ..rules() }).await
}

/// Waits until the log has published that a cart has expired.
async fn await_expiry(test: &TestShop, owner: &Owner) {
    let is_empty = |cart: &Cart| cart.item_count() == 0;
    eventually(async || published(test, owner).await.last().filter(|last| is_empty(last)).cloned())
        .await;
}

#[actix::test]
async fn the_cart_of_a_guest_expires_two_hours_after_its_last_change_and_that_of_a_user_does_not() {
    let test = shop_with_guests().await;
    let ana = Owner::User(test.buyer("ana", 1).await);
    let bob = guest("bob");
    test.add_lamps(&bob, 1).await.unwrap();
    test.advance_clock(HOUR);
    test.add_lamps(&bob, 1).await.unwrap();
    test.advance_clock(HOUR);
    assert_eq!(test.cart(&bob).await.item_count(), 2);
    test.advance_clock(HOUR);
    await_expiry(&test, &bob).await;
    assert_eq!((test.cart(&bob).await.version, test.cart(&ana).await.item_count()), (0, 1));
}

#[actix::test]
async fn a_cart_of_a_guest_that_an_earlier_version_stored_for_a_day_expires_as_early() {
    let test = shop_with_guests().await;
    let bob = guest("bob");
    let added = test.shop.carts.ask(ToCart(bob.clone(), lamps(1))).await.unwrap();
    test.advance_clock(Duration::from_secs(1));
    eventually(async || (active_carts(&test).await == 0).then_some(())).await;
    let older = Cart { expires_at: added.expires_at + 22 * HOUR, ..added };
    let mut batch = test.shop.tables.batch(jiff::Timestamp::UNIX_EPOCH);
    batch.put(&test.shop.tables.carts, &bob, Some(1), &older).unwrap();
    test.shop.tables.commit(batch).await.unwrap();
    test.advance_clock(HOUR);
    assert_eq!(test.cart(&bob).await.item_count(), 1);
    test.advance_clock(HOUR);
    await_expiry(&test, &bob).await;
}
