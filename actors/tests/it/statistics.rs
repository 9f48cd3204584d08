//! The statistics: whatever happens to their actor, they are those of the orders.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actors::order::{CancelOrder, RefundOrder, ShipOrder};
use actors::rules::Rules;
use actors::shop::Shop;
use actors::statistics::StatisticsState;
use actors::store::EventId;
use domain::order::{Order, OrderId, OrderStatus};
use domain::payment::PaymentStatus;
use domain::statistics::bucket::{Bucket, Series};
use domain::statistics::standing::Standing;
use domain::statistics::{Counts, Recount, Totals};
use futures_util::future::join_all;
use jiff::SignedDuration;
use uuid::Uuid;

use crate::harness::bank::Reaction;
use crate::harness::order::idempotency_key;
use crate::harness::store::CountingFault;
use crate::harness::{TestShop, author, eventually, rules};

/// What can be computed from the orders too: their states, what was placed, paid and refunded, and
/// when it was placed.
#[derive(Debug, PartialEq, Eq)]
struct Computable {
    standing: Standing,
    orders: [u64; 3],
    cents: [u64; 2],
    placed: BTreeMap<Bucket, u64>,
}

fn computable(counts: &Counts) -> Computable {
    let ever = counts.totals.ever;
    let placed = counts.buckets.iter().map(|(bucket, sums)| (*bucket, sums.placed));
    Computable {
        standing: counts.totals.standing,
        orders: [ever.placed, ever.paid, ever.refunded],
        cents: [ever.paid_cents, ever.refunded_cents],
        placed: placed.filter(|(_, placed)| *placed > 0).collect(),
    }
}

/// Returns the counts of a node once it has counted every event.
async fn counted(node: &Shop) -> Arc<Counts> {
    let last = node.tables.store.last_event().await.unwrap();
    eventually(async || {
        node.tick();
        let counts = node.counts.get();
        (counts.totals.position >= last).then_some(counts)
    })
    .await
}

/// Checks that a node counts, and has stored, what can be computed from the orders.
async fn counts_are_right(test: &TestShop, node: &Shop) -> Arc<Counts> {
    let counts = counted(node).await;
    let tables = &test.shop.tables;
    let mut expected = Counts::default();
    for (_, row) in tables.orders.all().await.unwrap() {
        expected.recount(&row.value, None, node.clock.now());
    }
    assert_eq!(computable(&counts), computable(&expected));
    let stored = tables.statistics.get("all").await.unwrap().unwrap().value;
    assert_eq!((stored.ever, stored.standing), (counts.totals.ever, counts.totals.standing));
    let rows = tables.statistics_buckets.all().await.unwrap();
    let rows: BTreeMap<_, _> =
        rows.into_iter().map(|(key, row)| (key.parse().unwrap(), row.value)).collect();
    assert_eq!(rows, counts.buckets);
    counts
}

/// Places the order of a new user, and returns it once the bank has reacted.
async fn buys(test: &TestShop, name: &str, reaction: Reaction) -> Order {
    let ana = test.buyer(name, 1).await;
    test.bank.script(&[reaction]);
    let order = test.shop.orders.ask(test.order(ana, name, 1)).await.unwrap();
    test.await_payment(&order).await
}

#[actix::test]
async fn orders_are_counted_by_status_and_money_by_payment_and_refund() {
    let test = TestShop::open().await;
    let paid = buys(&test, "ana", Reaction::Approve).await;
    let shipped = buys(&test, "bela", Reaction::Approve).await;
    test.shop.orders.ask(ShipOrder { order: shipped.id, by: author() }).await.unwrap();
    let declined = buys(&test, "cora", Reaction::Decline).await;
    assert_eq!(declined.payment.status, PaymentStatus::Declined);
    test.advance_clock(Duration::from_secs(60));
    let idempotency_key = idempotency_key("refund", "");
    let refund = RefundOrder { order: paid.id, idempotency_key, patience: None, by: author() };
    test.shop.orders.ask(refund).await.unwrap();
    test.await_status(&paid, OrderStatus::Refunded).await;
    let counts = counts_are_right(&test, &test.shop).await;
    let standing = counts.totals.standing;
    assert_eq!((standing.to_ship, standing.declined, standing.refunding), (0, 1, 0));
    assert_eq!((standing.orders.shipped, standing.orders.refunded), (1, 1));
    let minutes: Vec<_> = counts.last(Series::Minute, 2, test.shop.clock.now());
    assert_eq!((minutes[0].1.paid_cents, minutes[0].1.refunded_cents), (2_500, 0));
    assert_eq!((minutes[1].1.paid_cents, minutes[1].1.refunded_cents), (0, 1_250));
    assert_eq!((minutes[0].1.approved.count, minutes[0].1.declined.count), (2, 1));
    let state: StatisticsState = test.shop.statistics.observe().await.unwrap();
    assert_eq!(state, StatisticsState { position: counts.totals.position, is_recounting: false });
}

#[actix::test]
async fn two_nodes_on_one_store_count_each_event_once_and_both_show_all_of_them() {
    let test = TestShop::open().await;
    let second_node = test.second_node().await;
    for number in 0..5 {
        let reaction = [Reaction::Approve, Reaction::Decline][number % 2];
        let order = buys(&test, &format!("ana {number}"), reaction).await;
        if number == 3 {
            let cancel = CancelOrder { user: order.user, order: order.id };
            second_node.orders.ask(cancel).await.unwrap();
        }
    }
    let first = counts_are_right(&test, &test.shop).await;
    let second = counts_are_right(&test, &second_node).await;
    assert_eq!(first.totals.ever.placed, 5);
    assert_eq!(first.buckets, second.buckets);
}

#[actix::test]
async fn the_orders_of_an_earlier_version_are_counted_while_others_are_placed() {
    let test = TestShop::open().await;
    let order = buys(&test, "ana", Reaction::Approve).await;
    counted(&test.shop).await;
    test.store.fail_counting(&[CountingFault::Refuse; 100]);
    let tables = &test.shop.tables;
    let mut batch = tables.batch(test.shop.clock.now());
    for number in 1..=1_000_u32 {
        let id = OrderId(Uuid::from_u128(number.into()));
        let created_at = order.created_at - SignedDuration::from_hours(i64::from(number));
        let earlier = Order { id, created_at, ..order.clone() };
        batch.put(&tables.orders, id, None, &earlier).unwrap();
    }
    let row = tables.statistics.get("all").await.unwrap().unwrap();
    let position = tables.store.last_event().await.unwrap();
    let recounts = row.value.recounts + 1;
    let recount = Recount::UpTo(None);
    let totals = Totals { position, recounts, recount, ..Totals::default() };
    batch.put(&tables.statistics, "all", Some(row.version), &totals).unwrap();
    for (key, row) in tables.statistics_buckets.all().await.unwrap() {
        batch.remove(&tables.statistics_buckets, key, row.version);
    }
    for (key, row) in tables.counted_orders.all().await.unwrap() {
        batch.remove(&tables.counted_orders, key, row.version);
    }
    tables.commit(batch).await.unwrap();
    let second_node = test.second_node().await;
    test.store.let_count();
    join_all(
        (0..4).map(async |number| buys(&test, &format!("bela {number}"), Reaction::Approve).await),
    )
    .await;
    for node in [&second_node, &test.shop] {
        let counts = counts_are_right(&test, node).await;
        assert_eq!(counts.totals.ever.placed, 1_005);
    }
}

#[actix::test]
async fn what_happened_in_events_that_the_log_has_dropped_is_counted_from_the_orders() {
    let test = TestShop::open_with(Rules { events_max: 30, ..rules() }).await;
    let order = buys(&test, "ana", Reaction::Approve).await;
    let before: EventId = counted(&test.shop).await.totals.position;
    test.store.fail_counting(&[CountingFault::Refuse; 1_000]);
    test.shop.orders.ask(ShipOrder { order: order.id, by: author() }).await.unwrap();
    for number in 0..6 {
        buys(&test, &format!("bela {number}"), Reaction::Approve).await;
    }
    assert!(test.shop.tables.store.last_event().await.unwrap() > before + 30);
    test.store.let_count();
    let counts = counts_are_right(&test, &test.shop).await;
    assert_eq!((counts.totals.ever.paid, counts.totals.standing.orders.shipped), (7, 1));
}

#[actix::test]
async fn a_panic_or_a_lost_answer_of_the_store_loses_nothing_and_counts_nothing_twice() {
    let test = TestShop::open().await;
    let faults = [CountingFault::LoseAnswer, CountingFault::Panic, CountingFault::Refuse];
    for (number, fault) in faults.into_iter().cycle().take(9).enumerate() {
        test.store.fail_counting(&[fault]);
        buys(&test, &format!("ana {number}"), Reaction::Approve).await;
        let counts = counts_are_right(&test, &test.shop).await;
        assert_eq!(counts.totals.ever.approved.count, number as u64 + 1);
    }
}

#[actix::test]
async fn a_step_of_the_clock_removes_no_bucket_and_old_ones_are_removed_in_time() {
    let test = TestShop::open().await;
    buys(&test, "ana", Reaction::Approve).await;
    let first = test.shop.clock.now();
    counts_are_right(&test, &test.shop).await;
    let year = SignedDuration::from_hours(400 * 24);
    test.clock.step(year);
    buys(&test, "bela", Reaction::Approve).await;
    counted(&test.shop).await;
    test.clock.step(-year);
    buys(&test, "cora", Reaction::Approve).await;
    let counts = counts_are_right(&test, &test.shop).await;
    assert_eq!(counts.of(Series::Minute.bucket(first)).placed, 2);
    assert_eq!(counts.of(Series::Minute.bucket(first + year)).placed, 1);

    test.advance_clock(Duration::from_secs(2 * 3_600));
    buys(&test, "dino", Reaction::Approve).await;
    let counts = counts_are_right(&test, &test.shop).await;
    assert!(!counts.buckets.contains_key(&Series::Minute.bucket(first)));
    assert_eq!(counts.of(Series::Hour.bucket(first)).placed, 2);
    assert_eq!(counts.totals.ever.placed, 4);
}
