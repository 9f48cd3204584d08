//! Orders and their payments.

use std::sync::atomic::Ordering;
use std::time::Duration;

use actors::ask::Failure;
use actors::cart::{GetCart, ToCart};
use actors::order::{
    AwaitPayment, CancelOrder, DeliverOrder, GetOrder, IdempotencyKey, PayAgain, RefundOrder,
    ShipOrder,
};
use actors::tables::entry;
use actors::user::DeleteUser;
use domain::cart::Owner;
use domain::event::Event;
use domain::order::{Order, OrderError, OrderStatus};
use domain::payment::PaymentStatus;
use futures_util::StreamExt;
use futures_util::future::join_all;

use crate::harness::{TestShop, Told, order, until};

/// The longest that the desk leaves the bank alone.
const LONGEST_PAUSE: Duration = Duration::from_secs(40);

async fn decided(test: &TestShop, order: &Order) -> Order {
    let patience = Duration::from_secs(5);
    test.shop
        .orders
        .ask(AwaitPayment { user: order.user, order: order.id, patience })
        .await
        .unwrap()
}

async fn becomes(test: &TestShop, order: &Order, status: OrderStatus) -> Order {
    until(async || {
        let order =
            test.shop.orders.ask(GetOrder { user: order.user, order: order.id }).await.unwrap();
        (order.status == status).then_some(order)
    })
    .await
}

#[actix::test]
async fn an_order_reserves_is_paid_and_sells() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 3).await;
    let placed = test.shop.orders.ask(order(ana, "k", 3)).await.unwrap();
    let cart = test.shop.carts.ask(ToCart(Owner::User(ana), GetCart)).await.unwrap();
    assert_eq!((cart.version, cart.item_count()), (2, 0));
    assert_eq!(decided(&test, &placed).await.status, OrderStatus::Paid);
    assert_eq!((test.lamp().on_hand, test.lamp().reserved), (7, 0));
    assert_eq!(test.bank.charged().len(), 1);
}

#[actix::test]
async fn the_same_request_and_the_same_cart_give_the_first_order() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 3).await;
    let orders =
        join_all(["k", "k", "other"].map(|key| test.shop.orders.ask(order(ana, key, 3)))).await;
    let ids: Vec<_> = orders.iter().map(|order| order.as_ref().unwrap().id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    let reused = test.shop.orders.ask(order(ana, "k", 4)).await;
    assert_eq!(reused, Err(Failure::Refused(OrderError::KeyReused)));
    decided(&test, orders[0].as_ref().unwrap()).await;
    assert_eq!(test.bank.charged().len(), 1);
}

#[actix::test]
async fn twelve_buyers_of_ten_lamps_get_ten() {
    let test = TestShop::open().await;
    let names: Vec<_> = (0..12).map(|number| format!("buyer {number}")).collect();
    let buyers = join_all(names.iter().map(|name| test.buyer(name, 1))).await;
    let orders =
        join_all(buyers.iter().map(|buyer| test.shop.orders.ask(order(*buyer, "k", 1)))).await;
    let placed: Vec<_> = orders.into_iter().flatten().collect();
    assert_eq!(placed.len(), 10);
    for order in &placed {
        assert_eq!(decided(&test, order).await.status, OrderStatus::Paid);
    }
    assert_eq!((test.lamp().on_hand, test.lamp().reserved), (0, 0));
}

#[actix::test]
async fn a_thousand_buyers_of_ten_lamps_pay_for_ten() {
    let test = TestShop::open().await;
    let kinds = [Told::Approve, Told::Decline, Told::Decline, Told::Late];
    test.bank.will(
        &(0..1_000_u32)
            .map(|call| kinds[(call.wrapping_mul(2_654_435_761) >> 30) as usize])
            .collect::<Vec<_>>(),
    );
    let mut buyers = Vec::new();
    for number in 0..1_000 {
        buyers.push(test.buyer(&format!("buyer {number}"), 1).await);
    }
    let buys = async |buyer| loop {
        match test.shop.orders.ask(order(buyer, "k", 1)).await {
            Ok(placed) if decided(&test, &placed).await.status == OrderStatus::Paid => return true,
            Ok(placed) => {
                test.shop.orders.ask(CancelOrder { user: buyer, order: placed.id }).await.unwrap();
                return false;
            }
            Err(Failure::Refused(OrderError::Stock(_))) if test.lamp().on_hand == 0 => {
                return false;
            }
            Err(Failure::Refused(OrderError::Stock(_))) => {
                tokio::time::sleep(Duration::from_millis(20)).await
            }
            Err(failure) => panic!("{failure}"),
        }
    };
    let paid =
        join_all(buyers.into_iter().map(buys)).await.into_iter().filter(|paid| *paid).count();
    assert_eq!((paid, test.bank.charged().len()), (10, 10));
    assert_eq!((test.lamp().on_hand, test.lamp().reserved), (0, 0));

    let last = test.shop.tables.store.last_event().await.unwrap();
    let log = test.shop.tables.store.tail(0).take(usize::try_from(last).unwrap());
    let told: Vec<_> = log.map(|logged| entry(&logged.unwrap()).unwrap().event).collect().await;
    let lamps = told.iter().filter_map(|event| match event {
        Event::ArticleChanged(lamp) => Some((lamp.on_hand, lamp.reserved)),
        _ => None,
    });
    let counts: Vec<_> = lamps.collect();
    assert!(
        counts.len() > 30 && counts.iter().all(|(on_hand, reserved)| reserved <= on_hand),
        "{counts:?}"
    );
}

#[actix::test]
async fn a_lost_answer_is_asked_for_again_and_charged_once() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 1).await;
    test.bank.will(&[Told::LoseAnswer, Told::Panic]);
    let placed = test.shop.orders.ask(order(ana, "k", 1)).await.unwrap();
    assert_eq!(decided(&test, &placed).await.payment.status, PaymentStatus::Unknown);
    for _ in 0..2 {
        let calls = test.bank.calls.load(Ordering::SeqCst);
        test.wait(LONGEST_PAUSE);
        until(async || (test.bank.calls.load(Ordering::SeqCst) > calls).then_some(())).await;
        until(async || (test.shop.orders.observe().await?["calling"] == 0).then_some(())).await;
    }
    becomes(&test, &placed, OrderStatus::Paid).await;
    assert_eq!(test.bank.charged(), [format!("{}-1", placed.id)]);
}

#[actix::test]
async fn a_declined_payment_is_tried_again_with_another_key() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 1).await;
    test.bank.will(&[Told::Decline]);
    let placed = test.shop.orders.ask(order(ana, "k", 1)).await.unwrap();
    assert_eq!(decided(&test, &placed).await.payment.status, PaymentStatus::Declined);
    let idempotency_key = IdempotencyKey { key: "again".into(), fingerprint: String::new() };
    for _ in 0..2 {
        test.shop
            .orders
            .ask(PayAgain { user: ana, order: placed.id, idempotency_key: idempotency_key.clone() })
            .await
            .unwrap();
    }
    assert_eq!(decided(&test, &placed).await.status, OrderStatus::Paid);
    assert_eq!(test.bank.charged(), [format!("{}-2", placed.id)]);
}

#[actix::test]
async fn an_unpaid_order_expires_and_its_goods_go_back() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 4).await;
    test.bank.will(&[Told::Decline]);
    let placed = test.shop.orders.ask(order(ana, "k", 4)).await.unwrap();
    decided(&test, &placed).await;
    assert_eq!(test.lamp().reserved, 4);
    test.wait(Duration::from_secs(15 * 60));
    becomes(&test, &placed, OrderStatus::Expired).await;
    assert_eq!(test.lamp().reserved, 0);
    assert_eq!(
        test.shop.carts.ask(ToCart(Owner::User(ana), GetCart)).await.unwrap().item_count(),
        4
    );
}

#[actix::test]
async fn an_order_called_off_before_the_bank_was_heard_is_paid_back_if_it_has_charged() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 2).await;
    test.bank.will(&[Told::LoseAnswer]);
    let placed = test.shop.orders.ask(order(ana, "k", 2)).await.unwrap();
    assert_eq!(decided(&test, &placed).await.payment.status, PaymentStatus::Unknown);
    for _ in 0..2 {
        let wish = test.shop.orders.ask(CancelOrder { user: ana, order: placed.id }).await.unwrap();
        assert_eq!((wish.status, wish.called_off), (OrderStatus::PendingPayment, true));
    }
    test.wait(LONGEST_PAUSE);
    let paid = becomes(&test, &placed, OrderStatus::Paid).await;
    assert!(paid.is_to_be_paid_back());
    test.wait(LONGEST_PAUSE);
    becomes(&test, &placed, OrderStatus::Refunded).await;
    assert_eq!((test.lamp().on_hand, test.lamp().reserved), (10, 0));
    assert!(test.bank.charged().is_empty());
}

#[actix::test]
async fn a_refund_that_the_bank_did_not_answer_is_asked_for_again() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 2).await;
    let placed = test.shop.orders.ask(order(ana, "k", 2)).await.unwrap();
    decided(&test, &placed).await;
    test.bank.will(&[Told::LoseAnswer]);
    let wish = test.shop.orders.ask(RefundOrder(placed.id)).await.unwrap();
    assert!(wish.is_to_be_paid_back());
    assert_eq!(decided(&test, &placed).await.status, OrderStatus::Paid);
    let shipped = test.shop.orders.ask(ShipOrder(placed.id)).await;
    assert!(matches!(shipped, Err(Failure::Refused(OrderError::WrongState { .. }))));
    let neighbour = test.neighbour().await;
    test.wait(LONGEST_PAUSE);
    becomes(&test, &placed, OrderStatus::Refunded).await;
    neighbour.orders.ask(RefundOrder(placed.id)).await.unwrap();
    assert_eq!(test.lamp().on_hand, 10);
    assert!(test.bank.charged().is_empty());
}

#[actix::test]
async fn a_refund_pays_back_once_and_restocks() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 2).await;
    let placed = test.shop.orders.ask(order(ana, "k", 2)).await.unwrap();
    decided(&test, &placed).await;
    for _ in 0..2 {
        test.shop.orders.ask(RefundOrder(placed.id)).await.unwrap();
        assert_eq!(decided(&test, &placed).await.status, OrderStatus::Refunded);
    }
    assert_eq!(test.lamp().on_hand, 10);
    assert!(test.bank.charged().is_empty());
}

#[actix::test]
async fn orders_of_a_deleted_user_are_anonymous_as_soon_as_they_have_arrived() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 1).await;
    let placed = test.shop.orders.ask(order(ana, "k", 1)).await.unwrap();
    decided(&test, &placed).await;
    test.adds_lamps(&Owner::User(ana), 1).await.unwrap();
    test.shop.users.ask(DeleteUser(ana)).await.unwrap();
    assert!(test.shop.tables.carts.get(Owner::User(ana)).await.unwrap().is_none());
    let stored = async || test.shop.tables.orders.get(placed.id).await.unwrap().unwrap().value;
    let is_forgotten = async || test.shop.tables.deleted_users.get(ana).await.unwrap().is_none();
    let neighbour = test.neighbour().await;
    test.shop.orders.ask(ShipOrder(placed.id)).await.unwrap();
    assert!(!is_forgotten().await && stored().await.contact.is_some());
    neighbour.orders.ask(DeliverOrder(placed.id)).await.unwrap();
    let _sweeps_as_it_opens = test.neighbour().await;
    until(async || is_forgotten().await.then_some(())).await;
    assert_eq!(
        stored().await,
        Order { status: OrderStatus::Delivered, contact: None, ..decided(&test, &placed).await }
    );
}

#[actix::test]
async fn what_a_deleted_user_did_not_pay_for_goes_back_to_the_stock_alone() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 4).await;
    test.bank.will(&[Told::Decline]);
    let placed = test.shop.orders.ask(order(ana, "k", 4)).await.unwrap();
    decided(&test, &placed).await;
    test.shop.users.ask(DeleteUser(ana)).await.unwrap();
    test.wait(Duration::from_secs(15 * 60));
    becomes(&test, &placed, OrderStatus::Expired).await;
    assert_eq!((test.lamp().on_hand, test.lamp().reserved), (10, 0));
    assert!(test.shop.tables.carts.get(Owner::User(ana)).await.unwrap().is_none());
}

#[actix::test]
async fn a_deleted_user_buys_nothing_more() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 1).await;
    test.shop.users.ask(DeleteUser(ana)).await.unwrap();
    assert_eq!(
        test.shop.orders.ask(order(ana, "k", 1)).await,
        Err(Failure::Refused(OrderError::NoBuyer))
    );
}

#[actix::test]
async fn an_order_desk_that_died_goes_on_where_it_was() {
    let test = TestShop::open().await;
    let (ana, bob) = (test.buyer("ana", 1).await, test.buyer("bob", 1).await);
    test.bank.will(&[Told::LoseAnswer]);
    let placed = test.shop.orders.ask(order(ana, "k", 1)).await.unwrap();
    decided(&test, &placed).await;
    test.store.panic_once();
    assert!(matches!(test.shop.orders.ask(order(bob, "k", 1)).await, Err(Failure::Unavailable(_))));
    test.shop.revive();
    test.wait(Duration::from_secs(2));
    becomes(&test, &placed, OrderStatus::Paid).await;
    let again = test.shop.orders.ask(order(bob, "k", 1)).await.unwrap();
    assert_eq!(decided(&test, &again).await.status, OrderStatus::Paid);
    assert_eq!(test.lamp().on_hand, 8);
}
