//! Checkouts: stock is reserved once and sold once, however many buyers order at the same time.

use std::time::Duration;

use actors::failure::Failure;
use actors::order::CancelOrder;
use actors::tables::codec::entry;
use domain::cart::Owner;
use domain::event::Event;
use domain::order::{OrderError, OrderStatus};
use domain::user::UserId;
use futures_util::StreamExt;
use futures_util::future::join_all;

use crate::harness::TestShop;
use crate::harness::bank::Reaction;

#[actix::test]
async fn a_checkout_empties_the_cart_and_the_payment_sells_the_stock() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 3).await;
    let placed = test.shop.orders.ask(test.order(ana, "k", 3)).await.unwrap();
    let cart = test.cart(&Owner::User(ana)).await;
    assert_eq!((cart.version, cart.item_count()), (placed.cart_version + 1, 0));
    assert_eq!(test.await_payment(&placed).await.status, OrderStatus::Paid);
    assert_eq!(test.stock(), (7, 0));
    assert_eq!(test.bank.charged().len(), 1);
}

#[actix::test]
async fn ten_of_twelve_buyers_get_one_of_ten_lamps() {
    let test = TestShop::open().await;
    let names: Vec<_> = (0..12).map(|number| format!("buyer {number}")).collect();
    let buyers = join_all(names.iter().map(|name| test.buyer(name, 1))).await;
    let orders = buyers.iter().map(|buyer| test.shop.orders.ask(test.order(*buyer, "k", 1)));
    let placed: Vec<_> = join_all(orders).await.into_iter().flatten().collect();
    assert_eq!(placed.len(), 10);
    for order in &placed {
        assert_eq!(test.await_payment(order).await.status, OrderStatus::Paid);
    }
    assert_eq!(test.stock(), (0, 0));
}

#[actix::test]
async fn ten_of_a_thousand_buyers_pay_for_ten_lamps() {
    let test = TestShop::open_for_a_thousand().await;
    test.bank.script(&mixed_reactions(1_000));
    let mut buyers = Vec::new();
    for number in 0..1_000 {
        buyers.push(test.buyer(&format!("buyer {number}"), 1).await);
    }
    let purchases = join_all(buyers.into_iter().map(|buyer| try_to_buy(&test, buyer))).await;
    let paid = purchases.into_iter().filter(|paid| *paid).count();
    assert_eq!((paid, test.bank.charged().len()), (10, 10));
    assert_eq!(test.stock(), (0, 0));

    let stocks = published_stocks(&test).await;
    assert!(stocks.len() > 30, "{stocks:?}");
    assert!(stocks.iter().all(|(on_hand, reserved)| reserved <= on_hand), "{stocks:?}");
}

/// Returns a mix of approved, declined and late charges, the same in every run.
fn mixed_reactions(calls: u32) -> Vec<Reaction> {
    let reactions =
        [Reaction::Approve, Reaction::Decline, Reaction::Decline, Reaction::ApproveLate];
    // Fibonacci hashing (Knuth): the two highest bits of the product select a reaction.
    let select = |call: u32| reactions[(call.wrapping_mul(2_654_435_761) >> 30) as usize];
    (0..calls).map(select).collect()
}

/// Orders a lamp until the order is placed or no lamp is left, cancels it if the payment is
/// declined, and returns whether it was paid.
async fn try_to_buy(test: &TestShop, buyer: UserId) -> bool {
    loop {
        match test.shop.orders.ask(test.order(buyer, "k", 1)).await {
            Ok(placed) if test.await_payment(&placed).await.status == OrderStatus::Paid => {
                return true;
            }
            Ok(placed) => {
                let cancel = CancelOrder { user: buyer, order: placed.id };
                test.shop.orders.ask(cancel).await.unwrap();
                return false;
            }
            Err(Failure::Refused(OrderError::Stock(_))) if test.stock().0 == 0 => return false,
            Err(Failure::Refused(OrderError::Stock(_))) => {
                // Another order has reserved the last lamp, and may still be cancelled.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(failure) => panic!("{failure}"),
        }
    }
}

/// Returns the stock of lamps, on hand and reserved, after each of its changes in the log.
async fn published_stocks(test: &TestShop) -> Vec<(u32, u32)> {
    let store = &test.shop.tables.store;
    let last_event = store.last_event().await.unwrap();
    let log = store.tail(0).take(usize::try_from(last_event).unwrap());
    let stocks = log.filter_map(async |logged| match entry(&logged.unwrap()).unwrap().event {
        Event::ArticleChanged(lamp) => Some((lamp.on_hand, lamp.reserved)),
        _ => None,
    });
    stocks.collect().await
}
