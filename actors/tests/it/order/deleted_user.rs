//! Orders of deleted users.

use std::time::Duration;

use actors::failure::Failure;
use actors::order::{CancelOrder, DeliverOrder, ShipOrder};
use actors::user::DeleteUser;
use domain::cart::Owner;
use domain::order::{Order, OrderError, OrderStatus};

use crate::harness::bank::Reaction;
use crate::harness::{TestShop, author, eventually};

#[actix::test]
async fn an_order_of_a_deleted_user_becomes_anonymous_once_it_is_delivered() {
    let test = TestShop::open().await;
    let tables = &test.shop.tables;
    let ana = test.buyer("ana", 1).await;
    let placed = test.shop.orders.ask(test.order(ana, "k", 1)).await.unwrap();
    test.await_payment(&placed).await;
    test.add_lamps(&Owner::User(ana), 1).await.unwrap();
    test.shop.users.ask(DeleteUser { user: ana, by: None }).await.unwrap();
    assert!(tables.carts.get(Owner::User(ana)).await.unwrap().is_none());

    let stored = async || tables.orders.get(placed.id).await.unwrap().unwrap().value;
    let is_listed = async || tables.contact_orders.get(placed.id).await.unwrap().is_some();
    let second_node = test.second_node().await;
    test.shop.orders.ask(ShipOrder { order: placed.id, by: author() }).await.unwrap();
    eventually(async || is_listed().await.then_some(())).await;
    assert!(stored().await.contact.is_some());

    second_node.orders.ask(DeliverOrder { order: placed.id, by: author() }).await.unwrap();
    // A node looks for orders of deleted users as soon as it starts.
    let _third_node = test.second_node().await;
    eventually(async || (!is_listed().await).then_some(())).await;
    let current = test.await_payment(&placed).await;
    let anonymous = Order { status: OrderStatus::Delivered, contact: None, ..current };
    assert_eq!(stored().await, anonymous);
}

#[actix::test]
async fn the_orders_of_a_deleted_user_are_read_once_and_then_only_those_that_need_contact_data() {
    let test = TestShop::open().await;
    let tables = &test.shop.tables;
    let ana = test.buyer("ana", 1).await;
    let placed = test.shop.orders.ask(test.order(ana, "k", 1)).await.unwrap();
    test.await_payment(&placed).await;
    test.add_lamps(&Owner::User(ana), 1).await.unwrap();
    test.bank.script(&[Reaction::Decline]);
    let mut second = test.order(ana, "l", 1);
    second.checkout.cart_version = test.cart(&Owner::User(ana)).await.version;
    let declined = test.shop.orders.ask(second).await.unwrap();
    test.await_payment(&declined).await;
    let cancel = CancelOrder { user: ana, order: declined.id };
    test.shop.orders.ask(cancel).await.unwrap();
    test.shop.users.ask(DeleteUser { user: ana, by: None }).await.unwrap();

    let _second_node = test.second_node().await;
    eventually(async || tables.deleted_users.get(ana).await.unwrap().is_none().then_some(())).await;
    let listed = tables.contact_orders.all().await.unwrap();
    assert_eq!(listed.iter().map(|(_, row)| row.value).collect::<Vec<_>>(), [placed.id]);
    let contact = async |id| tables.orders.get(id).await.unwrap().unwrap().value.contact;
    assert!(contact(placed.id).await.is_some() && contact(declined.id).await.is_none());
}

#[actix::test]
async fn an_unpaid_order_of_a_deleted_user_returns_to_stock_and_to_no_cart() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 4).await;
    test.bank.script(&[Reaction::Decline]);
    let placed = test.shop.orders.ask(test.order(ana, "k", 4)).await.unwrap();
    test.await_payment(&placed).await;
    test.shop.users.ask(DeleteUser { user: ana, by: None }).await.unwrap();
    test.advance_clock(Duration::from_secs(15 * 60));
    test.await_status(&placed, OrderStatus::Expired).await;
    assert_eq!(test.stock(), (10, 0));
    assert!(test.shop.tables.carts.get(Owner::User(ana)).await.unwrap().is_none());
}

#[actix::test]
async fn a_deleted_user_cannot_place_an_order() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 1).await;
    test.shop.users.ask(DeleteUser { user: ana, by: None }).await.unwrap();
    let refused = test.shop.orders.ask(test.order(ana, "k", 1)).await;
    assert_eq!(refused, Err(Failure::Refused(OrderError::NoBuyer)));
}
