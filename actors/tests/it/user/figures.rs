//! The figures of each user: orders and their sum, the last use, and the open sessions.

use std::time::Duration;

use actors::order::RefundOrder;
use actors::session::{EndSessions, OpenSession, SessionSelector};
use actors::tables::Buyer;
use actors::user::{DeleteUser, ReportUser};
use domain::money::Cents;
use domain::order::OrderStatus;
use domain::session::EndReason;
use domain::user::UserId;
use domain::user::report::UserReport;

use crate::harness::order::idempotency_key;
use crate::harness::{TestShop, author, client, eventually};

async fn report(test: &TestShop, user: UserId) -> UserReport {
    test.shop.users.ask(ReportUser(user)).await.unwrap()
}

/// Removes what an earlier version does not store of users.
async fn forget_figures(test: &TestShop, user: UserId) {
    let tables = &test.shop.tables;
    let mut batch = tables.batch(test.shop.clock.now());
    let buyer = tables.buyers.get(user).await.unwrap().unwrap();
    let earlier = Buyer { orders: None, spent: None, by_status: None, ..buyer.value };
    batch.put(&tables.buyers, user, Some(buyer.version), &earlier).unwrap();
    if let Some(index) = tables.user_index_version.get("all").await.unwrap() {
        batch.remove(&tables.user_index_version, "all", index.version);
    }
    for (key, row) in tables.user_words.all().await.unwrap() {
        batch.remove(&tables.user_words, key, row.version);
    }
    tables.commit(batch).await.unwrap();
}

#[actix::test]
async fn what_a_user_spends_is_counted_when_it_is_paid_and_until_it_is_refunded() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 2).await;
    let sums = async || {
        let UserReport { orders, spent, .. } = report(&test, ana).await;
        (orders, spent)
    };
    assert_eq!(sums().await, (0, Cents(0)));
    let placed = test.shop.orders.ask(test.order(ana, "k", 2)).await.unwrap();
    let paid = test.await_status(&placed, OrderStatus::Paid).await;
    assert_eq!(sums().await, (1, Cents(2_500)));

    // A store of an earlier version is counted when it is opened, and by a page if it was not.
    forget_figures(&test, ana).await;
    assert_eq!(sums().await, (1, Cents(2_500)));
    forget_figures(&test, ana).await;
    let _second_node = test.second_node().await;
    let buyer = test.shop.tables.buyers.get(ana).await.unwrap().unwrap().value;
    assert_eq!((buyer.orders, buyer.spent), (Some(1), Some(Cents(2_500))));
    // The names of the administrator and of the user.
    assert_eq!(test.shop.tables.user_words.count("").await.unwrap(), 2);

    let idempotency_key = idempotency_key("r", "r");
    let refund = RefundOrder { order: paid.id, idempotency_key, patience: None, by: author() };
    test.shop.orders.ask(refund).await.unwrap();
    eventually(async || (sums().await == (1, Cents(0))).then_some(())).await;
}

#[actix::test]
async fn a_user_is_seen_at_each_sign_in_and_stays_so_after_the_last_session() {
    let test = TestShop::open().await;
    let verified = test.user("ana").await;
    let ana = verified.user.id;
    let open = OpenSession { verified, client: client(None) };
    let seen = async || {
        let UserReport { last_seen_at, devices, .. } = report(&test, ana).await;
        (last_seen_at, devices)
    };
    assert_eq!(seen().await, (None, 0));
    let first = test.shop.clock.now();
    test.shop.sessions.ask(open.clone()).await.unwrap();
    assert_eq!(seen().await, (Some(first), 1));
    test.advance_clock(Duration::from_secs(120));
    let second = test.shop.clock.now();
    test.shop.sessions.ask(open).await.unwrap();
    assert_eq!(seen().await, (Some(second), 2));
    let (sessions, reason) = (SessionSelector::All, EndReason::SignedOut);
    test.shop.sessions.ask(EndSessions { user: ana, sessions, reason, with: None }).await.unwrap();
    assert_eq!(seen().await, (Some(second), 0));
    test.shop.users.ask(DeleteUser { user: ana, by: None }).await.unwrap();
    assert!(test.shop.tables.last_seen.get(ana).await.unwrap().is_none());
}
