//! A property test of the counts: however the log and the stored orders are read, and however often
//! an event is counted again, the counts are those of the orders.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use super::Counts;
use super::counted::CountedOrder;
use crate::event::{Entry, Event};
use crate::order::checkout::tests::{NOW, placed};
use crate::order::{Order, OrderId};
use crate::payment::Outcome;

/// The number of orders.
const ORDERS: u128 = 4;

/// The counts, and the orders as they were counted last.
#[derive(Debug, Clone, Default)]
struct Counter {
    counts: Counts,
    counted: HashMap<OrderId, CountedOrder>,
}

impl Counter {
    fn count(&mut self, entry: &Entry) {
        let id = entry.event.order().unwrap().id;
        let counted = self.counts.count(entry, self.counted.get(&id), now());
        self.counted.extend(counted.map(|counted| (id, counted)));
    }

    fn recount(&mut self, order: &Order) {
        let counted = self.counts.recount(order, self.counted.get(&order.id), now());
        self.counted.extend(counted.map(|counted| (order.id, counted)));
    }

    /// Returns what can be computed from the orders too.
    fn comparable(&self) -> impl PartialEq + std::fmt::Debug {
        let ever = self.counts.totals.ever;
        let money = (ever.placed, ever.paid, ever.paid_cents, ever.refunded, ever.refunded_cents);
        let placed = self.counts.buckets.iter().map(|(bucket, sums)| (*bucket, sums.placed));
        let placed: Vec<_> = placed.filter(|(_, placed)| *placed > 0).collect();
        (self.counts.totals.standing, money, placed)
    }
}

fn now() -> Timestamp {
    NOW + SignedDuration::from_mins(59)
}

/// Returns an order after one of its commands or outcomes; unchanged if that is refused.
fn after(order: &Order, act: u8) -> Order {
    let attempt = order.payment.attempt;
    let settled = |outcome| order.settle(attempt, outcome).map(|(order, _)| order);
    let changed = match act {
        0 => settled(Outcome::Approved),
        1 => settled(Outcome::Declined),
        2 => settled(Outcome::Unknown),
        3 => settled(Outcome::NotSent),
        4 => order.pay_again().ok(),
        5 => order.cancel().ok().map(|(order, _)| order),
        6 => order.expire(order.expires_at).ok().map(|(order, _)| order),
        7 => order.ship().ok().map(|(order, _)| order),
        8 => order.deliver().ok().map(|(order, _)| order),
        9 => order.refund().ok(),
        10 => order.refunded().map(|(order, _)| order),
        _ => Some(order.anonymous()),
    };
    changed.unwrap_or_else(|| order.clone())
}

/// Returns the log of orders to which this happens.
fn log(acts: &[(u128, u8)]) -> Vec<Entry> {
    let mut orders: HashMap<u128, Order> = HashMap::new();
    let mut log = Vec::new();
    for (minute, (number, act)) in acts.iter().enumerate() {
        let at = NOW + SignedDuration::from_mins(minute as i64);
        let event = match orders.get(number) {
            None => {
                let id = OrderId(Uuid::from_u128(*number));
                Event::OrderPlaced(Order { id, created_at: at, ..placed() })
            }
            Some(order) => Event::OrderChanged(after(order, *act)),
        };
        orders.insert(*number, event.order().unwrap().clone());
        log.push(Entry { id: log.len() as u64 + 1, at, event, by: None });
    }
    log
}

/// Returns the stored state of every order after the first `length` events.
fn stored(log: &[Entry], length: usize) -> HashMap<OrderId, &Order> {
    log[..length]
        .iter()
        .filter_map(|entry| entry.event.order())
        .map(|order| (order.id, order))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn the_counts_are_those_of_the_orders_in_whatever_way_they_are_counted(
        acts in prop::collection::vec((0..ORDERS, 0..12_u8), 1..50),
        again in prop::collection::vec((0..50_usize, 0..50_usize), 0..4),
        position in 0..50_usize,
        read_after in prop::collection::vec(0..50_usize, ORDERS as usize),
    ) {
        let log = log(&acts);
        let mut orders = Counter::default();
        stored(&log, log.len()).values().for_each(|order| orders.recount(order));

        let mut from_log = Counter::default();
        log.iter().for_each(|entry| from_log.count(entry));
        prop_assert_eq!(from_log.comparable(), orders.comparable());

        // Events that are read again change nothing.
        let once = from_log.counts.clone();
        for (first, length) in again {
            log.iter().skip(first).take(length).for_each(|entry| from_log.count(entry));
        }
        prop_assert_eq!(&from_log.counts.buckets, &once.buckets);
        prop_assert_eq!(from_log.counts.totals.ever, once.totals.ever);

        // Each order is read at some time after the position, from which the log is read on.
        let position = position.min(log.len());
        let mut recounted = Counter::default();
        for (number, later) in read_after.into_iter().enumerate() {
            let read_at = (position + later).min(log.len());
            let id = OrderId(Uuid::from_u128(number as u128));
            stored(&log, read_at).get(&id).into_iter().for_each(|order| recounted.recount(order));
        }
        log[position..].iter().for_each(|entry| recounted.count(entry));
        prop_assert_eq!(recounted.comparable(), orders.comparable());
    }
}
