//! The orders of a user: their number, and their pages.

use actors::order::{CountOrders, DeliverOrder, ListOrders, PageOrders, ShipOrder};
use actors::shop::Shop;
use actors::tables::{Buyer, user_order_key};
use domain::list::ListPage;
use domain::order::{Order, OrderId, OrderStatus};
use domain::user::UserId;
use futures_util::future::join_all;
use uuid::Uuid;

use super::limits::buy;
use super::round::set_stock;
use crate::harness::{TestShop, author, eventually};

async fn count(test: &TestShop, user: UserId) -> u64 {
    test.shop.orders.ask(CountOrders { user, status: None }).await.unwrap()
}

async fn page(test: &TestShop, user: UserId, after: Option<u128>) -> ListPage<Order, OrderId> {
    let after = after.map(|id| OrderId(Uuid::from_u128(id)));
    test.shop.orders.ask(PageOrders { user, after, limit: 2 }).await.unwrap()
}

/// Stores orders with these ids, as an earlier version has stored them: without their number.
async fn store(test: &TestShop, order: &Order, ids: impl Iterator<Item = u128>) {
    let tables = &test.shop.tables;
    let mut batch = tables.batch(test.shop.clock.now());
    for id in ids.map(|id| OrderId(Uuid::from_u128(id))) {
        batch.put(&tables.orders, id, None, &Order { id, ..order.clone() }).unwrap();
        batch.put(&tables.user_orders, user_order_key(order.user, id), None, &id).unwrap();
    }
    tables.commit(batch).await.unwrap();
    let mut batch = tables.batch(test.shop.clock.now());
    // The payment ends with a commit of its own.
    let row = eventually(async || {
        let row = tables.buyers.get(order.user).await.unwrap().unwrap();
        Some(row).filter(|row| row.value.unpaid.is_empty())
    });
    let row = row.await;
    let uncounted = Buyer { orders: None, ..row.value };
    batch.put(&tables.buyers, order.user, Some(row.version), &uncounted).unwrap();
    tables.commit(batch).await.unwrap();
}

#[actix::test]
async fn orders_placed_at_once_on_two_nodes_are_all_counted() {
    let test = TestShop::open().await;
    let second_node = test.second_node().await;
    set_stock(&test, 1_000).await;
    let mut buyers = Vec::new();
    for number in 0..6 {
        buyers.push(test.buyer(&format!("ana {number}"), 1).await);
    }
    assert_eq!(count(&test, buyers[0]).await, 0);
    join_all(buyers.iter().flat_map(|user| [(user, &test.shop), (user, &second_node)]).map(
        async |(user, node)| {
            for number in 0..4 {
                // A checkout of the same user at the same time may have emptied the cart.
                let _ = buy(&test, node, *user, &format!("{number}-{:p}", node)).await;
            }
        },
    ))
    .await;
    for user in buyers {
        let list = ListOrders { user, status: None, after: None, limit: 100 };
        let placed = test.shop.orders.ask(list).await.unwrap().len() as u64;
        let row = test.shop.tables.buyers.get(user).await.unwrap().unwrap();
        assert_eq!((row.value.orders, count(&test, user).await), (Some(placed), placed));
        assert!(placed > 0);
    }
}

#[actix::test]
async fn orders_of_an_earlier_version_are_counted_once_and_then_with_each_commit() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 1).await;
    let placed = test.shop.orders.ask(test.order(ana, "k", 1)).await.unwrap();
    store(&test, &placed, 1..=1_200).await;
    let second_node = test.second_node().await;
    let counts = join_all(
        [&test.shop, &second_node]
            .map(|node| node.orders.ask(CountOrders { user: ana, status: None })),
    );
    assert_eq!(counts.await, [Ok(1_201), Ok(1_201)]);
    let row = async || test.shop.tables.buyers.get(ana).await.unwrap().unwrap();
    assert_eq!(row().await.value.orders, Some(1_201));
    let version = row().await.version;
    assert_eq!((count(&test, ana).await, row().await.version), (1_201, version));
    buy(&test, &second_node, ana, "k2").await.unwrap();
    assert_eq!(row().await.value.orders, Some(1_202));
}

#[actix::test]
async fn orders_are_listed_and_counted_by_their_status_through_every_change() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 1).await;
    let first = test.shop.orders.ask(test.order(ana, "k", 1)).await.unwrap();
    let first = test.await_status(&first, OrderStatus::Paid).await;
    let second = buy(&test, &test.shop, ana, "k2").await.unwrap();
    test.await_status(&second, OrderStatus::Paid).await;
    let bob = test.buyer("bob", 1).await;
    buy(&test, &test.shop, bob, "k").await.unwrap();
    let of = async |node: &Shop, status| {
        let list = ListOrders { user: ana, status: Some(status), after: None, limit: 100 };
        let listed = node.orders.ask(list).await.unwrap();
        assert!(listed.iter().all(|order| (order.user, order.status) == (ana, status)));
        let count = CountOrders { user: ana, status: Some(status) };
        assert_eq!(node.orders.ask(count).await.unwrap(), listed.len() as u64, "{status:?}");
        listed.len()
    };
    assert_eq!(of(&test.shop, OrderStatus::Paid).await, 2);
    test.shop.orders.ask(ShipOrder { order: first.id, by: author() }).await.unwrap();
    let states = [OrderStatus::Paid, OrderStatus::Shipped, OrderStatus::Delivered];
    let counts = async |node: &Shop| join_all(states.map(|status| of(node, status))).await;
    assert_eq!(counts(&test.shop).await, [1, 1, 0]);
    test.shop.orders.ask(DeliverOrder { order: first.id, by: author() }).await.unwrap();
    assert_eq!(counts(&test.shop).await, [1, 0, 1]);
    assert_eq!(count(&test, ana).await, 2);

    // An earlier version has stored neither the lists nor the numbers.
    let tables = &test.shop.tables;
    let mut batch = tables.batch(test.shop.clock.now());
    for (key, row) in tables.status_orders.all().await.unwrap() {
        batch.remove(&tables.status_orders, key, row.version);
    }
    let row = tables.order_index_version.get("all").await.unwrap().unwrap();
    batch.put(&tables.order_index_version, "all", Some(row.version), &1).unwrap();
    let row = tables.buyers.get(ana).await.unwrap().unwrap();
    let earlier = Buyer { by_status: None, ..row.value };
    batch.put(&tables.buyers, ana, Some(row.version), &earlier).unwrap();
    tables.commit(batch).await.unwrap();
    let second_node = test.second_node().await;
    assert_eq!(counts(&second_node).await, [1, 0, 1]);
}

#[actix::test]
async fn pages_of_orders_lead_to_each_other_and_keep_their_order() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 1).await;
    let placed = test.shop.orders.ask(test.order(ana, "k", 1)).await.unwrap();
    store(&test, &placed, 1..=4).await;
    let ids = |page: &ListPage<Order, OrderId>| -> Vec<_> {
        page.entries.iter().map(|order| order.id.0.as_u128()).collect()
    };
    let first = page(&test, ana, None).await;
    assert_eq!(ids(&first), [placed.id.0.as_u128(), 4]);
    assert_eq!((first.before, first.total, first.previous), (0, 5, None));
    let second = page(&test, ana, first.next.map(|id| id.0.as_u128())).await;
    assert_eq!((ids(&second), second.before, second.previous), (vec![3, 2], 2, None));
    let third = page(&test, ana, second.next.map(|id| id.0.as_u128())).await;
    assert_eq!((ids(&third), third.before, third.next), (vec![1], 4, None));
    assert_eq!(third.previous, Some(OrderId(Uuid::from_u128(4))));
    // The page after the last order is the last page.
    let last = page(&test, ana, Some(1)).await;
    assert_eq!((ids(&last), last.before, last.next), (vec![2, 1], 3, None));
    assert_eq!(last.previous, Some(placed.id));
}
